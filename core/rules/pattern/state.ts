import type { Taken } from '../frame.ts'
import type { Micros } from '../../time.ts'
import type { PreparedPattern } from './prepare.ts'

/**
 * What one key has of one pattern. Plain data, changed in place. `scanned` and the buckets together are the partials, each in
 * the order of {@link isOlder}.
 */
export type PatternState = {
  /** Events of the key that the pattern saw. */
  number: number
  /** Partials made so far: of two with the same first event the older one has the lower `created`. */
  created: number
  readonly scanned: PartialMatch[]
  /** One for each stage whose partials are kept by thresholds. */
  readonly buckets: readonly Bucket[]
  /** Matches that wait for older partials, by their first events; of one first event in the order they ended. */
  waiting: Complete[]
  /** The earliest deadline of a last `not … for`; Infinity without any. */
  absenceDue: number
  /** No deadline of any kind stands before it, so that most events need not look. */
  quietUntil: number
}

/** Events taken, the stage, its iterations and what may come next. */
export type PartialMatch = {
  readonly taken: Taken
  readonly first: Taken
  readonly stage: number
  readonly times: number
  /** Alternatives of an `all` that have taken their event, a bit each. */
  readonly done: number
  /** Open options: bit 0 the loop, bit d the exit to the stage d places on. */
  options: number
  readonly created: number
  /** A skip dropped it: it goes on unseen, since renewal brings back what `skip: none` would have. */
  isPruned: boolean
  /** It ended, but a list may still hold it. */
  isGone: boolean
}

export type Complete = { readonly taken: Taken; readonly first: Taken }

/** Partials that wait for one event each, found by thresholds. The heaps may hold some that ended; `order` too. */
export type Bucket = {
  readonly order: PartialMatch[]
  /** Before it stand only partials that ended. */
  head: number
  live: number
  readonly take: ThresholdHeap
  readonly kill: ThresholdHeap
}

/** A binary heap of partials, the lowest key first. */
export type ThresholdHeap = { readonly keys: number[]; readonly partials: PartialMatch[] }

/** A match was completed or, with `onTimeout`, a partial ran out of time. `at`: T, or the deadline of the timer. */
export type PatternEnd = { readonly kind: 'match' | 'timeout'; readonly taken: Taken; readonly at: Micros }

/** Told of each in its order, when the state is whole again; the state's `frame.taken` is for the callee to set. */
export type Ended = (end: PatternEnd) => void

export const patternInitial = ({ heaped }: PreparedPattern): PatternState => ({
  number: 0,
  created: 0,
  scanned: [],
  buckets: heaped.map(() => ({
    order: [],
    head: 0,
    live: 0,
    take: { keys: [], partials: [] },
    kill: { keys: [], partials: [] },
  })),
  waiting: [],
  absenceDue: Infinity,
  quietUntil: Infinity,
})

/**
 * By the first event, then by age. By age alone, which partial `maxPartials` drops would depend on partials of more than
 * `within` ago, and so for ever on where a run began.
 */
export const isOlder = (one: PartialMatch, other: PartialMatch): boolean =>
  one.first.number < other.first.number || (one.first.number === other.first.number && one.created < other.created)
