import { MEMORY, SESSION_MEMORY, isTimeless, timeOf } from './partition-clock.ts'
import type { Logged, Stage } from './processor.ts'
import { sessionKey } from './sieve.ts'
import type { Control, Tick } from './tick.ts'
import { micros, type Micros } from './time.ts'

/** A control document's body, parsed: `io/` opens it before a step sees it. */
export type OpenControl = Omit<Control, 'body'> & { readonly document: unknown }
export type OpenTick = Omit<Tick, 'payload'> & { readonly payload: Exclude<Tick['payload'], Control> | OpenControl }

/** Whether a tick is what a step reads as it is; the others have a body to be opened. */
export const isOpen = (tick: Tick): tick is Tick & OpenTick => tick.payload.kind !== 'control'

/**
 * A tick that came for the first time and not too late. `now` is the partition clock T with this record, `before` without
 * it (equal to `now` at the first record); timers due up to `now` run before the record itself.
 */
export type Arrival = {
  readonly kind: 'tick'
  readonly tick: OpenTick
  readonly partition: number
  readonly offset: number
  readonly time: Micros
  readonly before: Micros
  readonly now: Micros
}

type Seen = { highest: number; at: Micros }
/** Large state, changed in place. `seen` by session, oldest first; `now` is undefined until the first record. */
export type ArrivalsState = { now: Micros | undefined; readonly seen: Map<string, Seen> }

/** A cheap sweep: sessions are few, and their age is asked at each look-up anyway. */
const SWEEP_ABOVE = 64

/**
 * The head of every processor of ticks: the tick sieve, the partition clock, the late ones. A record whose ordinal is not
 * above its session's highest is a repeat and drops out before it can move T; one at or before T - 10 min is late. A session
 * without a record for 11 min of T is forgotten: its repeats are late by then. A Control record has no time: it takes place at T.
 */
export const arrivals: Stage<ArrivalsState, Logged<OpenTick>, Arrival> = {
  initial: () => ({ now: undefined, seen: new Map() }),
  step(state, record, { emit, count }) {
    const { partition, offset, value: tick } = record
    const key = sessionKey(tick)
    const time = timeOf(record)
    const before = state.now ?? time
    const seen = state.seen.get(key)
    if (seen !== undefined && seen.at > before - SESSION_MEMORY && tick.ordinal <= seen.highest)
      return count('duplicate')
    const timeless = isTimeless(tick)
    if (!timeless && time <= before - MEMORY) return count('late')
    const now = micros(Math.max(before, time))
    // T begins with the first record that has a time.
    if (!timeless || state.now !== undefined) state.now = now
    if (seen === undefined) {
      if (state.seen.size >= SWEEP_ABOVE) sweep(state.seen, now)
      state.seen.set(key, { highest: tick.ordinal, at: now })
    } else {
      seen.highest = tick.ordinal
      seen.at = now
    }
    emit({ kind: 'tick', tick, partition, offset, time: timeless ? now : time, before, now })
  },
}

function sweep(seen: Map<string, Seen>, now: Micros): void {
  for (const [key, { at }] of seen) if (at <= now - SESSION_MEMORY) seen.delete(key)
}
