import { forgetPanes, keepPane, paneNodes, paneRange, type PaneNodes } from './pane-nodes.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from './time.ts'
import type { Aggregate } from './windows/aggregate.ts'

/**
 * The window (t - length, t], cut into panes at multiples of their length since the epoch and summed in an order that only
 * the events in it determine (rules.md section 7): the same bits wherever a run began, and O(1) amortised per event.
 *
 * Large state, changed in place; plain data.
 */
export type PanesState<Acc, X> = {
  /** Events that are still in the window or were at the last look, oldest first, from `head` on. */
  readonly times: number[]
  readonly values: X[]
  head: number
  /** The pane that is being filled, and its sum so far, if anything came. */
  pane: number
  filling: Acc | undefined
  /** `filling` before the latest event. */
  prior: Acc | undefined
  readonly nodes: PaneNodes<Acc>
  /** Panes of the window's two ends at the last look, and the sum of those between. */
  last: number
  first: number
  between: Acc
  /** Sums of the first pane's events from each to its newest, and the place of the first of them among the events. */
  suffixes: readonly Acc[]
  suffixesFrom: number
  /** Suffix at `head` and `between`, merged; `undefined` when either moved. */
  older: Acc | undefined
}

export type Panes<Acc, X> = {
  readonly initial: () => PanesState<Acc, X>
  /** Takes an event. Times never go back: they are T. */
  readonly add: (state: PanesState<Acc, X>, at: Micros, x: X) => void
  /**
   * The sum over (now - length, now]. Lag 1: without the latest event, which must have been added with this `now`.
   */
  readonly value: (state: PanesState<Acc, X>, now: Micros, lag?: 0 | 1) => Acc
}

const LENGTHS = [
  10 * MICROS_PER_MINUTE,
  MICROS_PER_MINUTE,
  10 * MICROS_PER_SECOND,
  MICROS_PER_SECOND,
  100 * MICROS_PER_MILLI,
  10 * MICROS_PER_MILLI,
  MICROS_PER_MILLI,
]
const FEWEST = 32
/** Events that left the window are cut off once they are the greater part, and this many. */
const CUT_ABOVE = 256

/** The longest pane that fits a window of this length at least 32 times. Throws RangeError below 32 ms and for broken milliseconds. */
export function paneLength(lengthMicros: number): number {
  const found = LENGTHS.find((one) => lengthMicros % one === 0 && lengthMicros / one >= FEWEST)
  if (found === undefined) throw new RangeError(`no window of ${lengthMicros} us: whole milliseconds, at least 32`)
  return found
}

export function panes<Acc, X>(aggregate: Aggregate<Acc, X>, lengthMicros: number): Panes<Acc, X> {
  const { empty, add, merge, prepend = add } = aggregate
  const length = paneLength(lengthMicros)
  type State = PanesState<Acc, X>

  function close(state: State, pane: number): void {
    if (state.filling !== undefined) keepPane(state.nodes, state.pane, state.filling)
    state.filling = undefined
    state.prior = undefined
    state.pane = pane
  }

  /** From the newest to the oldest, so that each is one addition to the next. */
  function suffixesOf({ times, values, head }: State, first: number): readonly Acc[] {
    let end = head
    while (end < times.length && Math.floor((times[end] ?? 0) / length) === first) end++
    let sum = empty
    return values
      .slice(head, end)
      .toReversed()
      .map((x) => (sum = prepend(sum, x)))
      .toReversed()
  }

  function advance(state: State, last: number, first: number, start: number): void {
    if (last > state.pane) close(state, last)
    drop(state, start)
    if (first !== state.first) {
      forgetPanes(state.nodes, first)
      state.suffixesFrom = state.head
      state.suffixes = suffixesOf(state, first)
    }
    state.between = paneRange(aggregate, state.nodes, first + 1, last - 1)
    state.last = last
    state.first = first
    state.older = undefined
  }

  function drop(state: State, start: number): void {
    const { times, values } = state
    const before = state.head
    while (state.head < times.length && (times[state.head] ?? 0) <= start) state.head++
    if (state.head !== before) state.older = undefined
    if (state.head < CUT_ABOVE || state.head * 2 < times.length) return
    times.splice(0, state.head)
    values.splice(0, state.head)
    state.suffixesFrom -= state.head
    state.head = 0
  }

  return {
    initial: () => ({
      times: [],
      values: [],
      head: 0,
      pane: -1,
      filling: undefined,
      prior: undefined,
      nodes: paneNodes(),
      last: -1,
      first: -1,
      between: empty,
      suffixes: [],
      suffixesFrom: 0,
      older: undefined,
    }),
    add(state, at, x) {
      const pane = Math.floor(at / length)
      if (pane > state.pane) {
        close(state, pane)
        // Also what is never looked at lets go of what is past.
        drop(state, at - lengthMicros)
        forgetPanes(state.nodes, Math.floor((at - lengthMicros) / length))
      } else if (at < (state.times.at(-1) ?? 0)) throw new RangeError(`T went back to ${at}`)
      state.prior = state.filling
      state.filling = add(state.filling ?? empty, x)
      state.times.push(at)
      state.values.push(x)
    },
    value(state, now, lag = 0) {
      const last = Math.floor(now / length)
      const first = Math.floor((now - lengthMicros) / length)
      const start = now - lengthMicros
      if (last !== state.last || first !== state.first) advance(state, last, first, start)
      else if ((state.times[state.head] ?? Infinity) <= start) drop(state, start)
      let { older } = state
      if (older === undefined) {
        older = merge(state.suffixes[state.head - state.suffixesFrom] ?? empty, state.between)
        state.older = older
      }
      // A window that ends in a later pane has closed the latest event's: nothing is filling.
      const newest = lag === 0 ? state.filling : state.prior
      return newest === undefined ? older : merge(older, newest)
    },
  }
}
