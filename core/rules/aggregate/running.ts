import type { Arithmetic } from './arithmetic.ts'
import { noBounds, type Bounding, type Bounds } from './bounds.ts'
import { blankItem, type Take } from './item.ts'
import { made, type Made } from './made.ts'

type Running = {
  readonly bounds: Bounds
  sum: object
  /** `sum` before the latest event. */
  before: object
  latest: number
  stamp: number
}

/** One sum from the window's first event on: for windows that end as a whole (session, day), and for what only asks for the latest. */
export function running(
  { share, start, add, held, number, text }: Arithmetic,
  { since, touch }: Bounding,
  take: Take,
  lag: 0 | 1,
): Made {
  const item = blankItem()
  const empty = start()
  const sumOf = (state: Running, now: number, stamp: number): object => {
    if (state.latest < since(state.bounds, now)) return empty
    return lag === 1 && state.stamp === stamp ? state.before : state.sum
  }
  return made<Running>({
    share,
    initial: () => ({ bounds: noBounds(), sum: empty, before: empty, latest: -1, stamp: -1 }),
    add(state, frame) {
      if (!take(frame, item)) return
      const { now } = frame
      state.before = state.latest < since(state.bounds, now) ? empty : state.sum
      state.sum = add(state.before, item)
      state.latest = now
      state.stamp = frame.stamp
      touch(state.bounds, now)
    },
    held: ({ sum }) => held(sum),
    number: (state, { now, stamp }) => number(sumOf(state, now, stamp), since(state.bounds, now), now),
    text: (state, { now, stamp }) => text(sumOf(state, now, stamp)),
  })
}
