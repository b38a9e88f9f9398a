/** Numbers from `lo` to `hi`, both included; empty if lo > hi. What is absent is in none. */
export type Interval = { readonly lo: number; readonly hi: number }

export const ALL: Interval = { lo: -Infinity, hi: Infinity }
export const AT_LEAST_0: Interval = { lo: 0, hi: Infinity }
/** Prices and sizes are far from both ends; that they are not 0 is what matters. */
export const POSITIVE: Interval = { lo: 1e-18, hi: 1e18 }

export const point = (value: number): Interval => ({ lo: value, hi: value })
export const isEmpty = ({ lo, hi }: Interval): boolean => lo > hi
export const contains = ({ lo, hi }: Interval, value: number): boolean => lo <= value && value <= hi

export const hull = (a: Interval, b: Interval): Interval => ({ lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) })
export const both = (a: Interval, b: Interval): Interval => ({ lo: Math.max(a.lo, b.lo), hi: Math.min(a.hi, b.hi) })

export const negated = ({ lo, hi }: Interval): Interval => ({ lo: -hi, hi: -lo })
export const plus = (a: Interval, b: Interval): Interval => whole(a.lo + b.lo, a.hi + b.hi)
export const times = (a: Interval, b: Interval): Interval =>
  spanning([a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi].map((value) => (Number.isNaN(value) ? 0 : value)))

/** By 0 there is no value: what remains may be anything. */
export const over = (a: Interval, b: Interval): Interval =>
  contains(b, 0) ? ALL : times(a, { lo: 1 / b.hi, hi: 1 / b.lo })

export function absolute(a: Interval): Interval {
  if (a.lo >= 0) return a
  return a.hi <= 0 ? negated(a) : { lo: 0, hi: Math.max(-a.lo, a.hi) }
}

/** By a function that never falls. */
export const mapped = ({ lo, hi }: Interval, rising: (value: number) => number): Interval =>
  whole(rising(lo), rising(hi))

const whole = (lo: number, hi: number): Interval => ({
  lo: Number.isNaN(lo) ? -Infinity : lo,
  hi: Number.isNaN(hi) ? Infinity : hi,
})
const spanning = (values: readonly number[]): Interval => ({ lo: Math.min(...values), hi: Math.max(...values) })

const BITS = new DataView(new ArrayBuffer(8))

/** The next double above. */
export function above(value: number): number {
  if (value === Infinity || Number.isNaN(value)) return value
  if (value === 0) return Number.MIN_VALUE
  BITS.setFloat64(0, value)
  BITS.setBigInt64(0, BITS.getBigInt64(0) + (value > 0 ? 1n : -1n))
  return BITS.getFloat64(0)
}
export const below = (value: number): number => -above(-value)
