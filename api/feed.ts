import { setTimeout as sleep } from 'node:timers/promises'
import { sift } from '../core/sieve.ts'
import { tickFault } from '../core/tick-check.ts'
import type { Tick } from '../core/tick.ts'
import { micros, toMillis, type Micros } from '../core/time.ts'
import type { Delivery, Offset, Position, Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'
import type { Arrival, Remembered } from './board.ts'

/** The log is read from this long before the present, or before the sink's last record: heartbeats come again. */
const LOOK_BACK_MS = 10_000
/** If the sink is further behind, its quotes are not brought up to date but wait for the next ones. */
const MAX_REPLAY_MS = 600_000
const RETRY_MS = 1000
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

export type Feed = {
  /** Resolves when everything that stood in the log at the start was taken. */
  readonly caughtUp: Promise<void>
  /** Why nothing comes, if so. */
  problem(): string | undefined
  /** Records not read yet; asks the broker. */
  lag(): Promise<number>
  stop(): Promise<void>
}

/** What the live side makes of a record of the log. */
export type Outcome = 'in' | 'duplicate' | 'fault'

/** State first, then the log, through the sieve; a broken connection is tried again for ever, from where it broke. */
export function startFeed(deps: FeedDeps): Feed {
  const { topic, ranges, log, count } = deps
  const slots = Array.from({ length: deps.partitions }, (_, partition) => ({ topic, partition }))
  const memory = new Map<number, Map<string, number>>()
  const positions = new Map<number, Offset>()
  const targets = new Map<number, Offset>()
  const ending = new AbortController()
  let problem: string | undefined = 'starting'
  const { promise: caughtUp, resolve: isCaughtUp } = Promise.withResolvers<void>()

  /**
   * Where to begin. What PostgreSQL remembers ends at the sink's position, and a gap or DOWN after that must be seen
   * before a heartbeat may confirm it; where the log does not reach back to there, it is restored as invalid.
   */
  async function locate(): Promise<void> {
    const present = toMillis(deps.now())
    // Asked before the rows: these may then hold more than it says, never less.
    const stored = await deps.stored()
    const found = new Map<number, Offset>()
    const whole = new Set<number>()
    for (const slot of slots) {
      const { first, end } = await ranges.bounds(slot)
      targets.set(slot.partition, end)
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
    for (const [partition, next] of found) positions.set(partition, next)
  }

  async function follow(): Promise<void> {
    if (positions.size < slots.length) await locate()
    const from: readonly Position[] = slots.map((slot) => ({ ...slot, next: positions.get(slot.partition) ?? 0 }))
    problem = undefined
    settle()
    for await (const delivery of ranges.follow(from, ending.signal)) {
      await accept(delivery)
      settle()
    }
  }

  function settle(): void {
    if (slots.every(({ partition }) => (positions.get(partition) ?? 0) >= (targets.get(partition) ?? 0))) isCaughtUp()
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
    for (const { tick, timestampMs } of fresh) {
      const time = micros(Math.min(tick.receiveTime, timestampMs * 1000 + 999))
      deps.take({ partition, tick, time, arrival })
    }
    count('in', fresh.length)
    count('duplicate', repeats)
    // Faults are only counted: the sink keeps their bytes.
    count('fault', records.length - items.length)
    const last = records.at(-1)
    if (last !== undefined) positions.set(partition, last.offset + 1)
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await follow()
      } catch (error) {
        if (ending.signal.aborted) return
        problem = error instanceof Error ? error.message : String(error)
        log.warn({ err: error }, 'price_feed_interrupted')
        // What is there no more cannot be read from there: begin again at the present.
        if (codeOf(error) === 'OFFSET_OUT_OF_RANGE') positions.clear()
        await sleep(RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined)
      }
    }
  }

  const running = run()
  return {
    caughtUp,
    problem: () => problem,
    async lag() {
      const ends = await Promise.all(slots.map((slot) => ranges.bounds(slot)))
      return ends.reduce((sum, { end }, index) => sum + Math.max(0, end - (positions.get(index) ?? end)), 0)
    },
    async stop() {
      ending.abort()
      await running
    },
  }
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

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
