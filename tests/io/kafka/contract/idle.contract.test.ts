import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test, vi } from 'vitest'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

test('idle clients set hardly any timer, where stock kafkajs sets thousands', async () => {
  const topic = await freshTopic(brokers)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  await writer.append([outgoing(topic, 0, 'one')])
  const ranges = await openRanges(kafkaOptions(brokers))
  await allOf(ranges, { topic, partition: 0 })
  const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
  const { promise: isRead, resolve } = Promise.withResolvers<void>()
  const running = reader.run({
    assigned: async () => 0,
    async batch() {
      resolve()
      return 1
    },
    released: () => undefined,
  })
  await isRead
  await sleep(500)
  const timers = vi.spyOn(globalThis, 'setTimeout')
  await sleep(2000)
  const count = timers.mock.calls.length
  timers.mockRestore()
  await reader.close()
  await running
  await writer.close(1000)
  await ranges.close()
  expect(count).toBeLessThan(50)
})

test('follow hands on what is appended within milliseconds, ends at once when told, and others go on meanwhile', async () => {
  const partitions = 3
  const topic = await freshTopic(brokers, { partitions })
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  const ranges = await openRanges({ ...kafkaOptions(brokers), maxWaitMs: 5000 })
  const stop = new AbortController()
  const seen: string[] = []
  const latencies: number[] = []
  const positions = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, next: 0 }))
  const following = (async () => {
    for await (const { records } of ranges.follow(positions, stop.signal))
      for (const { value } of records) {
        const [n = '', at = ''] = String(value).split(' ')
        seen.push(n)
        latencies.push(performance.now() - Number(at))
      }
  })()
  await sleep(300)
  const total = 200
  for (let n = 0; n < total; n++) {
    writer.offer(outgoing(topic, n % partitions, `${n} ${performance.now()}`))
    await sleep(5)
  }
  await expect.poll(() => seen.length).toBe(total)
  for (let partition = 0; partition < partitions; partition++) {
    const of = seen.map(Number).filter((n) => n % partitions === partition)
    expect(of).toEqual(of.toSorted((a, b) => a - b))
  }
  const median = latencies.toSorted((a, b) => a - b)[total / 2]
  expect(median).toBeLessThan(50)
  // Nothing comes any more, so its fetch waits up to 5 s at the broker; asking for bounds does not wait behind it.
  let startedAt = performance.now()
  await ranges.bounds({ topic, partition: 0 })
  expect(performance.now() - startedAt).toBeLessThan(1000)
  startedAt = performance.now()
  stop.abort()
  await following
  expect(performance.now() - startedAt).toBeLessThan(1000)
  await ranges.close()
  await writer.close(1000)
})
