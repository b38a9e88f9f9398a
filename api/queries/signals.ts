import { z } from 'zod'
import { originKey, type OriginSieve } from '../../core/origin-sieve.ts'
import { CLOSE_REASONS, FEES_IN, OPPORTUNITY_KINDS, PHASES, type OpportunityKind } from '../../core/opportunity.ts'
import { FEEDS, SIDES } from '../../core/tick.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { legOf, type Signal } from '../signal.ts'
import { decimal, iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const absent = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined)
const leg = z.object({
  exchange: text,
  symbol: text,
  side: z.enum(SIDES),
  price: number,
  size: number,
  feeBps: number,
  feeIn: z.enum(FEES_IN),
  rate: number,
  quoteAgeMs: number,
  confirmedAgeMs: number,
  lagMs: absent,
  evidence: z.object({
    partition: number,
    offset: number,
    eventTime: number.transform(micros),
    bid: number,
    bidSize: absent,
    ask: number,
    askSize: absent,
  }),
})
const survival = z.object({
  delayMs: number,
  edgeBps: absent,
  executable: z
    .boolean()
    .nullish()
    .transform((value) => value ?? undefined),
})

const row = z
  .object({
    id: text,
    kind: z.enum(OPPORTUNITY_KINDS),
    state: z.enum(['open', 'closed']),
    phase: z.enum(PHASES),
    base: text,
    legs: z.array(leg.transform(legOf)),
    openedAt: text,
    updatedAt: text,
    closedAt: optional(text),
    endsBy: text,
    feed: z.enum(FEEDS),
    grossBps: number,
    edgeBps: number,
    openEdgeBps: optional(number),
    peakBps: number,
    timeWeightedBps: number,
    size: text,
    notional: text,
    profit: text,
    peakProfit: text,
    profitTime: text,
    numeraire: text,
    costsEpoch: number,
    reason: optional(z.enum(CLOSE_REASONS)),
    restricted: z.boolean(),
    updates: number,
    durationMs: number,
    executableAfter: z.array(survival),
    ttlMs: number,
    processor: text,
    version: number,
    part: number,
    offset: number,
    ordinal: number,
  })
  .transform(({ processor, version, part: partition, offset, ordinal, ...signal }): Signal => {
    return { ...signal, origin: { processor, version, partition, offset, ordinal } }
  })

/** `$1` is the present: what is past its time has ended, with or without CLOSE. */
const OPEN = '(o.closed_at is null and o.ends_by > $1::timestamptz)'
const COLUMNS = `
  o.opportunity_id as id, o.kind, case when ${OPEN} then 'open' else 'closed' end as state, o.phase, o.base, o.legs,
  ${iso('o.opened_at')} as "openedAt", ${iso('o.updated_at')} as "updatedAt", ${iso('o.closed_at')} as "closedAt",
  ${iso('o.ends_by')} as "endsBy", o.feed, o.gross_bps as "grossBps", o.edge_bps as "edgeBps",
  o.open_edge_bps as "openEdgeBps", o.peak_bps as "peakBps", o.time_weighted_bps as "timeWeightedBps",
  ${decimal('o.size')} as size, ${decimal('o.notional')} as notional, ${decimal('o.profit')} as profit,
  ${decimal('o.peak_profit')} as "peakProfit", ${decimal('o.profit_time')} as "profitTime", o.numeraire,
  o.costs_epoch::float8 as "costsEpoch", o.reason, o.restricted, o.updates::float8 as updates,
  o.duration_ms as "durationMs", o.executable_after as "executableAfter", o.ttl_ms::float8 as "ttlMs",
  o.processor, o.origin_version as version, o.origin_part as part, o.origin_offset::float8 as offset,
  o.origin_ordinal as ordinal`

export type SignalsFilter = {
  readonly kind: OpportunityKind | undefined
  readonly symbol: string | undefined
  readonly base: string | undefined
  readonly exchange: string | undefined
  readonly state: 'open' | 'closed' | undefined
  readonly minEdgeBps: number | undefined
  readonly from: Micros
  readonly to: Micros
  /** Opening time and id of the last one of the page before. */
  readonly after: readonly string[] | undefined
  readonly limit: number
}

/**
 * Signals by the time they opened, the newest first: new ones come before the first page and move no other. The state
 * is in the text, so that the few that are open are found by the index of those without CLOSE.
 */
export const selectSignals = (database: Database, now: Micros, filter: SignalsFilter): Promise<readonly Signal[]> =>
  select(
    database,
    row,
    `select ${COLUMNS}
       from public.opportunities o
      where o.opened_at >= $2::timestamptz
        and o.opened_at < $3::timestamptz
        and ($4::text is null or o.kind = $4)
        and ($5::text is null or o.legs @> jsonb_build_array(jsonb_build_object('symbol', $5::text)))
        and ($6::text is null or o.base = $6)
        and ($7::text is null or o.legs @> jsonb_build_array(jsonb_build_object('exchange', $7::text)))
        and ${filter.state === undefined ? 'true' : filter.state === 'open' ? OPEN : `not ${OPEN}`}
        and ($8::float8 is null or o.peak_bps >= $8)
        and ($9::timestamptz is null or (o.opened_at, o.opportunity_id) < ($9, $10::text collate "C"))
      order by o.opened_at desc, o.opportunity_id desc
      limit $11`,
    [
      toIso(now),
      toIso(filter.from),
      toIso(filter.to),
      filter.kind,
      filter.symbol,
      filter.base,
      filter.exchange,
      filter.minEdgeBps,
      filter.after?.[0],
      filter.after?.[1],
      filter.limit,
    ],
  )

export async function selectSignal(database: Database, now: Micros, id: string): Promise<Signal | undefined> {
  const rows = await select(
    database,
    row,
    `select ${COLUMNS} from public.opportunities o where o.opportunity_id = $2`,
    [toIso(now), id],
  )
  return rows[0]
}

const record = z.object({
  at: text,
  phase: z.enum(PHASES),
  grossBps: number,
  edgeBps: number,
  size: text,
  notional: text,
  profit: text,
  origin: z.object({ offset: number, ordinal: number }),
  partition: number,
  offset: number,
})

/** The first records of a signal's life, in their order. */
export const selectSignalRecords = (
  database: Database,
  id: string,
  limit: number,
): Promise<readonly z.output<typeof record>[]> =>
  select(
    database,
    record,
    `select ${iso('at')} as at, phase, gross_bps as "grossBps", edge_bps as "edgeBps", ${decimal('size')} as size,
            ${decimal('notional')} as notional, ${decimal('profit')} as profit,
            jsonb_build_object('offset', origin_offset, 'ordinal', origin_ordinal) as origin,
            partition, log_offset::float8 as offset
       from public.opportunity_records
      where opportunity_id = $1
      order by origin_offset, origin_ordinal
      limit $2`,
    [id, limit],
  )

/** How many signals that are open at once are taken over at the start; there are some dozens. */
const MOST_OPEN = 10_000

/** Signals that have no CLOSE and are not past their time, the ones that opened first first. */
export async function selectOpenSignals(database: Database, now: Micros): Promise<readonly Signal[]> {
  return select(
    database,
    row,
    `select ${COLUMNS} from public.opportunities o where ${OPEN} order by o.opened_at, o.opportunity_id limit $2`,
    [toIso(now), MOST_OPEN],
  )
}

const originRow = z.object({ partition: number, processor: text, part: number, offset: number, ordinal: number })

/**
 * The highest origin stored of each processor and input partition, by the partition of the topic: memory of the sieve. Of
 * the last hour of what is stored; a repeat comes within minutes.
 */
export async function selectSignalOrigins(database: Database): Promise<ReadonlyMap<number, OriginSieve>> {
  const rows = await select(
    database,
    originRow,
    `select distinct on (r.partition, r.processor, r.origin_part)
            r.partition, r.processor, r.origin_part as part, r.origin_offset::float8 as offset, r.origin_ordinal as ordinal
       from public.opportunities r
      where r.opened_at >= (select max(opened_at) from public.opportunities) - interval '1 hour'
      order by r.partition, r.processor, r.origin_part, r.origin_offset desc, r.origin_ordinal desc`,
    [],
  )
  const byPartition = Map.groupBy(rows, ({ partition }) => partition)
  return new Map(
    [...byPartition].map(([partition, own]) => [
      partition,
      new Map(
        own.map(({ processor, part, offset, ordinal }) => [
          originKey({ processor, partition: part }),
          { offset, ordinal },
        ]),
      ),
    ]),
  )
}

/** The newest moment of any opportunity: the present of a recording. */
export async function selectLatestSignal(database: Database): Promise<string | undefined> {
  const rows = await select(
    database,
    z.object({ at: optional(text) }),
    `select ${iso('max(updated_at)')} as at from public.opportunities
      where opened_at >= (select max(opened_at) from public.opportunities) - interval '1 hour'`,
    [],
  )
  return rows[0]?.at
}
