import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { expect, inject, test } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

// The half of C8 that does not take 30 s; that the missing topic is named is in the long tests.
test('C8: when a topic is deleted under its producer, the others go on and lose nothing', async () => {
  const [healthy, doomed] = [await freshTopic(brokers), await freshTopic(brokers)]
  const acknowledged: number[] = []
  const writer = await openWriter({
    ...TICKS_WRITER,
    ...kafkaOptions(brokers, {
      observer: { acknowledged: ({ topic }) => void (topic === healthy && acknowledged.push(performance.now())) },
    }),
  })
  let sent = 0
  const load = setInterval(() => {
    writer.offer(outgoing(doomed, 0, String(sent)))
    writer.offer(outgoing(healthy, 0, String(sent++)))
  }, 10)
  await sleep(500)
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [doomed] })
  await admin.disconnect()
  const deletedAtMs = performance.now()
  await sleep(4000)
  clearInterval(load)
  const since = acknowledged.filter((atMs) => atMs > deletedAtMs)
  const gaps = since.map((atMs, index) => atMs - (since[index - 1] ?? deletedAtMs))
  expect(Math.max(...gaps)).toBeLessThan(3000)
  expect(since.length).toBeGreaterThan(20)
  const { unsent, unknown } = await writer.close(1000)
  expect(unsent + unknown).toBeGreaterThan(0)
  const ranges = await openRanges(kafkaOptions(brokers))
  const log = (await allOf(ranges, { topic: healthy, partition: 0 })).map(textOf)
  await ranges.close()
  expect([...new Set(log)]).toEqual(Array.from({ length: sent }, (_, n) => String(n)))
})
