import { forgetPanes, keepPane, paneNodes, paneRange, type PaneNodes } from '../../pane-nodes.ts'
import { paneLength } from '../../panes.ts'
import type { Aggregate } from '../../windows/aggregate.ts'
import { MOMENTS, type Moments } from '../../windows/moments.ts'
import type { Frame } from '../frame.ts'
import { doubles, dropPairs, emptyDoubleRing, pushPair, unboxed, type DoubleRing } from './double-ring.ts'

/**
 * Count, mean and squares, or a plain sum, over a sliding window: core/panes.ts with the sums of {@link MOMENTS}, bit for bit, but kept in
 * numbers that change in place. Rules ask for these more than for all else, and an object per addition and merge is most of
 * what those cost. Plain data.
 */
export type SlidingMoments = {
  readonly ring: DoubleRing
  readonly nodes: PaneNodes<Moments>
  /** By the places below. */
  numbers: number[]
  /** Mean and squares of the first pane's events, from the newest one back to each. */
  suffixes: number[]
  /** {@link MARK} itself if this process made the arrays; a copy of it after a restore, when each number is boxed. */
  mark: typeof MARK
}
/** One for all machines, since several read one state; nothing is written to it. */
const MARK = { kind: 'unboxed' } as const

/** The pane that is being filled: n, mean, squares, its number, its end; the sums before the latest event. */
const FILL = 0
const PANE = 3
const PANE_END = 4
const PRIOR = 5
/** Sum of the closed panes between the window's ends. */
const BETWEEN = 8
/** Events of the first pane that are still in the window. */
const OLDEST = 11
/** Suffix and `BETWEEN`, merged; n is -1 if that is to be made. */
const OLDER = 12
/** When T reaches the first, and the window's beginning the second, its ends are in other panes. */
const LAST_END = 15
const FIRST_END = 16
const FIRST = 17
/** Of the latest event. */
const STAMP = 18
/** The latest result, and of what time (-1: none) and lag. */
const AT = 19
const LAG = 20
export const N = 21
export const MEAN = 22
export const SQUARES = 23
const PLACES = 24

const EVENT_BYTES = 16
const PANE_BYTES = 128

/** As SUM of core/windows/aggregate.ts. */
const PLAIN: Aggregate<Moments, number> = {
  empty: MOMENTS.empty,
  add: ({ n, mean }, x) => ({ n: n + 1, mean: mean + x, squares: 0 }),
  merge: (a, b) => (a.n === 0 ? b : b.n === 0 ? a : { n: a.n + b.n, mean: a.mean + b.mean, squares: 0 }),
}

export type SlidingMomentsMachine = {
  initial(this: void): SlidingMoments
  add(this: void, state: SlidingMoments, frame: Frame): void
  held(this: void, state: SlidingMoments): number
  /** The window's sums, at {@link N}, {@link MEAN} and {@link SQUARES}. */
  look(this: void, state: SlidingMoments, frame: Frame, lag: 0 | 1): readonly number[]
}

/** `plain`: the sum itself stands in the place of the mean, and there are no squares. */
export function slidingMoments(
  of: (frame: Frame) => number,
  lengthMicros: number,
  plain: boolean,
): SlidingMomentsMachine {
  const aggregate = plain ? PLAIN : MOMENTS
  const paneMicros = paneLength(lengthMicros)

  function close(state: SlidingMoments, now: number): void {
    const { numbers, nodes } = state
    const n = numbers[FILL] ?? 0
    if (n > 0) keepPane(nodes, numbers[PANE] ?? 0, { n, mean: numbers[FILL + 1] ?? 0, squares: numbers[FILL + 2] ?? 0 })
    const pane = Math.floor(now / paneMicros)
    numbers[FILL] = 0
    numbers[FILL + 1] = 0
    numbers[FILL + 2] = 0
    numbers[PRIOR] = 0
    numbers[PANE] = pane
    numbers[PANE_END] = (pane + 1) * paneMicros
  }

  function drop({ ring, numbers }: SlidingMoments, start: number): void {
    const dropped = dropPairs(ring, start)
    if (dropped === 0) return
    numbers[OLDER] = -1
    numbers[OLDEST] = Math.max(0, (numbers[OLDEST] ?? 0) - dropped)
  }

  function makeSuffixes({ ring: { pairs, head, count }, numbers, suffixes }: SlidingMoments, after: number): void {
    const mask = pairs.length - 1
    let oldest = 0
    while (oldest < count && (pairs[(2 * (head + oldest)) & mask] ?? 0) < after) oldest++
    let mean = 0
    let squares = 0
    for (let n = 1; n <= oldest; n++) {
      const x = pairs[((2 * (head + oldest - n)) & mask) + 1] ?? 0
      if (plain) mean += x
      else {
        const d = x - mean
        mean += d / n
        squares += d * (x - mean)
      }
      suffixes[2 * n] = mean
      suffixes[2 * n + 1] = squares
    }
    numbers[OLDEST] = oldest
  }

  function advance(state: SlidingMoments, now: number, start: number): void {
    const { numbers, nodes } = state
    if (now >= (numbers[PANE_END] ?? 0)) close(state, now)
    drop(state, start)
    const last = Math.floor(now / paneMicros)
    if (start >= (numbers[FIRST_END] ?? 0)) {
      const first = Math.floor(start / paneMicros)
      numbers[FIRST] = first
      numbers[FIRST_END] = (first + 1) * paneMicros
      forgetPanes(nodes, first)
      makeSuffixes(state, (first + 1) * paneMicros)
    }
    const { n, mean, squares } = paneRange(aggregate, nodes, (numbers[FIRST] ?? 0) + 1, last - 1)
    numbers[BETWEEN] = n
    numbers[BETWEEN + 1] = mean
    numbers[BETWEEN + 2] = squares
    numbers[LAST_END] = (last + 1) * paneMicros
    numbers[OLDER] = -1
  }

  function unbox(state: SlidingMoments): void {
    state.numbers = unboxed(state.numbers)
    state.suffixes = unboxed(state.suffixes)
    state.ring.pairs = unboxed(state.ring.pairs)
    state.mark = MARK
  }

  return {
    initial() {
      const numbers = doubles(PLACES)
      numbers[OLDER] = -1
      numbers[STAMP] = -1
      numbers[AT] = -1
      numbers[FIRST_END] = -Infinity
      return { ring: emptyDoubleRing(), nodes: paneNodes(), numbers, suffixes: doubles(2), mark: MARK }
    },
    add(state, frame) {
      const x = of(frame)
      if (Number.isNaN(x)) return
      if (state.mark !== MARK) unbox(state)
      const { now } = frame
      const { numbers } = state
      if (now >= (numbers[PANE_END] ?? 0)) {
        close(state, now)
        // What nobody looks at lets go of what is past too.
        if ((numbers[LAST_END] ?? 0) < now - lengthMicros) {
          drop(state, now - lengthMicros)
          forgetPanes(state.nodes, Math.floor((now - lengthMicros) / paneMicros))
        }
      }
      const before = numbers[FILL] ?? 0
      const mean = numbers[FILL + 1] ?? 0
      const squares = numbers[FILL + 2] ?? 0
      numbers[PRIOR] = before
      numbers[PRIOR + 1] = mean
      numbers[PRIOR + 2] = squares
      const n = before + 1
      const d = x - mean
      const m = plain ? mean + x : mean + d / n
      numbers[FILL] = n
      numbers[FILL + 1] = m
      numbers[FILL + 2] = plain ? 0 : squares + d * (x - m)
      pushPair(state.ring, now, x)
      numbers[STAMP] = frame.stamp
      numbers[AT] = -1
    },
    held: ({ ring, nodes }) => EVENT_BYTES * ring.count + PANE_BYTES * (nodes[0]?.size ?? 0),
    look(state, frame, wanted) {
      if (state.mark !== MARK) unbox(state)
      const { numbers } = state
      const { now } = frame
      const lag = wanted === 1 && numbers[STAMP] === frame.stamp ? 1 : 0
      if (numbers[AT] === now && numbers[LAG] === lag) return numbers
      numbers[AT] = now
      numbers[LAG] = lag
      const start = now - lengthMicros
      if (now >= (numbers[LAST_END] ?? 0) || start >= (numbers[FIRST_END] ?? 0)) advance(state, now, start)
      else drop(state, start)
      if ((numbers[OLDER] ?? 0) < 0) makeOlder(numbers, state.suffixes, plain)
      merge(numbers, OLDER, lag === 0 ? FILL : PRIOR, N, plain)
      return numbers
    },
  }
}

/** merge(A, B) of rules.md section 7. */
function makeOlder(numbers: number[], suffixes: readonly number[], plain: boolean): void {
  const n = numbers[OLDEST] ?? 0
  numbers[OLDER] = n
  numbers[OLDER + 1] = n === 0 ? 0 : (suffixes[2 * n] ?? 0)
  numbers[OLDER + 2] = n === 0 ? 0 : (suffixes[2 * n + 1] ?? 0)
  merge(numbers, OLDER, BETWEEN, OLDER, plain)
}

/** The sums at `a` and those at `b`, newer, are merged into those at `to`. */
function merge(numbers: number[], a: number, b: number, to: number, plain: boolean): void {
  const an = numbers[a] ?? 0
  const bn = numbers[b] ?? 0
  if (an === 0 || bn === 0) {
    const from = an === 0 ? b : a
    numbers[to] = numbers[from] ?? 0
    numbers[to + 1] = numbers[from + 1] ?? 0
    numbers[to + 2] = numbers[from + 2] ?? 0
    return
  }
  const am = numbers[a + 1] ?? 0
  const n = an + bn
  if (plain) {
    numbers[to] = n
    numbers[to + 1] = am + (numbers[b + 1] ?? 0)
    return
  }
  const d = (numbers[b + 1] ?? 0) - am
  numbers[to + 2] = (numbers[a + 2] ?? 0) + (numbers[b + 2] ?? 0) + (d * d * an * bn) / n
  numbers[to] = n
  numbers[to + 1] = am + (d * bn) / n
}
