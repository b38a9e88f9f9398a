import { micros, type Micros } from '../../time.ts'
import { setTimer } from '../../timers.ts'
import type { RuleEvent } from '../events.ts'
import type { WhenBody } from '../program.ts'
import type { Lineup, Seat } from './lineup.ts'
import { isBefore, KINDS, type Due, type Key, type KeyRule, type Phase } from './state.ts'
import { memoryOf, write } from './write.ts'

/** The present event, which passed `where`, under a rule that knows nothing of its keys. */
export function evaluateKeyless(lineup: Lineup, seat: Seat, { when }: WhenBody): void {
  const { frame } = lineup
  const holds = when.read(frame)
  if (holds === true) {
    write(lineup, seat, undefined, {
      phase: 'FIRED',
      reason: undefined,
      at: frame.now,
      cause: frame.event,
      suppressed: 0,
    })
  } else if (holds === undefined) seat.undecided += 1
}

/** The present event, which passed `where`, under a when-rule: the table of rules.md section 9. */
export function evaluateWhen(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, body: WhenBody): void {
  const { now, event } = lineup.frame
  of.event = event
  const { evidence } = seat.program
  if (evidence.events > 0) remember(of.recent, event, evidence.events, now - memoryOf(seat.program))
  if (seat.version.status !== 'speaking') return
  if (of.phase === 'firing' || of.phase === 'releasing') return goOn(lineup, seat, key, of, body)
  const isTrue = decide(lineup, seat, body)
  if (body.edge === 'every') {
    if (isTrue) fired(lineup, seat, of, now, event)
    return
  }
  if (body.holdMicros > 0) track(of, isTrue, now, body.holdMicros)
  if (of.phase === 'pending') {
    if (!isTrue) move(seat, key, of, 'idle')
  } else if (isTrue && body.holdMicros > 0) {
    waitFrom(lineup, seat, key, of, body, now)
  } else if (isTrue) {
    move(seat, key, of, 'firing')
    of.isWritten = fired(lineup, seat, of, now, event)
  }
}

function goOn(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, body: WhenBody): void {
  const { now, event } = lineup.frame
  const { release, holdMicros } = body
  const asked = release?.when
  // With hysteresis the condition is asked only for what renewal makes of the key.
  const isTrue = asked === undefined || holdMicros > 0 ? decide(lineup, seat, body) : false
  if (holdMicros > 0) track(of, isTrue, now, holdMicros)
  const isReleased = asked === undefined ? !isTrue : asked.read(lineup.frame) === true
  if (of.phase === 'releasing') {
    if (!isReleased) move(seat, key, of, 'firing')
  } else if (isReleased && release !== undefined && release.afterMicros > 0) {
    move(seat, key, of, 'releasing')
    setDue(lineup, seat, key, of, KINDS.release, micros(now + release.afterMicros))
  } else if (isReleased) {
    resolve(lineup, seat, key, of, 'release', now, event)
  }
}

/** Pending since `since`. */
function waitFrom(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, { holdMicros }: WhenBody, since: number): void {
  move(seat, key, of, 'pending')
  setDue(lineup, seat, key, of, KINDS.hold, micros(since + holdMicros))
}

/**
 * What a key is in, and since when, may depend on all that was before: where `release.when` and `when` hold together it goes round
 * for ever, in a rhythm that its first record gave. So renewal makes of it what its last records alone tell: pending since the
 * condition has been true, if that is less than `hold` ago, else idle.
 */
export function renewWhen(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, body: WhenBody, at: Micros): void {
  if (of.event === undefined) return
  resolve(lineup, seat, key, of, 'renew', at, of.event)
  if (of.trueSince > at - body.holdMicros) waitFrom(lineup, seat, key, of, body, of.trueSince)
}

function decide({ frame }: Lineup, seat: Seat, { when }: WhenBody): boolean {
  const holds = when.read(frame)
  if (holds === undefined) seat.undecided += 1
  return holds === true
}

/** At each record and in every phase: it depends on the last records alone. */
function track(of: KeyRule, isTrue: boolean, now: Micros, holdMicros: number): void {
  if (!isTrue) of.trueSince = NaN
  else {
    if (!(now - of.trueAt <= holdMicros) || Number.isNaN(of.trueSince)) of.trueSince = now
    of.trueAt = now
  }
}

/** `hold` or `release.after` has passed. The frame is that of the timer. */
export function runWhenTimer(lineup: Lineup, seat: Seat, { key, of, kind, at }: Due): void {
  const { event } = of
  if (event === undefined) return
  if (kind === KINDS.release) return resolve(lineup, seat, key, of, 'release', at, event)
  move(seat, key, of, 'firing')
  of.isWritten = fired(lineup, seat, of, at, event)
}

/** Ends a firing or what would become one; written only if its FIRED was. */
export function resolve(
  lineup: Lineup,
  seat: Seat,
  key: Key,
  of: KeyRule,
  reason: 'release' | 'renew' | 'rule',
  at: Micros,
  cause: RuleEvent,
): void {
  const { phase } = of
  move(seat, key, of, 'idle')
  if (phase === 'idle' || phase === 'pending' || !of.isWritten || !seat.isResolving) return
  write(lineup, seat, of, { phase: 'RESOLVED', reason, at, cause, suppressed: 0 })
}

/** Writes a FIRED, if no cool-down holds it back. */
export function fired(lineup: Lineup, seat: Seat, of: KeyRule, at: Micros, cause: RuleEvent): boolean {
  const { cooldown } = seat.program
  if (cooldown !== undefined) {
    const { max } = cooldown
    if (max !== undefined) {
      const period = Math.floor(at / max.periodMicros)
      if (period !== of.period) {
        of.period = period
        of.written = 0
      }
    }
    if (at < of.coolUntil || (max !== undefined && of.written >= max.count)) {
      of.suppressed += 1
      lineup.effects.count('rule_suppressed')
      return false
    }
    of.coolUntil = at + cooldown.forMicros
    of.written += 1
  }
  const { suppressed } = of
  of.suppressed = 0
  write(lineup, seat, of, { phase: 'FIRED', reason: undefined, at, cause, suppressed })
  return true
}

/** Changes the phase; a timer of the one before is void. */
export function move(seat: Seat, key: Key, of: KeyRule, phase: Phase): void {
  of.due = undefined
  if ((of.phase === 'idle') !== (phase === 'idle')) {
    const { active } = key
    const { place } = seat.version
    if (phase === 'idle') active.splice(active.indexOf(place), 1)
    else active.push(place)
    seat.space.active += phase === 'idle' ? -1 : 1
  }
  of.phase = phase
}

export function setDue(lineup: Lineup, { version }: Seat, key: Key, of: KeyRule, kind: number, at: Micros): void {
  const { timers } = lineup.state
  const due = { at, kind, version, key, of }
  of.due = due
  setTimer(timers, due, isBefore)
  if (timers.length > lineup.tidyAt) tidyTimers(lineup)
}

/** Takes out the timers that are void: else those of a condition that flickers would pile up until they are due. */
export function tidyTimers(lineup: Lineup): void {
  const { timers } = lineup.state
  // What is sorted is a heap.
  const alive = timers.filter((due) => due.of.due === due).toSorted((a, b) => (isBefore(a, b) ? -1 : 1))
  timers.length = 0
  for (const due of alive) timers.push(due)
  lineup.tidyAt = Math.max(FEW_TIMERS, 2 * alive.length)
}
const FEW_TIMERS = 256

/** Keeps the last `most` events, none from `oldest` or before. */
export function remember(recent: RuleEvent[], event: RuleEvent, most: number, oldest: number): void {
  let old = Math.max(0, recent.length + 1 - most)
  while (old < recent.length && (recent[old]?.at ?? 0) <= oldest) old += 1
  if (old > 0) recent.splice(0, old)
  recent.push(event)
}
