import { MICROS_PER_SECOND, type Micros } from '../../core/time.ts'

/** By symbol, then by exchange: the middle of the last quote, and when it came (T). */
export type Mids = Map<string, Map<string, { readonly mid: number; readonly at: Micros }>>

/** Others count while they are this young. */
export const FRESH = 10 * MICROS_PER_SECOND
/** Two others at least: of one alone nobody knows which of the two is wrong. */
const FEWEST_OTHERS = 2
/** 5 %: far beyond what separates exchanges in a rout, far below another coin or a slipped decimal point. */
export const MOST_OFF = 0.05

/**
 * The median of the other exchanges' middles if this one is too far off it, else `undefined`. Remembers this one either way:
 * where all follow a jump, the median does too.
 */
export function isOutlier(
  mids: Mids,
  {
    exchange,
    symbol,
    mid,
    now,
  }: { readonly exchange: string; readonly symbol: string; readonly mid: number; readonly now: Micros },
): number | undefined {
  let exchanges = mids.get(symbol)
  if (exchanges === undefined) {
    exchanges = new Map()
    mids.set(symbol, exchanges)
  }
  const others: number[] = []
  for (const [other, { mid: theirs, at }] of exchanges) if (other !== exchange && now - at < FRESH) others.push(theirs)
  exchanges.set(exchange, { mid, at: now })
  if (others.length < FEWEST_OTHERS) return undefined
  const median = medianOf(others)
  return Math.abs(mid - median) > MOST_OFF * median ? median : undefined
}

/** Of an even number the lower of the two in the middle: no sum, no rounding. */
const medianOf = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
