import { isMicros, type Micros } from '../../time.ts'
import type { Frame } from '../frame.ts'
import { oldest, oldestLive, removeOldest, told } from './partials.ts'
import type { PreparedPattern, Work } from './prepare.ts'
import { complete, release } from './skip.ts'
import type { Ended, PartialMatch, PatternState } from './state.ts'
import type { PatternTrace } from './trace.ts'

/** The next time at which something is written without an event: `patternExpire` is to be called when T reaches it. */
export function patternDue(pattern: PreparedPattern, state: PatternState): Micros | undefined {
  if (!pattern.isTimed) return undefined
  let due = state.absenceDue
  if (pattern.program.onTimeout || state.waiting.length > 0) {
    const first = oldestLive(state)
    if (first !== undefined) due = Math.min(due, first.first.at + pattern.program.withinMicros)
  }
  return isMicros(due) ? due : undefined
}

/** Runs all deadlines up to `frame.now`, in their order. */
export function patternExpire(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  ended: Ended,
  trace?: PatternTrace,
): void {
  expireInto(pattern, state, frame.now, trace)
  if (pattern.work.ends.length > 0) tell(pattern.work, ended)
}

/**
 * Frees the state from all that was before the last `within` (rules.md section 6): waiting matches are written as if older
 * partials were dead, and what skips dropped is alive again, as with `skip: none`.
 */
export function patternRenew(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  ended: Ended,
  trace?: PatternTrace,
): void {
  expireInto(pattern, state, frame.now, trace)
  if (pattern.isLeftmost) {
    release(pattern, state, frame.now, true, trace)
    for (const one of state.scanned) one.isPruned = false
    for (const { order } of state.buckets) for (const one of order) one.isPruned = false
    if (pattern.hasAbsence) state.absenceDue = absenceDueOf(pattern, state)
  }
  if (pattern.work.ends.length > 0) tell(pattern.work, ended)
}

/** Runs the deadlines up to `now`: absences before timeouts of the same moment. */
export function expireInto(
  pattern: PreparedPattern,
  state: PatternState,
  now: number,
  trace: PatternTrace | undefined,
): void {
  const { program, work } = pattern
  for (;;) {
    const first = oldest(state)
    const timeout = first === undefined ? Infinity : first.first.at + program.withinMicros
    const due = Math.min(timeout, state.absenceDue)
    if (due > now || !isMicros(due)) {
      state.quietUntil = due
      return
    }
    if (state.absenceDue <= timeout) {
      completeAbsences(pattern, state, due, trace)
    } else if (first !== undefined) {
      removeOldest(pattern, state, first)
      if (trace !== undefined) told(pattern, first, 'within', due, trace)
      if (program.onTimeout && !first.isPruned) work.ends.push({ kind: 'timeout', taken: first.taken, at: due })
      if (state.waiting.length > 0) release(pattern, state, due, false, trace)
    }
    if (pattern.hasAbsence) state.absenceDue = absenceDueOf(pattern, state)
  }
}

function completeAbsences(
  pattern: PreparedPattern,
  state: PatternState,
  due: Micros,
  trace: PatternTrace | undefined,
): void {
  const { scanned } = state
  let kept = 0
  for (const one of scanned) {
    if (absenceOf(pattern, one) > due) scanned[kept++] = one
    else if (!one.isPruned) pattern.work.matches.push({ taken: one.taken, first: one.first })
  }
  scanned.length = kept
  complete(pattern, state, due, trace)
}

/** The earliest deadline of a last `not … for`. */
export function absenceDueOf(pattern: PreparedPattern, { scanned }: PatternState): number {
  let due = Infinity
  for (const one of scanned) due = Math.min(due, absenceOf(pattern, one))
  return due
}

function absenceOf({ stages }: PreparedPattern, { stage, times, taken }: PartialMatch): number {
  const at = stages[stage]
  if (at?.forMicros === undefined || !at.ends || times < at.least) return Infinity
  return taken.at + at.forMicros
}

/** Tells of what was written, now that the state is whole. */
export function tell(work: Work, ended: Ended): void {
  const { ends } = work
  work.ends = []
  for (const end of ends) ended(end)
}
