import { micros, MICROS_PER_MINUTE, toIso, type Micros } from '../core/time.ts'
import type { Database } from './database.ts'
import { COMPARISON } from './rollup-statement.ts'

/** A figure of a roll-up's row that is not what the trades say; `what` is its column, or `row` where one side is missing. */
export type Drift = {
  readonly rollup: 'trade_minutes' | 'candles_1m'
  readonly exchange: string
  readonly symbol: string
  /** `2026-11-21T10:15Z`. */
  readonly minute: string
  readonly what: string
  readonly stands: string | null
  readonly recomputed: string | null
}

export type Comparison = {
  /** Rows of `trade_minutes` that were compared. */
  readonly minutes: number
  /** Rows of `candles_1m` that were compared. */
  readonly candles: number
  /** Candles with a trade after their close: not compared. */
  readonly late: number
  /** Minutes without a candle where nothing tells whether there should be one. */
  readonly unjudged: number
  /** Rows that differ. */
  readonly minutesDrifted: number
  readonly candlesDrifted: number
  /** The first of them, by time. */
  readonly drifts: readonly Drift[]
}

const NONE: Comparison = {
  minutes: 0,
  candles: 0,
  late: 0,
  unjudged: 0,
  minutesDrifted: 0,
  candlesDrifted: 0,
  drifts: [],
}

/** Per statement: few enough trades for its time limit where a thousand come a second. */
const STRETCH = 10 * MICROS_PER_MINUTE
const DAY = 24 * 60 * MICROS_PER_MINUTE

export type Range = { readonly from: Micros; readonly to: Micros }

/**
 * Compares the roll-ups of whole minutes with the trades; `each` is told what has been done, and ends the work by answering
 * `false`. At most `mostDrifts` differences are named, all are counted.
 */
export async function compareRollups(
  database: Database,
  { from, to }: Range,
  mostDrifts: number,
  each: (doneTo: Micros) => Promise<boolean> | boolean = () => true,
): Promise<Comparison> {
  let sum = NONE
  for (let at: number = from - (from % MICROS_PER_MINUTE); at < to; at += STRETCH) {
    const end = micros(Math.min(at + STRETCH, to))
    const { rows } = await database.query<Comparison>({
      name: 'compare-rollups',
      text: COMPARISON,
      values: [toIso(micros(at)), toIso(end), mostDrifts],
    })
    const [found = NONE] = rows
    sum = {
      minutes: sum.minutes + found.minutes,
      candles: sum.candles + found.candles,
      late: sum.late + found.late,
      unjudged: sum.unjudged + found.unjudged,
      minutesDrifted: sum.minutesDrifted + found.minutesDrifted,
      candlesDrifted: sum.candlesDrifted + found.candlesDrifted,
      drifts: [...sum.drifts, ...found.drifts].slice(0, mostDrifts),
    }
    if (!(await each(end))) break
  }
  return sum
}

/**
 * Days (UTC) whose trades are all there: those that have a partition, and what lies in DEFAULT. Older minutes have outlived their
 * trades and cannot be compared.
 */
export async function comparableDays(database: Database): Promise<readonly Range[]> {
  const { rows } = await database.query<{ from: number }>(`
    select distinct (extract(epoch from day at time zone 'UTC') * 1000000)::float8 as from
      from (select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp as day
              from pg_inherits i join pg_class c on c.oid = i.inhrelid
             where i.inhparent = 'public.trades'::regclass and c.relname ~ '_[0-9]{8}$'
             union select date_trunc('day', event_time at time zone 'UTC') from public.trades_default) d
     order by 1`)
  return rows.map(({ from }) => ({ from: micros(from), to: micros(from + DAY) }))
}

/** The part of a range's days that can be compared. */
export const within = (days: readonly Range[], { from, to }: Range): readonly Range[] =>
  days.flatMap((day) => {
    const [start, end] = [Math.max(day.from, from), Math.min(day.to, to)]
    return start < end ? [{ from: micros(start), to: micros(end) }] : []
  })

/** `binance BTC-USDT 2026-11-21T10:15Z: trade_minutes.close is 11, should be 12`. */
export const sentenceOf = ({ rollup, exchange, symbol, minute, what, stands, recomputed }: Drift): string =>
  `${exchange} ${symbol} ${minute}: ${rollup}.${what} is ${stands ?? 'missing'}, should be ${recomputed ?? 'missing'}`
