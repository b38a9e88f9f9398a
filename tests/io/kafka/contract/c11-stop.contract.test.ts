import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Stage, Writer } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions, outgoing, uniqueName } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const PARTITIONS = 3
const MOST_MS = 1000

const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
let topic = ''
let writer: Writer
let load: NodeJS.Timeout
beforeAll(async () => {
  await admin.connect()
  topic = await freshTopic(brokers, { partitions: PARTITIONS })
  writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  let sent = 0
  load = setInterval(() => {
    for (let n = 0; n < 10; n++, sent++) writer.offer(outgoing(topic, sent % PARTITIONS, String(sent)))
  }, 10)
})
afterAll(async () => {
  clearInterval(load)
  await writer?.close(1000)
  await admin.disconnect()
})

const NOT_CALLED: Stage = {
  assigned: async () => 0,
  batch: async (_slot, records) => (records.at(-1)?.offset ?? 0) + 1,
  released: () => undefined,
}

/** Runs a stage until `isReady`, stops it, and looks for what should not be there afterwards. */
async function stopped(parts: Partial<Stage>, isReady: (calls: number) => boolean) {
  const groupId = uniqueName('group')
  const stage = { ...NOT_CALLED, ...parts }
  let calls = 0
  const reader = openReader({ ...kafkaOptions(brokers), groupId, topic })
  const running = reader.run({
    async assigned(slot) {
      calls += 1
      return stage.assigned(slot)
    },
    async batch(slot, records, turn) {
      calls += 1
      return stage.batch(slot, records, turn)
    },
    released: stage.released,
  })
  await expect.poll(() => isReady(calls), { timeout: 10_000 }).toBe(true)
  const startedAt = performance.now()
  await reader.close()
  await running
  const tookMs = performance.now() - startedAt
  const callsThen = calls
  const { groups } = await admin.describeGroups([groupId])
  await sleep(1000)
  return { tookMs, members: groups[0]?.members.length, callsAfterwards: calls - callsThen }
}

describe('C11: a reader that is closed', () => {
  const LEFT = { members: 0, callsAfterwards: 0 }

  test('under load', async () => {
    const { tookMs, ...rest } = await stopped({}, (calls) => calls > 20)
    expect(rest).toEqual(LEFT)
    expect(tookMs).toBeLessThan(MOST_MS)
  })

  test('while its slots are paused because the stage is slow', async () => {
    const slow: Stage['batch'] = async (_slot, records) => {
      await sleep(300)
      return (records[0]?.offset ?? 0) + 1
    }
    let readyAt = Infinity
    const { tookMs, ...rest } = await stopped({ batch: slow }, (calls) => {
      if (calls > PARTITIONS && readyAt === Infinity) readyAt = performance.now() + 2500
      return performance.now() > readyAt
    })
    expect(rest).toEqual(LEFT)
    expect(tookMs).toBeLessThan(MOST_MS)
  })

  test('during a restore', async () => {
    const slow: Stage['assigned'] = async () => {
      await sleep(1500)
      return 0
    }
    const { tookMs, ...rest } = await stopped({ assigned: slow }, (calls) => calls === PARTITIONS)
    expect(rest).toEqual(LEFT)
    expect(tookMs).toBeLessThan(MOST_MS)
  })

  test('follow ends when told, in the middle of a stream', async () => {
    const ranges = await openRanges(kafkaOptions(brokers))
    const stop = new AbortController()
    let deliveries = 0
    const following = (async () => {
      for await (const { records } of ranges.follow([{ topic, partition: 0, next: 0 }], stop.signal))
        deliveries += records.length > 0 ? 1 : 0
    })()
    await expect.poll(() => deliveries, { timeout: 10_000 }).toBeGreaterThan(10)
    const startedAt = performance.now()
    stop.abort()
    await following
    expect(performance.now() - startedAt).toBeLessThan(MOST_MS)
    const then = deliveries
    await sleep(500)
    expect(deliveries).toBe(then)
    await ranges.close()
  })
})
