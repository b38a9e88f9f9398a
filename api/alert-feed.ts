import { alertFault } from '../core/alert-fault.ts'
import type { WrittenAlert } from '../core/alert.ts'
import { siftOrigins, type OriginSieve } from '../core/origin-sieve.ts'
import type { Delivery, Offset, Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Decoder } from '../io/registry.ts'
import type { StoredAlerts } from './alert-board.ts'
import type { Outcome } from './feed.ts'
import { followTopic, valuesOf, type Bounds, type TopicFollower } from './topic-follower.ts'

/** Of a partition that no sink has stored anything of: as many as a client may be shown. */
const MOST_UNSTORED = 10_000

export type AlertFeedDeps = {
  readonly topic: string
  readonly partitions: number
  readonly ranges: Ranges
  readonly decoder: Decoder<WrittenAlert>
  readonly log: Log
  /** First offset of each partition that PostgreSQL does not hold. */
  positions(): Promise<ReadonlyMap<number, Offset>>
  /** What PostgreSQL holds, and by topic partition the highest origins stored. */
  stored(): Promise<{ readonly state: StoredAlerts; readonly origins: ReadonlyMap<number, OriginSieve> }>
  restore(state: StoredAlerts): void
  /** Answers whether it was new. */
  take(alert: WrittenAlert): boolean
  /** What became of records. */
  readonly count: (outcome: Outcome, by: number) => void
}

/** State first, then the topic from where that state ends: alerts of rules through the origin sieve, those of services by their id. */
export function startAlertFeed(deps: AlertFeedDeps): TopicFollower {
  const memory = new Map<number, OriginSieve>()

  /** Positions are asked before the state, which may then hold more than they say, never less; the sieve drops the rest. */
  async function locate(bounds: readonly Bounds[]): Promise<ReadonlyMap<number, Offset>> {
    const positions = await deps.positions()
    const { state, origins } = await deps.stored()
    deps.restore(state)
    memory.clear()
    for (const [partition, sieve] of origins) memory.set(partition, sieve)
    return new Map(
      bounds.map(({ partition, first, end }) => {
        const from = Math.max(first, positions.get(partition) ?? end - MOST_UNSTORED)
        return [partition, Math.min(from, end)]
      }),
    )
  }

  async function accept({ partition, records }: Delivery): Promise<void> {
    const alerts = await valuesOf(deps.decoder, records, alertFault)
    const known = memory.get(partition) ?? new Map()
    const ofRules = alerts.flatMap((alert) => (alert.origin === undefined ? [] : [{ origin: alert.origin, alert }]))
    const { fresh, seen } = siftOrigins(known, ofRules)
    memory.set(partition, new Map([...known, ...seen]))
    const firsts = new Set(fresh.map(({ alert }) => alert))
    const taken = alerts.filter((alert) => (alert.origin === undefined || firsts.has(alert)) && deps.take(alert))
    deps.count('in', taken.length)
    deps.count('duplicate', alerts.length - taken.length)
    deps.count('fault', records.length - alerts.length)
  }

  return followTopic({ ...deps, interrupted: 'alert_feed_interrupted', locate, accept })
}
