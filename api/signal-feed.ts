import { setTimeout as sleep } from 'node:timers/promises'
import { opportunityFault } from '../core/derived-check.ts'
import type { Opportunity } from '../core/opportunity.ts'
import { siftOrigins, type OriginSieve } from '../core/origin-sieve.ts'
import type { Derived } from '../core/processor.ts'
import { toMillis, type Micros } from '../core/time.ts'
import type { Delivery, Offset, Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'
import type { Outcome } from './feed.ts'
import type { Signal } from './signal.ts'

/** Longer than any opportunity lives: what a sink that is further behind has not stored is over. */
const LOOK_BACK_MS = 3_600_000
const RETRY_MS = 1000

/** What PostgreSQL holds: the signals that are open, and by topic partition the highest origins stored. */
export type StoredSignals = {
  readonly open: readonly Signal[]
  readonly origins: ReadonlyMap<number, OriginSieve>
}

export type SignalFeedDeps = {
  readonly topic: string
  readonly partitions: number
  readonly ranges: Ranges
  readonly decoder: Decoder<Derived<Opportunity>>
  readonly log: Log
  readonly now: () => Micros
  /** Recorded traffic has times of any age. */
  readonly isRecorded: boolean
  /** First offset of each partition that PostgreSQL does not hold. */
  positions(): Promise<ReadonlyMap<number, Offset>>
  stored(): Promise<StoredSignals>
  restore(signals: readonly Signal[]): void
  take(record: Derived<Opportunity>): void
  /** What became of records. */
  readonly count: (outcome: Outcome, by: number) => void
}

export type SignalFeed = {
  /** Resolves when everything that stood in the topic at the start was taken. */
  readonly caughtUp: Promise<void>
  /** Why nothing comes, if so. */
  problem(): string | undefined
  stop(): Promise<void>
}

/** State first, then the topic from where that state ends, through the origin sieve; tries for ever, from where it broke. */
export function startSignalFeed(deps: SignalFeedDeps): SignalFeed {
  const { topic, ranges, log, count } = deps
  const slots = Array.from({ length: deps.partitions }, (_, partition) => ({ topic, partition }))
  const memory = new Map<number, OriginSieve>()
  const next = new Map<number, Offset>()
  const targets = new Map<number, Offset>()
  const ending = new AbortController()
  let problem: string | undefined = 'starting'
  const { promise: caughtUp, resolve: isCaughtUp } = Promise.withResolvers<void>()

  /** Positions are asked before the state, which may then hold more than they say, never less; the sieve drops the rest. */
  async function locate(): Promise<void> {
    const positions = await deps.positions()
    const { open, origins } = await deps.stored()
    const found = new Map<number, Offset>()
    for (const slot of slots) {
      const { first, end } = await ranges.bounds(slot)
      const earliest = deps.isRecorded ? first : await ranges.atTime(slot, toMillis(deps.now()) - LOOK_BACK_MS)
      const from = Math.max(positions.get(slot.partition) ?? first, first, earliest)
      found.set(slot.partition, Math.min(from, end))
      targets.set(slot.partition, end)
    }
    deps.restore(open)
    memory.clear()
    for (const [partition, sieve] of origins) memory.set(partition, sieve)
    for (const [partition, offset] of found) next.set(partition, offset)
  }

  async function follow(): Promise<void> {
    if (next.size < slots.length) await locate()
    problem = undefined
    settle()
    const from = slots.map((slot) => ({ ...slot, next: next.get(slot.partition) ?? 0 }))
    for await (const delivery of ranges.follow(from, ending.signal)) {
      await accept(delivery)
      settle()
    }
  }

  function settle(): void {
    if (slots.every(({ partition }) => (next.get(partition) ?? 0) >= (targets.get(partition) ?? 0))) isCaughtUp()
  }

  async function accept({ partition, records }: Delivery): Promise<void> {
    const items: Derived<Opportunity>[] = []
    for (const { value } of records) {
      let decoded = deps.decoder.decode(value)
      if (decoded.kind === 'unknown-schema' && (await deps.decoder.learn(decoded.id)))
        decoded = deps.decoder.decode(value)
      if (decoded.kind === 'value' && opportunityFault(decoded.value) === undefined) items.push(decoded.value)
    }
    const known = memory.get(partition) ?? new Map()
    const { fresh, repeats, seen } = siftOrigins(known, items)
    memory.set(partition, new Map([...known, ...seen]))
    for (const record of fresh) deps.take(record)
    count('in', fresh.length)
    count('duplicate', repeats)
    // Faults are only counted: the sink keeps their bytes.
    count('fault', records.length - items.length)
    const last = records.at(-1)
    if (last !== undefined) next.set(partition, last.offset + 1)
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await follow()
      } catch (error) {
        if (ending.signal.aborted) return
        problem = error instanceof Error ? error.message : String(error)
        log.warn({ err: error }, 'signal_feed_interrupted')
        // What is there no more cannot be read from there: begin again with the state.
        if (codeOf(error) === 'OFFSET_OUT_OF_RANGE') next.clear()
        await sleep(RETRY_MS, undefined, { signal: ending.signal }).catch(() => undefined)
      }
    }
  }

  const running = run()
  return {
    caughtUp,
    problem: () => problem,
    async stop() {
      ending.abort()
      await running
    },
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
