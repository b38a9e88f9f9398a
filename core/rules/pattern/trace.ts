import type { Micros } from '../../time.ts'
import type { RuleEvent } from '../events.ts'
import type { Taken } from '../frame.ts'

export type LostReason = 'guard' | 'until' | 'contiguity' | 'within' | 'maxPartials' | 'skip'

/**
 * A partial that ended without going on. `stage`: how many taking steps it had entered; `waited`: the name, by its place among
 * the pattern's, that was to come next, `undefined`: nothing, it waited for the time of a last `not`; `by`: the event that a `not`
 * or `until` held for.
 */
export type Lost = {
  readonly taken: Taken
  readonly stage: number
  readonly waited: number | undefined
  readonly why: LostReason
  readonly at: Micros
  readonly by?: RuleEvent
}

/**
 * Told of what patterns do not write, for "why not" (rules.md section 13). Prepare the pattern without thresholds for it: partials
 * that these pass over are not tested one by one.
 */
export type PatternTrace = {
  readonly lost: (lost: Lost) => void
  /** The partial's condition for the step of this name was not met by the present event; `frame.taken` is the partial's. */
  readonly missed: (name: number) => void
}

/** Which of two partials got further: by the steps it entered, then by the events it took. */
export const isFurther = (one: Pick<Lost, 'stage' | 'taken'>, other: Pick<Lost, 'stage' | 'taken'>): boolean =>
  one.stage > other.stage || (one.stage === other.stage && one.taken.depth > other.taken.depth)
