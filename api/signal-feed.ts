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
import { followTopic, valuesOf, type Bounds, type TopicFollower } from './topic-follower.ts'

/** Longer than any opportunity lives: what a sink that is further behind has not stored is over. */
const LOOK_BACK_MS = 3_600_000

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

/** State first, then the topic from where that state ends, through the origin sieve. */
export function startSignalFeed(deps: SignalFeedDeps): TopicFollower {
  const { ranges, count } = deps
  const memory = new Map<number, OriginSieve>()

  /** Positions are asked before the state, which may then hold more than they say, never less; the sieve drops the rest. */
  async function locate(bounds: readonly Bounds[]): Promise<ReadonlyMap<number, Offset>> {
    const positions = await deps.positions()
    const { open, origins } = await deps.stored()
    const found = new Map<number, Offset>()
    for (const { first, end, ...slot } of bounds) {
      const earliest = deps.isRecorded ? first : await ranges.atTime(slot, toMillis(deps.now()) - LOOK_BACK_MS)
      const from = Math.max(positions.get(slot.partition) ?? first, first, earliest)
      found.set(slot.partition, Math.min(from, end))
    }
    deps.restore(open)
    memory.clear()
    for (const [partition, sieve] of origins) memory.set(partition, sieve)
    return found
  }

  async function accept({ partition, records }: Delivery): Promise<void> {
    const items = await valuesOf(deps.decoder, records, opportunityFault)
    const known = memory.get(partition) ?? new Map()
    const { fresh, repeats, seen } = siftOrigins(known, items)
    memory.set(partition, new Map([...known, ...seen]))
    for (const record of fresh) deps.take(record)
    count('in', fresh.length)
    count('duplicate', repeats)
    // Faults are only counted: the sink keeps their bytes.
    count('fault', records.length - items.length)
  }

  return followTopic({ ...deps, interrupted: 'signal_feed_interrupted', locate, accept })
}
