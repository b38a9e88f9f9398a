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
  /** By level: sums of 2^level panes by their place; `undefined` until it is asked for, no entry where nothing came. */
  readonly nodes: readonly Map<number, Acc | undefined>[]
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
  /** The sum over (now - length, now]. Before {@link Panes.add}, with the event's time: all but the present event (lag 1). */
  readonly value: (state: PanesState<Acc, X>, now: Micros) => Acc
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
const TOP = 6
/** Events that left the window are cut off once they are the greater part, and this many. */
const CUT_ABOVE = 256

/** The longest pane that fits a window of this length at least 32 times. Throws RangeError below 32 ms and for broken milliseconds. */
export function paneLength(lengthMicros: number): number {
  const found = LENGTHS.find((one) => lengthMicros % one === 0 && lengthMicros / one >= FEWEST)
  if (found === undefined) throw new RangeError(`no window of ${lengthMicros} us: whole milliseconds, at least 32`)
  return found
}

export function panes<Acc, X>({ empty, add, merge }: Aggregate<Acc, X>, lengthMicros: number): Panes<Acc, X> {
  const length = paneLength(lengthMicros)
  type State = PanesState<Acc, X>

  function close(state: State, pane: number): void {
    if (state.filling !== undefined) {
      state.nodes[0]?.set(state.pane, state.filling)
      for (let level = 1, place = Math.floor(state.pane / 2); level <= TOP; level++, place = Math.floor(place / 2)) {
        const nodes = state.nodes[level]
        if (nodes === undefined || nodes.has(place)) break
        nodes.set(place, undefined)
      }
      state.filling = undefined
    }
    state.pane = pane
  }

  function node(nodes: State['nodes'], level: number, place: number): Acc {
    const own = nodes[level]
    const known = own?.get(place)
    if (known !== undefined) return known
    if (own === undefined || !own.has(place)) return empty
    const sum = merge(node(nodes, level - 1, 2 * place), node(nodes, level - 1, 2 * place + 1))
    own.set(place, sum)
    return sum
  }

  /** The panes from `lo` to `hi`, by the greatest nodes that lie in them. */
  function range(nodes: State['nodes'], from: number, to: number): Acc {
    let lo = from
    let hi = to
    let sum = empty
    const right: Acc[] = []
    for (let level = 0; lo <= hi; level++) {
      if (level === TOP) {
        for (let place = lo; place <= hi; place++) sum = merge(sum, node(nodes, TOP, place))
        break
      }
      if (lo % 2 === 1) sum = merge(sum, node(nodes, level, lo++))
      if (hi % 2 === 0) right.push(node(nodes, level, hi--))
      lo = Math.floor(lo / 2)
      hi = Math.floor(hi / 2)
    }
    for (const one of right.toReversed()) sum = merge(sum, one)
    return sum
  }

  function forget({ nodes }: State, first: number): void {
    let bound = first + 1
    for (const own of nodes) {
      for (const place of own.keys()) {
        if (place >= bound) break
        own.delete(place)
      }
      bound = Math.floor(bound / 2)
    }
  }

  /** From the newest to the oldest, so that each is one addition to the next. */
  function suffixesOf({ times, values, head }: State, first: number): readonly Acc[] {
    let end = head
    while (end < times.length && Math.floor((times[end] ?? 0) / length) === first) end++
    let sum = empty
    return values
      .slice(head, end)
      .toReversed()
      .map((x) => (sum = add(sum, x)))
      .toReversed()
  }

  function advance(state: State, last: number, first: number, start: number): void {
    if (last > state.pane) close(state, last)
    drop(state, start)
    if (first !== state.first) {
      forget(state, first)
      state.suffixesFrom = state.head
      state.suffixes = suffixesOf(state, first)
    }
    state.between = range(state.nodes, first + 1, last - 1)
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
      nodes: Array.from({ length: TOP + 1 }, () => new Map<number, Acc | undefined>()),
      last: -1,
      first: -1,
      between: empty,
      suffixes: [],
      suffixesFrom: 0,
      older: undefined,
    }),
    add(state, at, x) {
      const pane = Math.floor(at / length)
      if (pane > state.pane) close(state, pane)
      else if (at < (state.times.at(-1) ?? 0)) throw new RangeError(`T went back to ${at}`)
      state.filling = add(state.filling ?? empty, x)
      state.times.push(at)
      state.values.push(x)
    },
    value(state, now) {
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
      return state.filling === undefined ? older : merge(older, state.filling)
    },
  }
}
