import { forgetPanes, keepPane, paneNodes, paneRange, type PaneNodes } from '../../pane-nodes.ts'
import { paneLength } from '../../panes.ts'
import { MOMENTS, type Moments } from '../../windows/moments.ts'
import type { Frame } from '../frame.ts'

/**
 * Count, mean and squares over a sliding window: core/panes.ts with the sums of {@link MOMENTS}, bit for bit, but kept in
 * numbers that change in place. Rules ask for these more than for all else, and an object per addition and merge is most of
 * what those cost. Plain data.
 */
export type SlidingMoments = {
  /** As in core/panes.ts. */
  times: number[]
  values: number[]
  head: number
  pane: number
  readonly nodes: PaneNodes<Moments>
  last: number
  first: number
  /** The pane that is being filled: n, mean, squares; and before the latest event. */
  fillN: number
  fillM: number
  fillQ: number
  priorN: number
  priorM: number
  priorQ: number
  /** Closed panes between the window's ends. */
  betweenN: number
  betweenM: number
  betweenQ: number
  /** Of the first pane's events, from each to its newest, NEWEST first; and the place after the newest among the events. */
  readonly suffixM: number[]
  readonly suffixQ: number[]
  suffixEnd: number
  /** Suffix at `head` and `between`, merged; -1: to be made. */
  olderN: number
  olderM: number
  olderQ: number
  /** Of the latest event. */
  stamp: number
  /** The latest result, of that time and lag; -1: none. */
  at: number
  lag: number
  n: number
  mean: number
  squares: number
}

/** Events that left are cut off once they are the greater part, and this many. */
const CUT_ABOVE = 256
const EVENT_BYTES = 16
const PANE_BYTES = 128

export type SlidingMomentsMachine = {
  initial(this: void): SlidingMoments
  add(this: void, state: SlidingMoments, frame: Frame): void
  held(this: void, state: SlidingMoments): number
  /** Leaves the window's n, mean and squares in the state. */
  look(this: void, state: SlidingMoments, frame: Frame, lag: 0 | 1): void
}

export function slidingMoments(of: (frame: Frame) => number, lengthMicros: number): SlidingMomentsMachine {
  const paneMicros = paneLength(lengthMicros)

  function close(state: SlidingMoments, pane: number): void {
    if (state.fillN > 0) keepPane(state.nodes, state.pane, { n: state.fillN, mean: state.fillM, squares: state.fillQ })
    state.fillN = 0
    state.fillM = 0
    state.fillQ = 0
    state.priorN = 0
    state.pane = pane
  }

  function drop(state: SlidingMoments, start: number): void {
    const { times } = state
    let { head } = state
    while (head < times.length && (times[head] ?? 0) <= start) head++
    if (head === state.head) return
    state.olderN = -1
    state.head = head
    if (head < CUT_ABOVE || head * 2 < times.length) return
    // Made anew and not cut: what a restore has read back is an array of boxed numbers.
    state.times = copyFrom(times, head)
    state.values = copyFrom(state.values, head)
    state.suffixEnd -= head
    state.head = 0
  }

  function suffixes(state: SlidingMoments, first: number): void {
    const { times, values, head, suffixM, suffixQ } = state
    const after = (first + 1) * paneMicros
    let end = head
    while (end < times.length && (times[end] ?? 0) < after) end++
    suffixM.length = 0
    suffixQ.length = 0
    let mean = 0
    let squares = 0
    for (let index = end - 1; index >= head; index--) {
      const x = values[index] ?? 0
      const d = x - mean
      mean += d / (end - index)
      squares += d * (x - mean)
      suffixM.push(mean)
      suffixQ.push(squares)
    }
    state.suffixEnd = end
  }

  function advance(state: SlidingMoments, last: number, first: number, start: number): void {
    if (last > state.pane) close(state, last)
    drop(state, start)
    if (first !== state.first) {
      forgetPanes(state.nodes, first)
      suffixes(state, first)
    }
    const { n, mean, squares } = paneRange(MOMENTS, state.nodes, first + 1, last - 1)
    state.betweenN = n
    state.betweenM = mean
    state.betweenQ = squares
    state.last = last
    state.first = first
    state.olderN = -1
  }

  /** merge(A, B) of rules.md section 7. */
  function makeOlder(state: SlidingMoments): void {
    const an = state.suffixEnd - state.head
    if (an <= 0) {
      state.olderN = state.betweenN
      state.olderM = state.betweenM
      state.olderQ = state.betweenQ
      return
    }
    const am = state.suffixM[an - 1] ?? 0
    const aq = state.suffixQ[an - 1] ?? 0
    const bn = state.betweenN
    if (bn === 0) {
      state.olderN = an
      state.olderM = am
      state.olderQ = aq
      return
    }
    const n = an + bn
    const d = state.betweenM - am
    state.olderN = n
    state.olderM = am + (d * bn) / n
    state.olderQ = aq + state.betweenQ + (d * d * an * bn) / n
  }

  return {
    initial: () => ({
      times: [],
      values: [],
      head: 0,
      pane: -1,
      nodes: paneNodes(),
      last: -1,
      first: -1,
      fillN: 0,
      fillM: 0,
      fillQ: 0,
      priorN: 0,
      priorM: 0,
      priorQ: 0,
      betweenN: 0,
      betweenM: 0,
      betweenQ: 0,
      suffixM: [],
      suffixQ: [],
      suffixEnd: 0,
      olderN: -1,
      olderM: 0,
      olderQ: 0,
      stamp: -1,
      at: -1,
      lag: 0,
      n: 0,
      mean: 0,
      squares: 0,
    }),
    add(state, frame) {
      const x = of(frame)
      // NaN is absent.
      if (x !== x) return
      const at = frame.now
      const pane = Math.floor(at / paneMicros)
      if (pane > state.pane) {
        close(state, pane)
        // Also what is never looked at lets go of what is past.
        drop(state, at - lengthMicros)
        forgetPanes(state.nodes, Math.floor((at - lengthMicros) / paneMicros))
      }
      state.priorN = state.fillN
      state.priorM = state.fillM
      state.priorQ = state.fillQ
      const n = state.fillN + 1
      const d = x - state.fillM
      const mean = state.fillM + d / n
      state.fillN = n
      state.fillM = mean
      state.fillQ += d * (x - mean)
      state.times.push(at)
      state.values.push(x)
      state.stamp = frame.stamp
      state.at = -1
    },
    held: ({ times, head, nodes }) => EVENT_BYTES * (times.length - head) + PANE_BYTES * (nodes[0]?.size ?? 0),
    look(state, frame, wanted) {
      const { now } = frame
      const lag = wanted === 1 && state.stamp === frame.stamp ? 1 : 0
      if (state.at === now && state.lag === lag) return
      state.at = now
      state.lag = lag
      const last = Math.floor(now / paneMicros)
      const start = now - lengthMicros
      const first = Math.floor(start / paneMicros)
      if (last !== state.last || first !== state.first) advance(state, last, first, start)
      else if ((state.times[state.head] ?? Infinity) <= start) drop(state, start)
      if (state.olderN < 0) makeOlder(state)
      const an = state.olderN
      const bn = lag === 0 ? state.fillN : state.priorN
      if (bn === 0) {
        state.n = an
        state.mean = state.olderM
        state.squares = state.olderQ
        return
      }
      const bm = lag === 0 ? state.fillM : state.priorM
      const bq = lag === 0 ? state.fillQ : state.priorQ
      if (an === 0) {
        state.n = bn
        state.mean = bm
        state.squares = bq
        return
      }
      const n = an + bn
      const d = bm - state.olderM
      state.n = n
      state.mean = state.olderM + (d * bn) / n
      state.squares = state.olderQ + bq + (d * d * an * bn) / n
    },
  }
}

function copyFrom(from: readonly number[], start: number): number[] {
  const copy: number[] = []
  for (let index = start; index < from.length; index++) copy.push(from[index] ?? 0)
  return copy
}
