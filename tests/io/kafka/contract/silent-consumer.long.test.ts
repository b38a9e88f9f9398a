import { setTimeout as sleep } from 'node:timers/promises'
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js'
import { expect, inject, test } from 'vitest'
import { openReader } from '../../../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, textOf, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

test(
  'a consumer that stops without a crash is told after 15 s and replaced after 75 s; nothing is missing',
  { timeout: 150_000 },
  async () => {
    const topic = await freshTopic(brokers)
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
    const unhealthy: string[] = []
    const observer = { unhealthy: (reason: string) => unhealthy.push(reason) }
    const reader = openReader({ ...kafkaOptions(brokers, { observer }), groupId: uniqueName('group'), topic })
    const handled: string[] = []
    const running = reader.run({
      assigned: async () => handled.length,
      async batch(_slot, records) {
        handled.push(...records.map(textOf))
        return (records.at(-1)?.offset ?? 0) + 1
      },
      released: () => undefined,
    })
    await writer.append([outgoing(topic, 0, 'before')])
    await expect.poll(() => handled, { timeout: 20_000 }).toEqual(['before'])

    const fetch = ConsumerGroup.prototype.fetch
    ConsumerGroup.prototype.fetch = () => new Promise(() => undefined)
    try {
      // The fetch under way still ends as it should.
      await sleep(3000)
      await writer.append([outgoing(topic, 0, 'meanwhile')])
      await expect
        .poll(() => unhealthy, { timeout: 30_000 })
        .toContainEqual(expect.stringMatching(/fetched nothing for/))
      expect(handled).toEqual(['before'])
    } finally {
      ConsumerGroup.prototype.fetch = fetch
    }
    // The one that hangs hangs for ever: it is replaced.
    await expect.poll(() => handled, { timeout: 100_000 }).toEqual(['before', 'meanwhile'])
    await writer.close(1000)
    await reader.close()
    await running
  },
)
