import { PipelineError } from '../core/errors.ts'
import { fromMillis, micros, MICROS_PER_MINUTE, toIso, type Micros } from '../core/time.ts'
import type { Database } from '../consumers/database.ts'
import { comparableDays, compareRollups, within, type Comparison, type Range } from '../consumers/rollup-check.ts'
import type { Environment, Source } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { connection } from './endpoints.ts'
import { openBar, type Bar } from './replay-bar.ts'
import { formatTable } from './table.ts'
import { parseTime } from './tail.ts'

export type VerifyOptions = {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly json: boolean
  readonly source: Source | undefined
}

export type VerifyDeps = {
  readonly database: Database
  readonly print: (line: string) => void
  readonly bar: Bar
  readonly nowMs: number
}

/** So many differences are named; all are counted. */
const MOST_NAMED = 100

/** `crosstide verify rollups`: roll-ups against their trades. Answers the exit code: 0 equal, 1 rows differ. */
export async function verifyRollups(environment: Environment, options: VerifyOptions): Promise<number> {
  const { database } = await connection(environment, options.source)
  // Reads only, but the days of trades that have no partition are not for analysts.
  const pool = openPool(database, 'ingest_rw', createLog('cli', 'error'), 1)
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  try {
    return await runVerify(
      { database: pool, print, bar: openBar(process.stderr, Date.now), nowMs: Date.now() },
      options,
    )
  } finally {
    await pool.end()
  }
}

export async function runVerify({ database, print, bar, nowMs }: VerifyDeps, options: VerifyOptions): Promise<number> {
  const asked = {
    from: timeOf('--from', options.from, nowMs) ?? micros(0),
    to: timeOf('--to', options.to, nowMs) ?? fromMillis(nowMs + DAY_MS),
  }
  const days = within(await comparableDays(database), asked)
  const found: Comparison[] = []
  for (const [index, day] of days.entries()) {
    const label = `${toIso(day.from).slice(0, 10)}, day ${index + 1} of ${days.length}`
    const each = (doneTo: Micros): boolean => {
      bar.show(label, (doneTo - day.from) / MICROS_PER_MINUTE, (day.to - day.from) / MICROS_PER_MINUTE)
      return true
    }
    found.push(await compareRollups(database, day, MOST_NAMED, each))
  }
  bar.clear()
  return report(print, days, found, options.json)
}

const DAY_MS = 86_400_000

function timeOf(option: string, text: string | undefined, nowMs: number): Micros | undefined {
  if (text === undefined) return undefined
  const timeMs = parseTime(text, nowMs)
  if (timeMs === undefined)
    throw new PipelineError('WRONG_USE', `${option}: "${text}" is no ISO time, nor an age such as 1h`)
  // A minute is compared as a whole.
  const time = fromMillis(timeMs)
  return micros(time - (time % MICROS_PER_MINUTE))
}

function report(
  print: (line: string) => void,
  days: readonly Range[],
  found: readonly Comparison[],
  json: boolean,
): number {
  const sum = (of: (one: Comparison) => number): number => found.reduce((total, one) => total + of(one), 0)
  const drifts = found.flatMap((one) => one.drifts).slice(0, MOST_NAMED)
  const [first, last] = [days[0], days.at(-1)]
  const counts = {
    from: first === undefined ? undefined : toIso(first.from),
    to: last === undefined ? undefined : toIso(last.to),
    minutes: sum(({ minutes }) => minutes),
    candles: sum(({ candles }) => candles),
    late: sum(({ late }) => late),
    unjudged: sum(({ unjudged }) => unjudged),
    minutesDrifted: sum(({ minutesDrifted }) => minutesDrifted),
    candlesDrifted: sum(({ candlesDrifted }) => candlesDrifted),
  }
  const drifted = counts.minutesDrifted + counts.candlesDrifted
  if (json) print(JSON.stringify({ ...counts, drifts }))
  else {
    if (drifts.length > 0) {
      const rows = drifts.map((one) => [
        one.rollup,
        one.exchange,
        one.symbol,
        one.minute,
        one.what,
        one.stands,
        one.recomputed,
      ])
      print(formatTable(['rollup', 'exchange', 'symbol', 'minute', 'column', 'is', 'should be'], rows))
    }
    print(
      `${counts.minutes} rows of trade_minutes compared with their trades, ${counts.candles} of candles_1m with trade_minutes; ` +
        `${counts.late} candles with late trades left out, ${counts.unjudged} minutes without a candle not judged`,
    )
    print(drifted === 0 ? 'no row differs' : `${drifted} rows differ`)
  }
  return drifted === 0 ? 0 : 1
}
