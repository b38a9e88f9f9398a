import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Incoming, Offset, Ranges, Slot } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')

/** A log that holds 50 up to 100. */
let slot: Slot
let ranges: Ranges
beforeAll(async () => {
  const topic = await freshTopic(brokers)
  slot = { topic, partition: 0 }
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  await writer.append(Array.from({ length: 100 }, (_, n) => outgoing(topic, 0, String(n))))
  await writer.close(1000)
  await trim(slot, 50)
  ranges = await openRanges(kafkaOptions(brokers))
})
afterAll(async () => ranges?.close())

async function trim({ topic, partition }: Slot, first: Offset): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(first) }] })
  await admin.disconnect()
}

async function collect(records: AsyncIterable<readonly Incoming[]>): Promise<readonly Offset[]> {
  const found: Offset[] = []
  for await (const some of records) found.push(...some.map(({ offset }) => offset))
  return found
}

/** Follows from an offset until the first delivery or an error. */
async function followFrom(next: Offset): Promise<Offset | undefined> {
  for await (const { records } of ranges.follow([{ ...slot, next }], AbortSignal.timeout(5000)))
    return records[0]?.offset
  return undefined
}

/** Reads as a group member from an offset; answers what was delivered and how it ended. */
async function readFrom(next: Offset): Promise<{ readonly delivered: readonly Offset[]; readonly error: unknown }> {
  const delivered: Offset[] = []
  const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic: slot.topic })
  const running = reader.run({
    assigned: async () => next,
    batch: async (_slot, records) => {
      delivered.push(...records.map(({ offset }) => offset))
      return (records.at(-1)?.offset ?? 0) + 1
    },
    released: () => undefined,
  })
  const error: unknown = await Promise.race([
    running.then(
      () => undefined,
      (cause: unknown) => cause,
    ),
    new Promise((resolve) => setTimeout(resolve, 1500)),
  ])
  await reader.close()
  return { delivered, error }
}

const upTo = (first: Offset, end: Offset): readonly Offset[] => Array.from({ length: end - first }, (_, n) => first + n)

describe('C9: a position that is not in the log', () => {
  test('bounds say what is there', async () => expect(await ranges.bounds(slot)).toEqual({ first: 50, end: 100 }))

  test.each([
    ['below the first', 20, 100],
    ['beyond the end', 50, 101],
    ['backwards', 70, 60],
  ])('read refuses a range that is %s', async (_where, from, to) => {
    await expect(collect(ranges.read(slot, from, to))).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
  })

  test('read gives exactly what is within', async () => {
    expect(await collect(ranges.read(slot, 50, 100))).toEqual(upTo(50, 100))
    expect(await collect(ranges.read(slot, 61, 63))).toEqual([61, 62])
    expect(await collect(ranges.read(slot, 100, 100))).toEqual([])
  })

  test.each([20, 101])('follow refuses to start at %i', async (next) => {
    await expect(followFrom(next)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
  })

  test('follow starts where it is told', async () => expect(await followFrom(77)).toBe(77))

  test.each([
    [20, 'LOG_TRIMMED'],
    [101, 'LOG_CHANGED'],
  ])('a reader that is to start at %i delivers nothing and ends with %s', async (next, code) => {
    const { delivered, error } = await readFrom(next)
    expect(delivered).toEqual([])
    expect(error).toMatchObject({ code, retriable: false })
  })

  test('a reader starts at the first, and at the end', async () => {
    expect((await readFrom(50)).delivered).toEqual(upTo(50, 100))
    expect(await readFrom(100)).toEqual({ delivered: [], error: undefined })
  })

  test('a reader that retention overtakes ends instead of skipping', async () => {
    const topic = await freshTopic(brokers)
    const lagging = { topic, partition: 0 }
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
    await writer.append(Array.from({ length: 10 }, (_, n) => outgoing(topic, 0, String(n))))
    const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
    const delivered: Offset[] = []
    const running = reader.run({
      assigned: async () => 0,
      async batch(_slot, records) {
        delivered.push(...records.map(({ offset }) => offset))
        if (delivered.length > 10) return (records.at(-1)?.offset ?? 0) + 1
        // Goes back to what retention takes away meanwhile.
        await writer.append(Array.from({ length: 10 }, (_, n) => outgoing(topic, 0, String(10 + n))))
        await trim(lagging, 15)
        return 3
      },
      released: () => undefined,
    })
    await expect(running).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
    expect(delivered.slice(0, 10)).toEqual(upTo(0, 10))
    await reader.close()
    await writer.close(1000)
  })

  test('a reader whose fetch begins elsewhere than it should ends, even if kafkajs resets its position', async () => {
    const topic = await freshTopic(brokers)
    const lagging = { topic, partition: 0 }
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
    await writer.append(Array.from({ length: 20 }, (_, n) => outgoing(topic, 0, String(n))))
    const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
    const delivered: Offset[] = []
    await withStockReset(lagging, async () => {
      const running = reader.run({
        assigned: async () => 5,
        async batch(_slot, records) {
          delivered.push(...records.map(({ offset }) => offset))
          if (delivered.length > 15) return (records.at(-1)?.offset ?? 0) + 1
          // Goes back to what is not there any more.
          await trim(lagging, 15)
          return 3
        },
        released: () => undefined,
      })
      const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'it went on'))
      const ending = Promise.race([running, late])
      await expect(ending).rejects.toMatchObject({ code: 'LOG_CHANGED', message: expect.stringContaining('from 15') })
    })
    expect(delivered).toEqual(upTo(5, 20))
    await reader.close()
    await writer.close(1000)
  })

  // What the override is against (rule R3); the twin undoes it.
  test('sees what the reset of kafkajs does: it goes on at the end and says nothing', async () => {
    await withStockReset(slot, async () => {
      expect(await stockConsumerFrom(20)).toEqual({ delivered: [], crashes: 0 })
    })
  })

  test('the same consumer crashes with the override', async () => {
    expect(await stockConsumerFrom(20)).toEqual({ delivered: [], crashes: 1 })
  })
})

type OffsetManager = { setDefaultOffset(slot: Slot): Promise<void> }

/** With the lines of kafkajs 2.2.4 that the override replaces. */
async function withStockReset(lost: Slot, act: () => Promise<void>): Promise<void> {
  const { default: ConsumerGroup } = await import('kafkajs/src/consumer/consumerGroup.js')
  const mended = ConsumerGroup.prototype.recoverFromOffsetOutOfRange
  ConsumerGroup.prototype.recoverFromOffsetOutOfRange = async function stockReset(this: object, error: Error) {
    if (!('offsetManager' in this) || !isOffsetManager(this.offsetManager)) throw error
    await this.offsetManager.setDefaultOffset(lost)
  }
  try {
    await act()
  } finally {
    ConsumerGroup.prototype.recoverFromOffsetOutOfRange = mended
  }
}

const isOffsetManager = (value: unknown): value is OffsetManager =>
  typeof value === 'object' && value !== null && 'setDefaultOffset' in value

async function stockConsumerFrom(offset: Offset) {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 250 })
  const delivered: Offset[] = []
  let crashes = 0
  consumer.on('consumer.crash', () => void (crashes += 1))
  await consumer.connect()
  await consumer.subscribe({ topic: slot.topic, fromBeginning: false })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => void delivered.push(...batch.messages.map((one) => Number(one.offset))),
  })
  consumer.seek({ ...slot, offset: String(offset) })
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await consumer.disconnect()
  return { delivered, crashes }
}
