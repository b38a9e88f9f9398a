import { decimalOf, listOf, recordOf, timeOf } from './fields.ts'

/** A candle; `time` is its start in whole seconds since the epoch. */
export type Bar = {
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export const readBars = (value: unknown): readonly Bar[] =>
  listOf(recordOf(value)['candles'])
    .map(recordOf)
    .map((fields) => ({
      time: Math.floor(timeOf(fields['openTime']) / 1000),
      open: decimalOf(fields['open']),
      high: decimalOf(fields['high']),
      low: decimalOf(fields['low']),
      close: decimalOf(fields['close']),
      volume: decimalOf(fields['volume']),
    }))
    .filter((bar) => Object.values(bar).every(Number.isFinite))

/** Lengths of candles in seconds; the API's. */
export const INTERVALS: Readonly<Record<string, number>> = {
  '1s': 1,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '1d': 86_400,
}

/** As many as a screen has room for, and no more than is asked for at once. */
const SHOWN = 300
const MOST_DAYS = 31

/** Where the candles begin that are shown up to a moment. */
export const barsSince = (interval: string, endMs: number): number =>
  endMs - Math.min(SHOWN * (INTERVALS[interval] ?? 60), MOST_DAYS * 86_400) * 1000
