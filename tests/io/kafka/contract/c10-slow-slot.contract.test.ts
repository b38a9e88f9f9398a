import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { describe, expect, inject, test } from 'vitest'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const PARTITIONS = 4
const SLOW = 0
const SLOW_MS = 2000
const LOAD_MS = 6000
const MOST_LAG_MS = 500

type Arrived = (partition: number, texts: readonly string[]) => Promise<void>

/** Offers to all slots while `consume` hands over what arrives; the lag times of the fast slots, greatest last. */
async function lagTimes(consume: (topic: string, arrived: Arrived) => Promise<() => Promise<void>>) {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const lags: number[] = []
  const perSlot = Array.from({ length: PARTITIONS }, () => 0)
  const stop = await consume(topic, async (partition, texts) => {
    perSlot[partition] = (perSlot[partition] ?? 0) + texts.length
    if (partition === SLOW) return sleep(SLOW_MS)
    for (const text of texts) lags.push(performance.now() - Number(text))
  })
  // The group is joined and every slot has its position.
  await sleep(1500)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  let sent = 0
  const load = setInterval(() => {
    for (let partition = 0; partition < PARTITIONS; partition++, sent++)
      writer.offer(outgoing(topic, partition, String(performance.now())))
  }, 10)
  await sleep(LOAD_MS)
  clearInterval(load)
  await writer.close(2000)
  await sleep(MOST_LAG_MS)
  await stop()
  return { lags: lags.toSorted((a, b) => a - b), perSlot, wanted: sent / PARTITIONS }
}

describe('C10: a slow slot beside fast ones', () => {
  test('does not hold them up, and gets its own records', async () => {
    const { lags, perSlot, wanted } = await lagTimes(async (topic, arrived) => {
      const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
      const running = reader.run({
        assigned: async () => 0,
        async batch({ partition }, records) {
          await arrived(
            partition,
            records.map(({ value }) => String(value)),
          )
          return (records.at(-1)?.offset ?? 0) + 1
        },
        released: () => undefined,
      })
      return async () => {
        await reader.close()
        await running
      }
    })
    expect(perSlot.slice(SLOW + 1)).toEqual([wanted, wanted, wanted])
    expect(perSlot[SLOW]).toBeGreaterThan(0)
    expect(lags.at(-1)).toBeLessThan(MOST_LAG_MS)
  })

  // What rules R5 and R6 are against.
  test('sees what stock kafkajs does: all slots wait for the slow one', async () => {
    const { lags } = await lagTimes(async (topic, arrived) => {
      const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
      const consumer = kafka.consumer({ groupId: uniqueName('group'), maxWaitTimeInMs: 250 })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatch: ({ batch }) =>
          arrived(
            batch.partition,
            batch.messages.map(({ value }) => String(value)),
          ),
      })
      return () => consumer.disconnect()
    })
    expect(lags.at(-1)).toBeGreaterThan(MOST_LAG_MS)
  })
})
