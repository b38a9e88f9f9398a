import { MICROS_PER_SECOND } from '../../time.ts'
import type { Aggregate } from '../document.ts'
import type { Expression } from '../frame.ts'
import type { Arithmetic } from './arithmetic.ts'
import { boundingOf } from './bounds.ts'
import { candles, candlesDepth } from './candles.ts'
import { distinct, quantile } from './expiring.ts'
import { hopping } from './hopping.ts'
import { takeOf } from './item.ts'
import { unmerged } from './lists.ts'
import type { Made } from './made.ts'
import type { Columns } from './ring.ts'
import { running } from './running.ts'
import { sliding, slidingBound } from './sliding.ts'
import type { Span } from './span.ts'
import { arithmeticOf } from './sums.ts'

type Fed = {
  readonly of: readonly Expression[]
  readonly eventsPerSecond: number
  readonly candleMicros: number | undefined
}

/** A machine with the bound of its state in bytes, and how far back that depends on the log. */
export type Windowed = { readonly made: Made; readonly bytes: number; readonly depthMicros: number }

const SUM_BYTES = 96
const LISTED_BYTES = 24
export const COUNTED_BYTES = 16
const DAY_MICROS = 86_400_000_000

const columnsOf = (of: readonly Expression[]): Columns => ({
  open: false,
  a: of[0] !== undefined && isNumeric(of[0]),
  b: of[1] !== undefined && isNumeric(of[1]),
  text: of.some(({ type }) => type === 'string'),
})
const isNumeric = ({ type }: Pick<Expression, 'type'>): boolean => type !== 'string' && type !== 'bool'

/** Sums alike if they do so wherever it matters: a count of numbers is read from the state of their mean. */
export const sumsOf = (aggregate: Aggregate, [first]: readonly Pick<Expression, 'type'>[]): Arithmetic =>
  arithmeticOf(aggregate, first !== undefined && isNumeric(first))

/** Which value is asked for of a sum that several share. */
export const nameOf = ({ agg, arg = 0, seed = 'first' }: Aggregate): string => `${agg} ${arg} ${seed}`

export function windowOf(aggregate: Aggregate, span: Span, { of, eventsPerSecond, candleMicros = 0 }: Fed): Windowed {
  const { agg, arg = 0, lag = 0 } = aggregate
  const take = takeOf(of)
  const columns = columnsOf(of)
  const eventsIn = (micros: number): number => (eventsPerSecond * micros) / MICROS_PER_SECOND
  if (span.kind === 'sliding') {
    const made = sliding(aggregate, span.lengthMicros, { of, take, columns, isText: columns.text })
    return { made, ...slidingBound(aggregate, span.lengthMicros, eventsPerSecond) }
  }
  if (span.kind === 'hopping') {
    const arithmetic = hopSums(aggregate, span, of)
    return { made: hopping(arithmetic, span, take, nameOf(aggregate)), ...hopBound(arithmetic, span, eventsPerSecond) }
  }
  if (span.kind === 'count') {
    const window = { count: span.count, intervalMicros: candleMicros }
    const made = candles(sumsOf(aggregate, of), window, take, { ...columns, open: true }, lag, nameOf(aggregate))
    const depthMicros = candlesDepth(span.count, candleMicros)
    return { made, bytes: COUNTED_BYTES * Math.max(span.count, eventsIn(depthMicros)), depthMicros }
  }
  const bounding = boundingOf(span)
  const mostMicros = span.kind === 'day' ? DAY_MICROS : span.mostMicros
  const depthMicros = span.kind === 'day' ? DAY_MICROS : span.mostMicros + span.pauseMicros
  const bytes = LISTED_BYTES * eventsIn(mostMicros)
  if (agg === 'distinct') return { made: distinct(bounding, take, columns, lag), bytes, depthMicros }
  if (agg === 'median' || agg === 'quantile')
    return { made: quantile(agg === 'median' ? 0.5 : arg, bounding, take, columns, lag), bytes, depthMicros }
  return { made: running(sumsOf(aggregate, of), bounding, take, lag), bytes: SUM_BYTES, depthMicros }
}

type HopSpan = Extract<Span, { readonly kind: 'hopping' }>

/** Hops are merged: what does not merge is kept value by value, unless a window is one hop. */
export function hopSums(
  aggregate: Aggregate,
  { lengthMicros, hopMicros }: HopSpan,
  of: readonly Expression[],
): Arithmetic {
  const sums = sumsOf(aggregate, of)
  return sums.merges || lengthMicros === hopMicros ? sums : unmerged(sums)
}

export function hopBound(
  { isList }: Arithmetic,
  { lengthMicros, hopMicros }: HopSpan,
  eventsPerSecond: number,
): Omit<Windowed, 'made'> {
  const depthMicros = lengthMicros + hopMicros
  if (isList) return { bytes: (LISTED_BYTES * eventsPerSecond * depthMicros) / MICROS_PER_SECOND, depthMicros }
  return { bytes: SUM_BYTES * (depthMicros / hopMicros), depthMicros }
}
