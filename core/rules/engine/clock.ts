import { MICROS_PER_MINUTE, micros, type Micros } from '../../time.ts'
import { takeTimer } from '../../timers.ts'
import { renewWhen, runWhenTimer } from './firing.ts'
import { forget } from './forget.ts'
import type { Lineup, Seat } from './lineup.ts'
import { renewPattern, runPatternTimer } from './patterns.ts'
import { isBefore, sortedKeys, type Due, type Key, type KeyRule, type Space } from './state.ts'

/** What the clock does beside timers; what it changes in the lineup is seen at once. */
export type Hands = {
  /** Versions whose warm-up ends at `at` take over. */
  readonly takeOver: (lineup: Lineup, at: Micros) => void
  /** A renewal: halted versions listen anew. */
  readonly revive: (lineup: Lineup, at: Micros) => void
  /** The last whole minute that was passed: versions that hold too much are halted. */
  readonly weigh: (lineup: Lineup) => void
}

const DAY_MINUTES = 24 * 60
/** All renewals are multiples of it. */
const LEAST_RENEWAL = 15 * MICROS_PER_MINUTE

/** Whether anything is due up to `now`. */
export const isDue = ({ state, takesOver }: Lineup, now: Micros): boolean =>
  (state.timers[0]?.at ?? Infinity) <= now || takesOver <= now || now >= (state.minute + 1) * MICROS_PER_MINUTE

/** Carries T to `now`: timers, renewals at whole minutes, take-overs, in the order of their times; at one time in this order. */
export function advance(lineup: Lineup, now: Micros, { takeOver, revive, weigh }: Hands): void {
  const { state } = lineup
  const last = Math.floor(now / MICROS_PER_MINUTE)
  let quiet = 0
  for (;;) {
    const timer = state.timers[0]?.at ?? Infinity
    const minute = (state.minute + 1) * MICROS_PER_MINUTE
    const at = Math.min(timer, minute, lineup.takesOver)
    if (at > now) return
    state.now = micros(at)
    if (timer === at) {
      const due = takeTimer(state.timers, isBefore)
      if (due !== undefined && due.of.due === due) runTimer(lineup, due)
      quiet = 0
    } else if (minute === at) {
      state.minute += 1
      if (at % LEAST_RENEWAL === 0) {
        renewAll(lineup, state.now)
        revive(lineup, state.now)
      }
      quiet += 1
      // A day in which nothing was due but renewals: another one finds nothing to renew.
      if (quiet > DAY_MINUTES && lineup.takesOver > now && (state.timers[0]?.at ?? Infinity) > now) state.minute = last
      if (state.minute === last) {
        forget(lineup, state.now)
        weigh(lineup)
      }
    } else {
      takeOver(lineup, state.now)
      quiet = 0
    }
  }
}

/** Sets the frame to a moment without a record, for a rule and a key. */
export function frameAt({ frame, state }: Lineup, seat: Seat, key: Key, of: KeyRule, at: Micros): void {
  seat.key = key
  frame.now = at
  frame.stamp = state.stamp += 1
  frame.slots = key.slots
  frame.taken = undefined
  if (of.event !== undefined) frame.event = of.event
}

function runTimer(lineup: Lineup, due: Due): void {
  const { key, of, at, version } = due
  of.due = undefined
  const seat = lineup.seatOf.get(version)
  if (seat === undefined) return
  frameAt(lineup, seat, key, of, at)
  if (seat.pattern === undefined) runWhenTimer(lineup, seat, due)
  else runPatternTimer(lineup, seat, key, of, seat.pattern)
}

function renewAll(lineup: Lineup, at: Micros): void {
  const keys = new Map<Space, readonly Key[]>()
  for (const seat of lineup.seats) {
    if (at % seat.program.renewMicros !== 0 || seat.isKeyless || isGone(seat)) continue
    const own = keys.get(seat.space) ?? sortedKeys(seat.space)
    keys.set(seat.space, own)
    for (const key of own) {
      const of = key.rules[seat.version.place]
      if (of !== undefined) renew(lineup, seat, key, of, at)
    }
  }
}

const isGone = ({ version: { status } }: Seat): boolean => status === 'ended' || status === 'halted'

/** Frees the key from all that was before the last `hold`, `within`. */
function renew(lineup: Lineup, seat: Seat, key: Key, of: KeyRule, at: Micros): void {
  const { body } = seat.program
  if (body.kind === 'when' && (of.phase !== 'idle' || of.trueSince > at - body.holdMicros)) {
    frameAt(lineup, seat, key, of, at)
    renewWhen(lineup, seat, key, of, body, at)
  } else if (seat.pattern !== undefined && of.pattern !== undefined) {
    frameAt(lineup, seat, key, of, at)
    renewPattern(lineup, seat, key, of, seat.pattern)
  }
  of.coolUntil = 0
  of.written = 0
  of.suppressed = 0
}
