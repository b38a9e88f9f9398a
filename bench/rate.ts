import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { toIso, type Micros } from '../core/time.ts'
import { now } from '../io/clock.ts'
import type { Ranges } from '../io/kafka/port.ts'
import type { Catalogue } from '../schemas/topics.ts'
import { intervalFigures, type Figures } from './heartbeats.ts'
import type { Running } from './pipeline.ts'
import { usageOf, type Usage } from './processes.ts'
import { openPushClient } from './push-client.ts'
import { worstOf, type Spread } from './quantile.ts'

/** What the simulator may fall short of its rate, and the rows of the frames. */
const TOLERANCE = 0.98
/** More unstored records than this share of a second at the end: the backlog grows. */
const BEHIND_SECONDS = 1

export type RateResult = {
  readonly rate: number
  readonly framesPerSecond: number
  readonly rowsPerSecond: number
  /** Records in Kafka that had no row at the end. */
  readonly behind: number
  /** Symbols whose trades or quotes were dropped because a queue was full. */
  readonly overflows: number
  readonly ack: Spread | undefined
  readonly row: Spread | undefined
  readonly push: Spread | undefined
  readonly usage: Readonly<Record<string, { readonly cpuPercent: number; readonly memoryMiB: number }>>
  /** Why the rate was not sustained; empty: it was. */
  readonly failures: readonly string[]
}

export type RateDeps = {
  readonly pool: Pool
  readonly ranges: Ranges
  readonly topics: Catalogue
  readonly figures: Figures
}

export type Times = { readonly warmUpMs: number; readonly measureMs: number }

/** Lets running roles warm up, measures them, and stops them. */
export async function measureRate(deps: RateDeps, running: Running, rate: number, times: Times): Promise<RateResult> {
  const client = await openPushClient(running.api)
  try {
    await sleep(times.warmUpMs)
    client.reset()
    const [frames, usage, from] = [await framesSent(running), await usageOf(running.pids()), now()]
    await sleep(times.measureMs)
    const until = now()
    const push = client.result()
    const [framesAfter, usageAfter, behind] = await Promise.all([
      framesSent(running),
      usageOf(running.pids()),
      recordsBehind(deps),
    ])
    const deaths = running.deaths()
    client.close()
    await running.stop()

    const seconds = (until - from) / 1e6
    const beats = await intervalFigures(deps.figures, from, until)
    const measured = {
      rate,
      framesPerSecond: (framesAfter - frames) / seconds,
      rowsPerSecond: (await rowsStored(deps.pool, from, until)) / seconds,
      behind,
      overflows: await overflows(deps.pool, from, until),
      ack: worstOf(beats.flatMap((one) => spread(one, 'frameToAck'))),
      row: worstOf(beats.flatMap((one) => spread(one, 'frameToRow'))),
      push: push.spread,
      usage: usageBetween(usage, usageAfter, seconds),
    }
    return { ...measured, failures: [...deaths, ...failuresOf(measured)] }
  } finally {
    client.close()
    await running.stop()
  }
}

/** Pure: why what was measured is not the rate that was asked for. */
export function failuresOf(
  measured: Pick<RateResult, 'rate' | 'framesPerSecond' | 'rowsPerSecond' | 'behind' | 'overflows'>,
): readonly string[] {
  const { rate, framesPerSecond, rowsPerSecond, behind, overflows: dropped } = measured
  const whole = (value: number): string => value.toFixed(0)
  return [
    ...(framesPerSecond < rate * TOLERANCE ? [`the simulator sent ${whole(framesPerSecond)} frames/s`] : []),
    // A frame holds one trade or quote, now and then two or three trades.
    ...(rowsPerSecond < framesPerSecond * TOLERANCE ? [`${whole(rowsPerSecond)} rows/s were stored`] : []),
    ...(behind > rate * BEHIND_SECONDS ? [`${behind} records were not stored yet at the end`] : []),
    ...(dropped > 0 ? [`${dropped} overflows`] : []),
  ]
}

/** Pure: processor time as percent of one core, and memory at the end. */
export const usageBetween = (
  before: ReadonlyMap<string, Usage>,
  after: ReadonlyMap<string, Usage>,
  seconds: number,
): RateResult['usage'] =>
  Object.fromEntries(
    [...after].map(([name, { cpuSeconds, memoryBytes }]) => [
      name,
      {
        cpuPercent: ((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) / seconds) * 100,
        memoryMiB: memoryBytes / 1024 / 1024,
      },
    ]),
  )

/** Pure: trades and quotes in the simulator's metrics. */
export const framesIn = (metrics: string): number =>
  metrics
    .split('\n')
    .filter((line) => /^crosstide_simulator_frames_total\{.*kind="(trade|quote)"/.test(line))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)

async function framesSent({ simulatorOps }: Running): Promise<number> {
  return framesIn(await (await fetch(`${simulatorOps}/metrics`)).text())
}

const spread = (figures: Readonly<Record<string, number>>, stage: string): readonly Spread[] => {
  const [p50Ms, p99Ms] = [figures[`${stage}P50Ms`], figures[`${stage}P99Ms`]]
  // An interval without a tick reports zero.
  return p50Ms === undefined || p99Ms === undefined || p99Ms === 0 ? [] : [{ p50Ms, p99Ms }]
}

async function recordsBehind({ pool, ranges, topics }: RateDeps): Promise<number> {
  const { name: topic, partitions } = topics.ticks
  const ends = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => ranges.bounds({ topic, partition })),
  )
  const { rows } = await pool.query<{ stored: string | null }>(
    `select sum(next_offset) as stored from ingest.offsets where topic = $1`,
    [topic],
  )
  // The sink goes on between the two questions.
  return Math.max(0, ends.reduce((sum, { end }) => sum + end, 0) - Number(rows[0]?.stored ?? 0))
}

async function rowsStored(pool: Pool, from: Micros, until: Micros): Promise<number> {
  const count = (table: string): string =>
    `(select count(*) from ${table} where event_time > $1::timestamptz - interval '1 minute' and receive_time >= $1 and receive_time < $2)`
  const { rows } = await pool.query<{ count: string }>(`select ${count('trades')} + ${count('quotes')} as count`, [
    toIso(from),
    toIso(until),
  ])
  return Number(rows[0]?.count ?? 0)
}

async function overflows(pool: Pool, from: Micros, until: Micros): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) from gaps where reason = 'OVERFLOW' and receive_time >= $1 and receive_time < $2`,
    [toIso(from), toIso(until)],
  )
  return Number(rows[0]?.count ?? 0)
}
