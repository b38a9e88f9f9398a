import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Outgoing, Ranges, Stored } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { allOf, freshTopic, kafkaOptions, outgoing, textOf } from '../../../support/kafka.ts'
import { PRODUCE, startProxy, type KafkaProxy, type Verdict } from '../../../support/proxy.ts'

const { brokers } = inject('stack')
const [broker = ''] = brokers

let proxy: KafkaProxy
let ranges: Ranges
beforeAll(async () => {
  proxy = await startProxy(broker)
  ranges = await openRanges(kafkaOptions(brokers))
})
afterAll(async () => {
  await ranges?.close()
  await proxy?.stop()
})

/** The first produce answer is lost on its way back, with the connection. */
function loseFirstAnswer(): void {
  let isLost = false
  proxy.onAnswer = (apiKey): Verdict => {
    if (apiKey !== PRODUCE || isLost) return 'pass'
    isLost = true
    return 'cut'
  }
}

describe('C1: a dropped response', () => {
  test('keeps A, B, C in order, each once', async () => {
    const topic = await freshTopic(brokers)
    let sends = 0
    proxy.onRequest = (apiKey): Verdict => {
      if (apiKey === PRODUCE && sends++ === 0) proxy.isHolding = true
      return 'pass'
    }
    const unknown: number[] = []
    const options = kafkaOptions(brokers, {
      connect: proxy.connect,
      observer: { unknownOutcome: (_topic, records) => unknown.push(records) },
    })
    // Each leaves by itself: three that share a send keep their order whatever the writer does.
    const writer = await openWriter({ ...PROCESSOR_WRITER, maxBatchRecords: 1, ...options })
    const storing: Promise<readonly Stored[]>[] = []
    for (const text of ['A', 'B', 'C']) {
      storing.push(writer.append([outgoing(topic, 0, text)]))
      await sleep(100)
    }
    // A stands in the log and its answer is lost while B and C want to leave.
    expect(sends).toBe(1)
    proxy.isHolding = false
    proxy.cutAll()
    const stored = await Promise.all(storing)
    expect(await writer.close(5000)).toEqual({ unsent: 0, unknown: 0 })
    expect(sends).toBe(4)
    expect((await allOf(ranges, { topic, partition: 0 })).map(textOf)).toEqual(['A', 'B', 'C'])
    expect(stored.flat().map(({ first }) => first)).toEqual([0, 1, 2])
    // The broker knew the batch by its sequence numbers, so its outcome was never in doubt.
    expect(unknown).toEqual([])
  })

  // What rule W1 is against.
  test('sees what three sends to one partition at once do', async () => {
    const topic = await freshTopic(brokers)
    loseFirstAnswer()
    const kafka = new kafkajs.Kafka({
      brokers: [...brokers],
      logLevel: kafkajs.logLevel.NOTHING,
      socketFactory: ({ onConnect }) => proxy.connect().once('connect', onConnect),
    })
    const producer = kafka.producer({ idempotent: true, retry: { initialRetryTime: 100, retries: 20 } })
    await producer.connect()
    await Promise.all(
      ['A', 'B', 'C'].map((value) =>
        producer.send({ topic, acks: -1, messages: [{ key: 'key', partition: 0, value }] }),
      ),
    )
    await producer.disconnect()
    const log = (await allOf(ranges, { topic, partition: 0 })).map(textOf)
    expect(log).not.toEqual(['A', 'B', 'C'])
    // All three were acknowledged.
    expect(new Set(log).size).toBeLessThan(3)
  })

  test('loses, doubles and misorders nothing of 3,000 records under 3 % cuts, and says which it may have repeated', async () => {
    const partitions = 6
    const topic = await freshTopic(brokers, { partitions })
    const random = seeded(20_261_121)
    const cutSome = (apiKey: number): Verdict => (apiKey === PRODUCE && random() < 0.03 ? 'cut' : 'pass')
    proxy.onRequest = cutSome
    proxy.onAnswer = cutSome
    const acknowledged = new Map<string, number>()
    let unknown = 0
    const writer = await openWriter({
      ...TICKS_WRITER,
      // Small batches make many sends, and so many cuts.
      maxBatchRecords: 1,
      ...kafkaOptions(brokers, {
        connect: proxy.connect,
        observer: {
          acknowledged: ({ first }, records) =>
            records.forEach((record, index) =>
              acknowledged.set(`${record.partition}:${String(record.value)}`, first + index),
            ),
          unknownOutcome: (_topic, records) => (unknown += records),
        },
      }),
    })
    const before = proxy.cuts
    const sent = Array.from({ length: 3000 }, (_, n): Outgoing => outgoing(topic, n % partitions, String(n)))
    for (const record of sent) expect(writer.offer(record)).toBe(true)
    await writer.settled()
    expect(proxy.cuts - before).toBeGreaterThan(10)
    proxy.onRequest = () => 'pass'
    proxy.onAnswer = () => 'pass'
    expect(await writer.close(1000)).toEqual({ unsent: 0, unknown: 0 })

    let repeats = 0
    for (let partition = 0; partition < partitions; partition++) {
      const log = (await allOf(ranges, { topic, partition })).map(textOf)
      const wanted = sent.filter((record) => record.partition === partition).map(({ value }) => String(value))
      expect([...new Set(log)]).toEqual(wanted)
      repeats += log.length - wanted.length
      for (const text of wanted) expect(log[acknowledged.get(`${partition}:${text}`) ?? -1]).toBe(text)
    }
    expect(repeats).toBeLessThanOrEqual(unknown)
    // A cut does not outlast the patience of one producer, whose sequence numbers let the broker drop repeats.
    expect(repeats).toBe(0)
  })
})

/** mulberry32: the cuts of a failed run can be had again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
