import type { Micros } from '../../time.ts'
import type { Arithmetic } from './arithmetic.ts'
import { blankItem, type Take } from './item.ts'
import { made, type Made } from './made.ts'

type SlidingPanes = {
  readonly panes: object
  /** The latest sum that was asked for, of that time and lag; -1: none. */
  sum: object | undefined
  at: Micros | -1
  lag: 0 | 1
  stamp: number
}

/** Canonical panes of any sum that merges (core/panes.ts). */
export function slidingPanes(
  { share, number, panes }: Arithmetic,
  lengthMicros: number,
  take: Take,
  wanted: 0 | 1,
): Made {
  const { initial, add, value, held } = panes(lengthMicros)
  const item = blankItem()
  const sumOf = (state: SlidingPanes, now: Micros, stamp: number): object => {
    const lag = wanted === 1 && state.stamp === stamp ? 1 : 0
    if (state.sum !== undefined && state.at === now && state.lag === lag) return state.sum
    state.sum = value(state.panes, now, lag)
    state.at = now
    state.lag = lag
    return state.sum
  }
  return made<SlidingPanes>({
    share,
    initial: () => ({ panes: initial(), sum: undefined, at: -1, lag: 0, stamp: -1 }),
    add(state, frame) {
      if (!take(frame, item)) return
      add(state.panes, frame.now, item)
      state.sum = undefined
      state.stamp = frame.stamp
    },
    held: (state) => held(state.panes),
    number: (state, { now, stamp }) => number(sumOf(state, now, stamp), now - lengthMicros, now),
  })
}
