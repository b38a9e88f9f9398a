import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Incoming, Offset, Ranges, Reader } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const PARTITIONS = 3
const RECORDS = 3000
const START_MS = 1_790_000_000_000

/** A record without its offset, as text. */
const factsOf = ({ key, value, timestampMs }: Incoming): string =>
  `${key?.toString('hex')} ${value?.toString('hex')} ${timestampMs}`

const input = (topic: string) =>
  Array.from({ length: RECORDS }, (_, n) => ({
    topic,
    partition: (n * 7) % PARTITIONS,
    key: Buffer.from(`key-${n % 11}`),
    // Lengths and times that go up and down, so that a batch's deltas are negative too.
    value: n % 13 === 0 ? null : Buffer.alloc(n % 97, n),
    timestampMs: START_MS + ((n * 7919) % 100_000),
  }))

const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
  input('any')
    .filter((record) => record.partition === partition)
    .map((record, offset) => factsOf({ ...record, offset })),
)

let ranges: Ranges
beforeAll(async () => {
  ranges = await openRanges(kafkaOptions(brokers))
})
afterAll(() => ranges?.close())

const logOf = (topic: string) =>
  Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) =>
      (await allOf(ranges, { topic, partition })).map(factsOf),
    ),
  )

test.each([
  ['one record a batch', { ...PROCESSOR_WRITER, maxBatchRecords: 1 }],
  ['seven', { ...PROCESSOR_WRITER, maxBatchRecords: 7 }],
  ['few bytes', { ...PROCESSOR_WRITER, maxBatchBytes: 1000, compression: 'zstd' as const }],
  ['a thousand', { ...TICKS_WRITER, compression: 'gzip' as const }],
])('C14: batches of %s give the same keys, values, times and order', async (_size, bounds) => {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const writer = await openWriter({ ...bounds, ...kafkaOptions(brokers) })
  await writer.append(input(topic))
  await writer.close(1000)
  expect(await logOf(topic)).toEqual(expected)
})

test('C14: copying through members that come and go gives the same', async () => {
  const [from, to] = [
    await freshTopic(brokers, { partitions: PARTITIONS }),
    await freshTopic(brokers, { partitions: PARTITIONS }),
  ]
  const groupId = uniqueName('group')
  const next = new Map<number, Offset>()
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  const member = (): { readonly reader: Reader; readonly running: Promise<void> } => {
    const reader = openReader({ ...kafkaOptions(brokers), groupId, topic: from })
    const running = reader.run({
      assigned: async ({ partition }) => next.get(partition) ?? 0,
      async batch({ partition }, records, turn) {
        const first = records[0]?.offset ?? 0
        if (!(await turn.alive())) return first
        // Some at a time, so that the group changes in the middle of a batch.
        const some = records.slice(0, 50)
        next.set(partition, first + some.length)
        await writer.append(
          some.map(({ key, value, timestampMs }) => ({ topic: to, partition, key, value, timestampMs })),
        )
        await sleep(20)
        return first + some.length
      },
      released: () => undefined,
    })
    return { reader, running }
  }
  const source = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  const feed = (async () => {
    const records = input(from)
    for (let start = 0; start < RECORDS; start += 100) {
      await source.append(records.slice(start, start + 100))
      await sleep(100)
    }
  })()
  const first = member()
  await sleep(1500)
  const second = member()
  await sleep(1500)
  await first.reader.close()
  await first.running
  await feed
  const copied = () => [...next.values()].reduce((sum, one) => sum + one, 0)
  await expect.poll(copied, { timeout: 20_000 }).toBe(RECORDS)
  await writer.settled()
  await second.reader.close()
  await second.running
  await source.close(1000)
  await writer.close(1000)
  expect(await logOf(to)).toEqual(expected)
})
