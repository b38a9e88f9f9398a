import { opportunityFault } from '../core/derived-check.ts'
import type { Opportunity } from '../core/opportunity.ts'
import type { Derived, Origin } from '../core/processor.ts'
import type { Decoder } from '../io/registry.ts'
import { columnsOf, namesOf, unnested } from './columns.ts'
import { DEADLINE_MS, type Statement } from './database.ts'
import { opportunityRows, type OpportunityRow } from './opportunity-rows.ts'
import { SEEN, adoptOrigins, freshByOrigin, originColumns, recallOrigins, type OriginMemory } from './origin-memory.ts'
import { MOVED, moveValues, type Move } from './resume.ts'
import type { Entry, Sink } from './sink.ts'

const CONSUMER = 'sink-opportunities'

const state = columnsOf<OpportunityRow>()
const STATE = [
  state.text('opportunity_id', ({ record }) => record.opportunityId),
  state.text('kind', ({ record }) => record.kind),
  state.text('phase', ({ record }) => record.phase),
  state.text('base', ({ record }) => record.base),
  state.text('buy_exchange', ({ buy }) => buy?.exchange),
  state.text('buy_symbol', ({ buy }) => buy?.symbol),
  state.text('sell_exchange', ({ sell }) => sell?.exchange),
  state.text('sell_symbol', ({ sell }) => sell?.symbol),
  state.text('legs', ({ record }) => JSON.stringify(record.legs)),
  state.time('opened_at', ({ openedAt }) => openedAt),
  state.time('updated_at', ({ record }) => record.at),
  state.time('ends_by', ({ endsBy }) => endsBy),
  state.text('feed', ({ record }) => record.feed),
  state.double('gross_bps', ({ record }) => record.grossBps),
  state.double('edge_bps', ({ record }) => record.edgeBps),
  state.double('open_edge_bps', ({ openEdgeBps }) => openEdgeBps),
  state.double('peak_bps', ({ peakBps }) => peakBps),
  state.double('time_weighted_bps', ({ timeWeightedBps }) => timeWeightedBps),
  state.numeric('size', ({ record }) => record.size),
  state.numeric('notional', ({ record }) => record.notional),
  state.numeric('profit', ({ record }) => record.profit),
  state.numeric('peak_profit', ({ peakProfit }) => peakProfit),
  state.numeric('profit_time', ({ profitTime }) => profitTime),
  state.text('numeraire', ({ record }) => record.numeraire),
  state.bigint('costs_epoch', ({ record }) => record.costsEpoch),
  state.text('reason', ({ record }) => record.reason),
  state.boolean('restricted', ({ record }) => record.restricted),
  state.bigint('updates', ({ updates }) => updates),
  state.double('duration_ms', ({ durationMs }) => durationMs),
  state.text('executable_after', ({ record }) => JSON.stringify(record.executableAfter)),
  state.bigint('ttl_ms', ({ record }) => record.ttlMs),
  state.bigint('log_offset', ({ offset }) => offset),
  state.text('processor', ({ record }) => record.origin.processor),
  state.int('origin_version', ({ record }) => record.origin.version),
  state.int('origin_part', ({ record }) => record.origin.partition),
  state.bigint('origin_offset', ({ record }) => record.origin.offset),
  state.int('origin_ordinal', ({ record }) => record.origin.ordinal),
]

const history = columnsOf<Entry<Derived<Opportunity>>>()
const HISTORY = [
  history.text('opportunity_id', ({ value }) => value.opportunityId),
  history.bigint('origin_offset', ({ value }) => value.origin.offset),
  history.int('origin_ordinal', ({ value }) => value.origin.ordinal),
  history.time('at', ({ value }) => value.at),
  history.text('phase', ({ value }) => value.phase),
  history.double('gross_bps', ({ value }) => value.grossBps),
  history.double('edge_bps', ({ value }) => value.edgeBps),
  history.numeric('size', ({ value }) => value.size),
  history.numeric('notional', ({ value }) => value.notional),
  history.numeric('profit', ({ value }) => value.profit),
  history.bigint('log_offset', ({ offset }) => offset),
]

/** The first seven parameters are the move's, the next four the sieve's. */
const FIRST_STATE = 12
const FIRST_HISTORY = FIRST_STATE + STATE.length

const JSONB = new Set(['legs', 'executable_after'])
/** What an opportunity's first record has said stays; the rest is its newest record's. */
const KEPT = new Set(['opportunity_id', 'open_edge_bps'])
const CHANGED = [...STATE.map(({ name }) => name).filter((name) => !KEPT.has(name)), 'closed_at', 'partition']

/** A record that is not newer than what stands changes nothing. */
const TEXT = `
with ${MOVED},
${SEEN},
put_state as (
  insert into public.opportunities as o (${namesOf(STATE)}, closed_at, partition)
  select ${STATE.map(({ name }) => (JSONB.has(name) ? `u.${name}::jsonb` : `u.${name}`)).join(', ')},
         case u.phase when 'CLOSE' then u.updated_at end, moved.part
    from moved, ${unnested(STATE, FIRST_STATE)}
  on conflict (opportunity_id) do update set
    open_edge_bps = coalesce(o.open_edge_bps, excluded.open_edge_bps),
    ${CHANGED.map((name) => `${name} = excluded.${name}`).join(', ')}
  where (o.origin_offset, o.origin_ordinal) < (excluded.origin_offset, excluded.origin_ordinal)
),
put_history as (
  insert into public.opportunity_records (${namesOf(HISTORY)}, partition)
  select u.*, moved.part from moved, ${unnested(HISTORY, FIRST_HISTORY)}
  on conflict do nothing
  returning 1
)
select (select count(*)::int from moved) as moved, (select count(*)::int from put_history) as stored`

/** Records of opportunities to their history, and the newest of each to its row. */
export const opportunitiesSink = (
  topic: string,
  decoder: Decoder<Derived<Opportunity>>,
): Sink<Derived<Opportunity>, OriginMemory> => ({
  consumer: CONSUMER,
  topic,
  decoder,
  faultOf: opportunityFault,
  recall: (database, slot) => recallOrigins(database, CONSUMER, slot),
  fresh: freshByOrigin,
  statement: (move, entries) => opportunitiesStatement(move, entries, originsIn(entries)),
  adopt: adoptOrigins,
})

const originsIn = (entries: readonly Entry<Derived<Opportunity>>[]): readonly Origin[] =>
  entries.map(({ value }) => value.origin)

/** Rows, what the sieve has `seen` and the offset, together or not at all. */
export function opportunitiesStatement(
  move: Move,
  entries: readonly Entry<Derived<Opportunity>>[],
  seen: readonly Origin[],
): Statement {
  const rows = opportunityRows(entries)
  return {
    name: CONSUMER,
    text: TEXT,
    query_timeout: DEADLINE_MS,
    values: [
      ...moveValues(move),
      ...originColumns(seen),
      ...STATE.map(({ arrayOf }) => arrayOf(rows)),
      ...HISTORY.map(({ arrayOf }) => arrayOf(entries)),
    ],
  }
}
