import { compareOrigins } from '../core/origin-sieve.ts'
import type { Leg, Opportunity } from '../core/opportunity.ts'
import type { Derived } from '../core/processor.ts'
import { MICROS_PER_MILLI, micros, type Micros } from '../core/time.ts'
import type { Entry } from './sink.ts'

/** An opportunity with its newest state among some records. */
export type OpportunityRow = {
  readonly record: Derived<Opportunity>
  readonly offset: number
  readonly openedAt: Micros
  /** Every opportunity is cut at the next multiple of its ttl. */
  readonly endsBy: Micros
  /** Edge of its OPEN, if that is among the records. */
  readonly openEdgeBps: number | undefined
  readonly buy: Leg | undefined
  readonly sell: Leg | undefined
  readonly updates: number
  readonly durationMs: number
  readonly peakBps: number
  readonly peakProfit: number
  readonly timeWeightedBps: number
  readonly profitTime: number
}

/** One row per opportunity: no row may be touched twice by one ON CONFLICT DO UPDATE. */
export function opportunityRows(entries: readonly Entry<Derived<Opportunity>>[]): readonly OpportunityRow[] {
  const rows = new Map<string, OpportunityRow>()
  for (const { value, offset } of entries) {
    const before = rows.get(value.opportunityId)
    const openEdgeBps = value.phase === 'OPEN' ? value.edgeBps : before?.openEdgeBps
    const isNewest = before === undefined || compareOrigins(before.record.origin, value.origin) < 0
    rows.set(value.opportunityId, isNewest ? rowOf(value, offset, openEdgeBps) : { ...before, openEdgeBps })
  }
  return [...rows.values()]
}

function rowOf(record: Derived<Opportunity>, offset: number, openEdgeBps: number | undefined): OpportunityRow {
  const { life, at, ttlMs, edgeBps, profit, legs } = record
  const openedAt = life?.openedAt ?? at
  const ttl = ttlMs * MICROS_PER_MILLI
  return {
    record,
    offset,
    openedAt,
    endsBy: micros(Math.ceil(openedAt / ttl) * ttl),
    openEdgeBps,
    buy: legs.find(({ side }) => side === 'BUY'),
    sell: legs.find(({ side }) => side === 'SELL'),
    // At OPEN nothing has happened yet.
    updates: life?.updates ?? 0,
    durationMs: life?.durationMs ?? 0,
    peakBps: life?.peakBps ?? edgeBps,
    peakProfit: life?.peakProfit ?? profit,
    timeWeightedBps: life?.timeWeightedBps ?? edgeBps,
    profitTime: life?.profitTime ?? 0,
  }
}
