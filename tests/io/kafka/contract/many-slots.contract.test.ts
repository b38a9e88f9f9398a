import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openCluster } from '../../../../io/kafka/client.ts'
import { fetchOnce } from '../../../../io/kafka/fetching.ts'
import type { Offset, Outgoing, Ranges, Slot } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

let ranges: Ranges
beforeAll(async () => {
  ranges = await openRanges(kafkaOptions(brokers))
})
afterAll(async () => ranges?.close())

async function append(records: readonly Outgoing[]): Promise<void> {
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers), compression: 'none' })
  await writer.append(records)
  await writer.close(5000)
}

const upTo = (end: Offset): readonly Offset[] => Array.from({ length: end }, (_, n) => n)

// A fetch has room for about eight slots with that much: the others come back empty, for as long as the first ones last.
test('follow misses nothing of 24 slots that hold more than one fetch brings', async () => {
  const partitions = 24
  const recordsOf = (partition: number): number => (partition < 12 ? 60 : 6)
  const topic = await freshTopic(brokers, { partitions })
  const value = randomBytes(200_000)
  for (let n = 0; n < 60; n += 6)
    await append(
      upTo(partitions).flatMap((partition) =>
        n < recordsOf(partition)
          ? upTo(6).map(() => ({ topic, partition, key: Buffer.from('key'), value, timestampMs: Date.now() }))
          : [],
      ),
    )
  const found = upTo(partitions).map((): Offset[] => [])
  const positions = upTo(partitions).map((partition) => ({ topic, partition, next: 0 }))
  const wanted = upTo(partitions).reduce((sum, partition) => sum + recordsOf(partition), 0)
  for await (const { partition, records } of ranges.follow(positions, AbortSignal.timeout(20_000))) {
    found[partition]?.push(...records.map(({ offset }) => offset))
    if (found.flat().length >= wanted) break
  }
  expect(found).toEqual(upTo(partitions).map((partition) => upTo(recordsOf(partition))))
})

// The last batch of a producer stays when all of its records are gone; kafkajs does not show it.
test('read and follow pass a batch that compaction emptied', async () => {
  // Two segments of it do not fit into one, so the cleaner leaves the emptied batch at the end of its own.
  const topic = await freshTopic(brokers, { partitions: 2, cleanup: 'compact' })
  const slot = { topic, partition: 0 }
  const record = (key: string, segment: number, bytes: number): Outgoing => ({
    ...slot,
    key: Buffer.from(key),
    value: randomBytes(bytes),
    timestampMs: 1_790_000_000_000 + segment * 1000,
  })
  await cleanEagerly(topic)
  await append([record('a', 0, 300_000), record('b', 0, 300_000)])
  await append([record('superseded', 0, 10)])
  await append([record('superseded', 1, 10), record('c', 1, 300_000), record('d', 1, 300_000)])
  await append([record('e', 2, 10)])
  await expect.poll(() => isEmptied({ ...slot, next: 2 }), { timeout: 45_000, interval: 500 }).toBe(true)

  expect((await allOf(ranges, slot)).map(({ offset }) => offset)).toEqual([0, 1, 3, 4, 5, 6])
  const other = { topic, partition: 1, next: 0 }
  for (const positions of [[{ ...slot, next: 2 }], [other, { ...slot, next: 2 }]]) {
    const found: Offset[] = []
    for await (const { records } of ranges.follow(positions, AbortSignal.timeout(10_000))) {
      found.push(...records.map(({ offset }) => offset))
      if (found.includes(6)) break
    }
    expect(found).toEqual([3, 4, 5, 6])
  }
}, 90_000)

/** Segments of one megabyte that end with every new time, and are cleaned when the cleaner next looks. */
async function cleanEagerly(topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  const configEntries = [
    ['cleanup.policy', 'compact'],
    ['segment.ms', '1'],
    ['segment.bytes', '1048576'],
    ['min.cleanable.dirty.ratio', '0'],
  ].map(([name = '', value = '']) => ({ name, value }))
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  })
  await admin.disconnect()
}

/** Whether the log has nothing at the position, which is not its end. */
async function isEmptied(position: Slot & { readonly next: Offset }): Promise<boolean> {
  const { cluster, sever } = openCluster(kafkaOptions(brokers))
  try {
    await cluster.connect()
    await cluster.addMultipleTargetTopics([position.topic])
    const [fetched] = await fetchOnce(cluster, [position], { minBytes: 1, maxWaitMs: 100 })
    return fetched !== undefined && fetched.records.length === 0 && position.next < fetched.end
  } finally {
    sever()
  }
}
