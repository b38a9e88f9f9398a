import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { PipelineError } from '../../../../core/errors.ts'
import type { Incoming, Offset, Reader, Stage } from '../../../../io/kafka/port.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const TOTAL = 1000
const HALF = 500

let topic = ''
beforeAll(async () => {
  topic = await freshTopic(brokers)
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
  await writer.append(Array.from({ length: TOTAL }, (_, n) => outgoing(topic, 0, String(n))))
  await writer.close(1000)
})

const readers: Reader[] = []
afterAll(async () => {
  for (const reader of readers) await reader.close()
})

type Delivered = readonly [first: Offset | undefined, last: Offset | undefined]
const spanOf = (records: readonly Incoming[]): Delivered => [records[0]?.offset, records.at(-1)?.offset]
const after = (records: readonly Incoming[]): Offset => (records.at(-1)?.offset ?? 0) + 1

/** Runs a stage from an offset until all records were handled, or it ends. */
async function run(start: Offset, handle: (records: readonly Incoming[], call: number) => Offset) {
  const delivered: Delivered[] = []
  const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
  readers.push(reader)
  const { promise: finished, resolve } = Promise.withResolvers<void>()
  const stage: Stage = {
    assigned: async () => start,
    async batch(_slot, records) {
      delivered.push(spanOf(records))
      const next = handle(records, delivered.length)
      if (next === TOTAL) resolve()
      return next
    },
    released: () => undefined,
  }
  const running = reader.run(stage)
  const error: unknown = await Promise.race([
    finished.then(() => undefined),
    running.then(
      () => undefined,
      (cause: unknown) => cause,
    ),
  ])
  await reader.close()
  return { delivered, error }
}

describe('C12: a stage that does not handle all it was given', () => {
  test('gets exactly the rest again after an early return', async () => {
    const { delivered, error } = await run(0, (records, call) => (call === 1 ? HALF : after(records)))
    expect(error).toBeUndefined()
    expect(delivered[0]?.[0]).toBe(0)
    expect(delivered[1]?.[0]).toBe(HALF)
    expect(delivered.at(-1)?.[1]).toBe(TOTAL - 1)
  })

  test('gets exactly the same again after a failure that may pass', async () => {
    const { delivered, error } = await run(0, (records, call) => {
      if (call === 1) return HALF
      if (call === 2) throw new PipelineError('REGISTRY_UNAVAILABLE', 'for a moment', { retriable: true })
      return after(records)
    })
    expect(error).toBeUndefined()
    expect(delivered.slice(1, 3).map(([first]) => first)).toEqual([HALF, HALF])
  })

  test('ends the reader with its own error otherwise, is called no more, and starts over where it says', async () => {
    const bug = new TypeError('a bug of the stage')
    const { delivered, error } = await run(0, (_records, call) => {
      if (call === 1) return HALF
      throw bug
    })
    expect(error).toBe(bug)
    expect(delivered).toHaveLength(2)
    const again = await run(HALF, after)
    expect(again.delivered[0]?.[0]).toBe(HALF)
  })

  test('may go back, and gets everything from there', async () => {
    const { delivered } = await run(HALF, (records, call) => (call === 1 ? 100 : after(records)))
    expect(delivered[0]?.[0]).toBe(HALF)
    expect(delivered[1]?.[0]).toBe(100)
    expect(delivered.at(-1)?.[1]).toBe(TOTAL - 1)
  })

  // What the rule R1 is against: kafkajs counts a returned batch as handled.
  test('sees what eachBatchAutoResolve does: the rest is never delivered', async () => {
    const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 250 })
    const delivered: number[] = []
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async (delivery) => {
        delivered.push(Number(delivery.batch.firstOffset()))
        // Returns in the middle of what it was given.
        delivery.resolveOffset(String(HALF - 1))
      },
    })
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await consumer.disconnect()
    expect(delivered).toEqual([0])
  })
})
