import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findJava } from '../../../../dev/java.ts'
import type { Offset } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { openReader } from '../../../../io/kafka/reader.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import {
  allOf,
  freshTopic,
  kafkaOptions,
  outgoing,
  ownBroker,
  textOf,
  uniqueName,
  type OwnBroker,
} from '../../../support/kafka.ts'

const java = await findJava(process.env)
const DOWN_MS = 5000
const PARTITIONS = 2

let broker: OwnBroker
beforeAll(async () => {
  if (java !== undefined) broker = await ownBroker()
})
afterAll(async () => broker?.remove())

describe.skipIf(java === undefined)('C5: the broker is down for 5 s', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s: both sides come back by themselves, and nothing is missing',
    async (signal) => {
      const { brokers } = broker
      const topic = await freshTopic(brokers, { partitions: PARTITIONS })
      const ackedAtMs: number[] = []
      const batchAtMs: number[] = []
      const next = new Map<number, Offset>()
      const follow = new AbortController()
      const followed = new Map<number, Offset[]>()
      let unknown = 0

      const writer = await openWriter({
        ...TICKS_WRITER,
        ...kafkaOptions(brokers, {
          observer: {
            acknowledged: () => void ackedAtMs.push(performance.now()),
            unknownOutcome: (_topic, records) => (unknown += records),
          },
        }),
      })
      const reader = openReader({ ...kafkaOptions(brokers), groupId: uniqueName('group'), topic })
      const running = reader.run({
        assigned: async ({ partition }) => next.get(partition) ?? 0,
        async batch({ partition }, records) {
          batchAtMs.push(performance.now())
          next.set(partition, (records.at(-1)?.offset ?? 0) + 1)
          return next.get(partition) ?? 0
        },
        released: () => undefined,
      })
      const ranges = await openRanges(kafkaOptions(brokers))
      const positions = [0, 1].map((partition) => ({ topic, partition, next: 0 }))
      const following = (async () => {
        for await (const { partition, records } of ranges.follow(positions, follow.signal))
          followed.set(partition, [...(followed.get(partition) ?? []), ...records.map(({ offset }) => offset)])
      })()

      let sent = 0
      const load = setInterval(() => void writer.offer(outgoing(topic, sent % PARTITIONS, String(sent++))), 10)
      await expect.poll(() => batchAtMs.length, { timeout: 10_000 }).toBeGreaterThan(10)

      await broker.end(signal)
      await sleep(DOWN_MS)
      await broker.start()
      const upAtMs = performance.now()
      const since = (times: readonly number[]) => (times.find((at) => at > upAtMs - 500) ?? Infinity) - upAtMs
      await expect.poll(() => since(ackedAtMs), { timeout: 20_000 }).toBeLessThan(Infinity)
      await expect.poll(() => since(batchAtMs), { timeout: 20_000 }).toBeLessThan(Infinity)
      const [ackMs, batchMs] = [since(ackedAtMs), since(batchAtMs)]
      clearInterval(load)
      expect(await writer.close(10_000)).toEqual({ unsent: 0, unknown: 0 })

      const logs = await Promise.all([0, 1].map((partition) => allOf(ranges, { topic, partition })))
      // Seen once (2026-11-21): a request of `follow` that met the dying broker stayed without an answer until it was given
      // up after 15 s.
      await expect
        .poll(() => [0, 1].map((partition) => [next.get(partition), followed.get(partition)?.length]), {
          timeout: 30_000,
        })
        .toEqual(logs.map((log) => [log.length, log.length]))
      follow.abort()
      await following
      await reader.close()
      await running
      await ranges.close()

      // First copies stand in the order they were offered. Repeats are allowed: 4.3.1, stopped in the middle of an append, was
      // seen to take one producer id's sequence number a second time after its start (2026-11-21).
      for (const [partition, log] of logs.entries()) {
        const wanted = Array.from({ length: sent }, (_, n) => n).filter((n) => n % PARTITIONS === partition)
        expect([...new Set(log.map(textOf))]).toEqual(wanted.map(String))
      }
      const stored = logs.reduce((sum, log) => sum + log.length, 0)
      process.stderr.write(
        `C5 ${signal}: first ack ${Math.round(ackMs)} ms, first batch ${Math.round(batchMs)} ms, repeats ${stored - sent}, unknown ${unknown}\n`,
      )
      expect(ackMs).toBeLessThan(2000)
      expect(batchMs).toBeLessThan(5000)
    },
  )
})
