import { timeOf } from '../core/partition-clock.ts'
import { sift } from '../core/sieve.ts'
import { tickFault } from '../core/tick-check.ts'
import type { Tick } from '../core/tick.ts'
import { toMillis, type Micros } from '../core/time.ts'
import type { Delivery, Offset, Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'
import type { Arrival, Remembered } from './board.ts'
import { followTopic, type Bounds, type TopicFollower } from './topic-follower.ts'

/** The log is read from this long before the present, or before the sink's last record: heartbeats come again. */
const LOOK_BACK_MS = 10_000
/** If the sink is further behind, its quotes are not brought up to date but wait for the next ones. */
const MAX_REPLAY_MS = 600_000
const MAX_SESSIONS = 1000

/** `next`: first offset that is not stored, `untilMs`: stamp of the last record that is. */
export type StoredUpTo = { readonly next: Offset; readonly untilMs: number | undefined }

export type FeedDeps = {
  readonly topic: string
  readonly partitions: number
  readonly ranges: Ranges
  readonly decoder: Decoder<Tick>
  readonly log: Log
  readonly now: () => Micros
  /** How far PostgreSQL holds each partition. */
  stored(): Promise<ReadonlyMap<number, StoredUpTo>>
  /** What PostgreSQL remembers; asked before the log is read, and again after a hole in it. */
  remembered(): Promise<readonly Remembered[]>
  restore(prices: readonly Remembered[]): void
  take(arrival: Arrival): void
  /** What became of records. */
  readonly count: (outcome: Outcome, by: number) => void
}

/** What the live side makes of a record of the log. */
export type Outcome = 'in' | 'duplicate' | 'fault'

/** State first, then the log, through the sieve. */
export function startFeed(deps: FeedDeps): TopicFollower {
  const { ranges, count } = deps
  const memory = new Map<number, Map<string, number>>()

  /**
   * Where to begin. What PostgreSQL remembers ends at the sink's position, and a gap or DOWN after that must be seen
   * before a heartbeat may confirm it; where the log does not reach back to there, it is restored as invalid.
   */
  async function locate(bounds: readonly Bounds[]): Promise<ReadonlyMap<number, Offset>> {
    const present = toMillis(deps.now())
    // Asked before the rows: these may then hold more than it says, never less.
    const stored = await deps.stored()
    const found = new Map<number, Offset>()
    const whole = new Set<number>()
    for (const { first, end, ...slot } of bounds) {
      const lookBack = Math.min(end, await ranges.atTime(slot, present - LOOK_BACK_MS))
      const at = stored.get(slot.partition)
      // The sink's last record too is read from some heartbeats before it: a step of 3 s may span it.
      const reread =
        at?.untilMs !== undefined && at.next >= first && at.untilMs >= present - MAX_REPLAY_MS
          ? Math.min(at.next, await ranges.atTime(slot, at.untilMs - LOOK_BACK_MS))
          : undefined
      if (reread !== undefined) whole.add(slot.partition)
      found.set(slot.partition, Math.min(lookBack, reread ?? lookBack))
    }
    const prices = await deps.remembered()
    deps.restore(prices.map((one) => (whole.has(one.partition) ? one : { ...one, isValid: false })))
    // The board may now know less than the sieve has seen: what is read again must pass.
    memory.clear()
    return found
  }

  async function accept({ partition, records }: Delivery): Promise<void> {
    const items: { readonly tick: Tick; readonly timestampMs: number }[] = []
    for (const { value, timestampMs } of records) {
      let decoded = deps.decoder.decode(value)
      // Awaited only here: ten thousand ticks a second shall not cost as many turns of the event loop's queue.
      if (decoded.kind === 'unknown-schema' && (await deps.decoder.learn(decoded.id)))
        decoded = deps.decoder.decode(value)
      if (decoded.kind === 'value' && tickFault(decoded.value) === undefined)
        items.push({ tick: decoded.value, timestampMs })
    }
    const known = memory.get(partition) ?? new Map<string, number>()
    const { fresh, repeats, seen } = sift(known, items)
    memory.set(partition, known)
    remember(known, seen)
    const arrival = deps.now()
    for (const { tick, timestampMs } of fresh)
      deps.take({ partition, tick, time: timeOf({ timestampMs, value: tick }), arrival })
    count('in', fresh.length)
    count('duplicate', repeats)
    // Faults are only counted: the sink keeps their bytes.
    count('fault', records.length - items.length)
  }

  return followTopic({ ...deps, interrupted: 'price_feed_interrupted', locate, accept })
}

/** Sessions in the order they were last heard, the silent ones forgotten first. */
function remember(known: Map<string, number>, seen: ReadonlyMap<string, number>): void {
  for (const [key, ordinal] of seen) {
    known.delete(key)
    known.set(key, ordinal)
  }
  for (const key of known.keys()) {
    if (known.size <= MAX_SESSIONS) return
    known.delete(key)
  }
}
