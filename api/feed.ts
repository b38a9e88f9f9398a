import { setTimeout as sleep } from 'node:timers/promises'
import { sift } from '../core/sieve.ts'
import { tickFault } from '../core/tick-check.ts'
import type { Tick } from '../core/tick.ts'
import { micros, toMillis, type Micros } from '../core/time.ts'
import type { Delivery, Offset, Position, Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Metrics } from '../io/metrics.ts'
import type { Decoder } from '../io/registry.ts'
import type { Arrival } from './board.ts'

/** The log is read from this long before the present: heartbeats and what the sink has not stored yet come again. */
const LOOK_BACK_MS = 10_000
const RETRY_MS = 1000
const MAX_SESSIONS = 1000

export type FeedDeps = {
  readonly topic: string
  readonly partitions: number
  readonly ranges: Ranges
  readonly decoder: Decoder<Tick>
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => Micros
  /** Loads what PostgreSQL remembers; called before the log is read, and again after a hole in it. */
  restore(): Promise<void>
  take(arrival: Arrival): void
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

type Outcome = 'in' | 'duplicate' | 'fault'

/** State first, then the log, through the sieve; a broken connection is tried again for ever, from where it broke. */
export function startFeed(deps: FeedDeps): Feed {
  const { topic, ranges, log } = deps
  const slots = Array.from({ length: deps.partitions }, (_, partition) => ({ topic, partition }))
  const counted = deps.metrics.counter('stage_records_total', 'Records by stage and outcome', ['stage', 'outcome'])
  const count = (outcome: Outcome, by: number): void => counted.labels('price_board', outcome).inc(by)
  const memory = new Map<number, Map<string, number>>()
  const positions = new Map<number, Offset>()
  const targets = new Map<number, Offset>()
  const ending = new AbortController()
  let problem: string | undefined = 'starting'
  const { promise: caughtUp, resolve: isCaughtUp } = Promise.withResolvers<void>()

  async function locate(): Promise<void> {
    const since = toMillis(deps.now()) - LOOK_BACK_MS
    for (const slot of slots) {
      const { end } = await ranges.bounds(slot)
      targets.set(slot.partition, end)
      positions.set(slot.partition, Math.min(end, await ranges.atTime(slot, since)))
    }
    await deps.restore()
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
