import type { Feed } from './tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from './time.ts'

export const CANDLE_INTERVALS = ['1s', '1m'] as const
export type CandleInterval = (typeof CANDLE_INTERVALS)[number]

/** Length of an interval in microseconds; intervals begin at multiples of it since the epoch. */
export const INTERVAL_MICROS: Readonly<Record<CandleInterval, number>> = {
  '1s': MICROS_PER_SECOND,
  '1m': MICROS_PER_MINUTE,
}

/** The exchange of a candle across all exchanges. */
export const ACROSS = '*'

/**
 * The trades of one interval, by the exchange's time: start included, end excluded. Open and close are those of least and
 * greatest (eventTime, offset). Final: a trade that comes after the close is counted late and changes nothing; an interval
 * without trades has no candle.
 */
export type Candle = {
  /** An exchange, or {@link ACROSS}. */
  readonly exchange: string
  readonly symbol: string
  readonly interval: CandleInterval
  readonly openTime: Micros
  /** What the trades are: SIMULATED if any is, so that none passes for the market; BACKFILL never. */
  readonly feed: Feed
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** In base units. */
  readonly volume: number
  /** Sum of price x size, in quote units. */
  readonly quoteVolume: number
  /** quoteVolume / volume. */
  readonly vwap: number
  readonly trades: number
}
