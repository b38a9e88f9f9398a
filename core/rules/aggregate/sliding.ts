import { MICROS_PER_SECOND } from '../../time.ts'
import { paneLength } from '../../panes.ts'
import type { Aggregate } from '../document.ts'
import type { Expression, Frame } from '../frame.ts'
import { finite } from './arithmetic.ts'
import { boundingOf } from './bounds.ts'
import { distinct, quantile } from './expiring.ts'
import type { Take } from './item.ts'
import { made, type Made } from './made.ts'
import type { Columns } from './ring.ts'
import { running } from './running.ts'
import { slidingCount } from './sliding-count.ts'
import { slidingExtreme } from './sliding-extreme.ts'
import { slidingHeld } from './sliding-held.ts'
import { MEAN, N, slidingMoments, SQUARES, type SlidingMoments } from './sliding-moments.ts'
import { slidingPanes } from './sliding-panes.ts'
import { arithmeticOf } from './sums.ts'

export type Taking = {
  readonly of: readonly Expression[]
  readonly take: Take
  readonly columns: Columns
  readonly isText: boolean
}

/** A machine over (T - length, T] for any aggregate. */
export function sliding(aggregate: Aggregate, lengthMicros: number, { of, take, columns, isText }: Taking): Made {
  const { agg, arg = 0, lag = 0 } = aggregate
  const [first] = of
  const isNumber = first !== undefined && first.type !== 'string' && first.type !== 'bool'
  const bounding = boundingOf({ kind: 'sliding', lengthMicros })
  switch (agg) {
    case 'count':
    case 'rate':
      return isNumber ? moments(agg, first.read, lengthMicros, lag) : slidingCount(agg, lengthMicros, take, lag)
    case 'sum':
    case 'mean':
    case 'var':
    case 'sd':
      return moments(agg, isNumber ? first.read : absent, lengthMicros, lag)
    case 'vwap':
    case 'twap':
    case 'corr':
    case 'beta':
    case 'slope':
      return slidingPanes(arithmeticOf(aggregate, true), lengthMicros, take, lag)
    case 'min':
    case 'max':
      return slidingExtreme(agg === 'min' ? -1 : 1, 'a', lengthMicros, take, columns, lag)
    case 'argmin':
    case 'argmax':
      return slidingExtreme(agg === 'argmin' ? -1 : 1, isText ? 'a' : 'b', lengthMicros, take, columns, lag)
    case 'last': {
      // The newest is all that matters.
      const one = running(arithmeticOf(aggregate, true), bounding, take, lag)
      return { ...one, share: 'last' }
    }
    case 'first':
    case 'delta':
    case 'ema':
      return slidingHeld(arithmeticOf(aggregate, true), lengthMicros, take, columns, lag, agg !== 'ema')
    case 'median':
      return quantile(0.5, bounding, take, columns, lag)
    case 'quantile':
      return quantile(arg, bounding, take, columns, lag)
    case 'distinct':
      return distinct(bounding, take, columns, lag)
  }
}

/** Bytes and depth as rules.md sections 4 and 11 say. */
export function slidingBound(
  { agg }: Pick<Aggregate, 'agg'>,
  lengthMicros: number,
  eventsPerSecond: number,
): { readonly bytes: number; readonly depthMicros: number } {
  const pane = paneLength(lengthMicros)
  const events = (eventsPerSecond * lengthMicros) / MICROS_PER_SECOND
  const depthMicros = lengthMicros + pane
  if (agg === 'last') return { bytes: 96, depthMicros }
  if (agg === 'median' || agg === 'quantile' || agg === 'distinct') return { bytes: 24 * events, depthMicros }
  return { bytes: 16 * events + (128 * lengthMicros) / pane, depthMicros }
}

const absent = (): number => Number.NaN
const meanOf = (sums: readonly number[]): number => ((sums[N] ?? 0) < 1 ? Number.NaN : finite(sums[MEAN] ?? 0))
const varianceOf = (sums: readonly number[]): number => {
  const n = sums[N] ?? 0
  return n < 2 ? Number.NaN : (sums[SQUARES] ?? 0) / (n - 1)
}

function moments(
  agg: 'count' | 'rate' | 'sum' | 'mean' | 'var' | 'sd',
  of: (frame: Frame) => number,
  lengthMicros: number,
  lag: 0 | 1,
): Made {
  const { initial, add, held, look } = slidingMoments(of, lengthMicros, agg === 'sum')
  const seconds = lengthMicros / MICROS_PER_SECOND
  const sums = (state: SlidingMoments, frame: Frame): readonly number[] => look(state, frame, lag)
  const reads: Readonly<Record<typeof agg, (state: SlidingMoments, frame: Frame) => number>> = {
    count: (state, frame) => sums(state, frame)[N] ?? 0,
    rate: (state, frame) => (sums(state, frame)[N] ?? 0) / seconds,
    sum: (state, frame) => finite(sums(state, frame)[MEAN] ?? 0),
    mean: (state, frame) => meanOf(sums(state, frame)),
    var: (state, frame) => finite(varianceOf(sums(state, frame))),
    sd: (state, frame) => finite(Math.sqrt(varianceOf(sums(state, frame)))),
  }
  return made<SlidingMoments>({ share: agg === 'sum' ? 'sum' : 'moments', initial, add, held, number: reads[agg] })
}
