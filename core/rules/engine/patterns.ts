import type { Frame } from '../frame.ts'
import { patternDue, patternExpire, patternRenew } from '../pattern/expire.ts'
import { patternInitial, type Ended, type PatternEnd, type PatternState } from '../pattern/state.ts'
import { patternStep } from '../pattern/step.ts'
import type { PreparedPattern } from '../pattern/prepare.ts'
import { fired, setDue } from './firing.ts'
import type { Lineup, Seat } from './lineup.ts'
import { KINDS, type Key, type KeyRule } from './state.ts'
import { write } from './write.ts'

/** The present event, which passed `where`, under a pattern. */
export function evaluatePattern(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, pattern: PreparedPattern): void {
  const { frame } = lineup
  of.event = frame.event
  const { earlier } = seat.program
  if (earlier > 0) frame.earlier = of.earlier?.get(frame.event.stream) ?? NONE
  const state = (of.pattern ??= patternInitial(pattern))
  const dropped = patternStep(pattern, state, frame, enter(lineup, seat, of, false), pattern.program.trace)
  if (dropped > 0) lineup.effects.count('rule_partials_dropped', dropped)
  if (earlier > 0) {
    keepEarlier(of, frame, earlier)
    frame.earlier = NONE
  }
  if (pattern.isTimed) schedule(lineup, seat, key, of, pattern, state)
}

/** A deadline of the pattern has come. The frame is that of the timer. */
export function runPatternTimer(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, pattern: PreparedPattern): void {
  if (of.pattern === undefined) return
  recall(lineup, of)
  patternExpire(pattern, of.pattern, lineup.frame, enter(lineup, seat, of, true), pattern.program.trace)
  schedule(lineup, seat, key, of, pattern, of.pattern)
}

/** The frame is that of the renewal. */
export function renewPattern(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, pattern: PreparedPattern): void {
  if (of.pattern === undefined) return
  recall(lineup, of)
  patternRenew(pattern, of.pattern, lineup.frame, enter(lineup, seat, of, true), pattern.program.trace)
  if (pattern.isTimed) schedule(lineup, seat, key, of, pattern, of.pattern)
}

const NONE: Frame['earlier'] = []

/** As the last event of the key saw them. */
function recall({ frame }: Lineup, { earlier }: KeyRule): void {
  frame.earlier = earlier?.get(frame.event.stream)?.slice(1) ?? NONE
}

function keepEarlier(of: KeyRule, { event, now }: Frame, most: number): void {
  const earlier = (of.earlier ??= new Map())
  const { stream } = event
  // One more than is asked for: a timer sees them as the last event did.
  const kept = (earlier.get(stream) ?? []).slice(0, most)
  earlier.set(stream, [{ event, at: now }, ...kept])
}

function schedule(
  lineup: Lineup,
  seat: Seat,
  key: Key,
  of: KeyRule,
  pattern: PreparedPattern,
  state: PatternState,
): void {
  const at = patternDue(pattern, state)
  if (at === undefined) of.due = undefined
  else if (of.due?.at !== at) setDue(lineup, seat, key, of, at === state.absenceDue ? KINDS.absence : KINDS.within, at)
}

/** Sets whose pattern is at work; what ends in silence is not told. */
function enter(lineup: Lineup, seat: Seat, of: KeyRule, isTimer: boolean): Ended {
  if (seat.version.status !== 'speaking') return ignore
  lineup.endingSeat = seat
  lineup.endingOf = of
  lineup.isTimer = isTimer
  return lineup.ended
}
const ignore: Ended = () => undefined

/** What ends of patterns become. One for all events of a lineup. */
export function tellEnd(lineup: Lineup, { kind, taken, at }: PatternEnd): void {
  const { frame, endingSeat: seat, endingOf: of, isTimer } = lineup
  if (seat === undefined || of === undefined) return
  const cause = isTimer ? taken.event : frame.event
  const { now } = frame
  frame.now = at
  frame.taken = taken
  if (kind === 'match') fired(lineup, seat, of, at, cause)
  else write(lineup, seat, of, { phase: 'TIMEOUT', reason: undefined, at, cause, suppressed: 0 })
  frame.now = now
  frame.taken = undefined
}
