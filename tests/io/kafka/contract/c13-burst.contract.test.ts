import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import type { Outgoing } from '../../../../io/kafka/port.ts'
import { openRanges } from '../../../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../../../io/kafka/writer.ts'
import { freshTopic, kafkaOptions } from '../../../support/kafka.ts'

const { brokers } = inject('stack')
const PARTITIONS = 6
const RECORDS = 200_000
const MOST_MS = 50

test('C13: 200,000 records offered at once leave the event loop free', async () => {
  const topic = await freshTopic(brokers, { partitions: PARTITIONS })
  const writer = await openWriter({
    ...TICKS_WRITER,
    maxQueueRecords: RECORDS,
    maxQueueBytes: 256 * 1024 * 1024,
    ...kafkaOptions(brokers),
  })
  const burst = (count: number): readonly Outgoing[] =>
    Array.from({ length: count }, (_, n) => ({
      topic,
      partition: n % PARTITIONS,
      key: Buffer.from('BTC-USDT'),
      value: Buffer.alloc(100, n),
      timestampMs: 1_790_000_000_000,
    }))
  // The first batches are compiled while they are sent, which is a start's matter and not a burst's.
  for (const record of burst(20_000)) writer.offer(record)
  await writer.settled()

  const records = burst(RECORDS)
  await sleep(200)
  const offerStartedAt = performance.now()
  let refused = 0
  for (const record of records) refused += writer.offer(record) ? 0 : 1
  const offerMs = performance.now() - offerStartedAt
  const startedAt = performance.now()
  const watch = watchLoop()
  await writer.settled()
  const { longestMs, longestWallMs } = watch.stop()
  const perSecond = RECORDS / ((performance.now() - startedAt) / 1000)
  expect(await writer.close(1000)).toEqual({ unsent: 0, unknown: 0 })

  const ranges = await openRanges(kafkaOptions(brokers))
  const ends = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) => ranges.bounds({ topic, partition })),
  )
  await ranges.close()
  expect(refused).toBe(0)
  expect(ends.reduce((sum, { end }) => sum + end, 0)).toBe(RECORDS + 20_000)
  process.stderr.write(
    `C13: offered in ${offerMs.toFixed()} ms, longest block ${longestMs.toFixed()} ms (${longestWallMs.toFixed()} ms with waiting for a processor), ${perSecond.toFixed()} records/s\n`,
  )
  expect(longestMs).toBeLessThan(MOST_MS)
})

/** The longest time a timer had to wait for the loop, as processor time of its thread: what other processes take is not ours. */
function watchLoop(): { stop(): { readonly longestMs: number; readonly longestWallMs: number } } {
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  let [lastCpu, lastWall] = [cpuMs(), performance.now()]
  let longestMs = 0
  let longestWallMs = 0
  const look = (): void => {
    const [cpu, wall] = [cpuMs(), performance.now()]
    longestMs = Math.max(longestMs, cpu - lastCpu)
    longestWallMs = Math.max(longestWallMs, wall - lastWall)
    lastCpu = cpu
    lastWall = wall
  }
  const timer = setInterval(look, 1)
  return {
    stop() {
      clearInterval(timer)
      look()
      return { longestMs, longestWallMs }
    },
  }
}
