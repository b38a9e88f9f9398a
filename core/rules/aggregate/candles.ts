import { MICROS_PER_MINUTE } from '../../time.ts'
import type { Arithmetic } from './arithmetic.ts'
import { foldOf, forgetFolds, noFolds, numberOf, type Folds } from './folds.ts'
import { blankItem, type Item, type Take } from './item.ts'
import { made, type Made } from './made.ts'
import { dropBefore, emptyRing, fill, push, ringSize, type Columns, type Ring } from './ring.ts'

/** Candles in the order they came. */
type Candles = { readonly ring: Ring; readonly folds: Folds; stamp: number }

const EVENT_BYTES = 16
/** A candle is written when T has passed its end, some records or heartbeats later. */
const SLACK_MICROS = MICROS_PER_MINUTE

/** How far back by T the last `count` candles may have come. */
export const candlesDepth = (count: number, intervalMicros: number): number => count * intervalMicros + SLACK_MICROS

export type CandleWindow = { readonly count: number; readonly intervalMicros: number }

/**
 * The candles that opened after the newest one's opening - count x interval, of those that came within {@link candlesDepth}; summed
 * at reading in the order of their opening, by that time.
 */
export function candles(
  arithmetic: Arithmetic,
  { count, intervalMicros }: CandleWindow,
  take: Take,
  columns: Columns,
  wanted: 0 | 1,
  name: string,
): Made {
  const { share, start, add, text } = arithmetic
  const lengthMicros = count * intervalMicros
  const depthMicros = candlesDepth(count, intervalMicros)
  const item = blankItem()

  function itemsOf({ ring }: Candles, lag: 0 | 1): readonly Item[] {
    let newest = -Infinity
    for (let index = ring.head; index < ring.at.length; index++) newest = Math.max(newest, ring.open[index] ?? 0)
    const items: Item[] = []
    for (let index = ring.head; index < ring.at.length - lag; index++) {
      const open = ring.open[index] ?? 0
      if (open <= newest - lengthMicros) continue
      const one = fill(blankItem(), ring, index)
      one.at = open
      items.push(one)
    }
    return items.toSorted((one, other) => one.open - other.open)
  }

  function sumOf(state: Candles, now: number, lag: 0 | 1): object {
    const { ring, folds } = state
    const { head } = ring
    dropBefore(ring, now - depthMicros + 1)
    if (ring.head !== head) forgetFolds(folds)
    return foldOf(folds, `${share} ${lag}`, () => itemsOf(state, lag).reduce(add, start()))
  }
  const lagOf = (state: Candles, stamp: number): 0 | 1 => (wanted === 1 && state.stamp === stamp ? 1 : 0)

  return made<Candles>({
    share: 'candles',
    initial: () => ({ ring: emptyRing(), folds: noFolds(), stamp: -1 }),
    add(state, frame) {
      const { event } = frame
      if (event.stream !== 'candle' || !take(frame, item)) return
      item.open = event.openTime
      push(state.ring, columns, item)
      dropBefore(state.ring, frame.now - depthMicros + 1)
      forgetFolds(state.folds)
      state.stamp = frame.stamp
    },
    held: ({ ring }) => EVENT_BYTES * ringSize(ring),
    number(state, { now, stamp }) {
      const lag = lagOf(state, stamp)
      return numberOf(arithmetic, state.folds, `${name} ${lag}`, sumOf(state, now, lag), now - lengthMicros, now)
    },
    text: (state, { now, stamp }) => text(sumOf(state, now, lagOf(state, stamp))),
  })
}
