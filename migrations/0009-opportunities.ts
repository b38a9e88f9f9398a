import { sql, type Kysely } from 'kysely'

/**
 * Opportunities: one row each with its newest state, and one per record of its life for charts. Kept 30 days, as the topic
 * keeps them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.opportunities (
  opportunity_id text collate "C" primary key,
  kind text collate "C" not null,
  phase text collate "C" not null,
  base text collate "C" not null,
  buy_exchange text collate "C",
  buy_symbol text collate "C",
  sell_exchange text collate "C",
  sell_symbol text collate "C",
  legs jsonb not null,
  opened_at timestamptz not null,
  updated_at timestamptz not null,
  closed_at timestamptz,
  ends_by timestamptz not null,
  feed text collate "C" not null,
  gross_bps double precision not null,
  edge_bps double precision not null,
  open_edge_bps double precision,
  peak_bps double precision not null,
  time_weighted_bps double precision not null,
  size numeric not null,
  notional numeric not null,
  profit numeric not null,
  peak_profit numeric not null,
  profit_time numeric not null,
  numeraire text collate "C" not null,
  costs_epoch bigint not null,
  reason text collate "C",
  restricted boolean not null,
  updates bigint not null,
  duration_ms double precision not null,
  executable_after jsonb not null,
  ttl_ms bigint not null,
  partition integer not null,
  log_offset bigint not null,
  processor text collate "C" not null,
  origin_version integer not null,
  origin_part integer not null,
  origin_offset bigint not null,
  origin_ordinal integer not null,
  stored_at timestamptz not null default now()
) with (fillfactor = 70);
create index opportunities_open on public.opportunities (edge_bps desc) where closed_at is null;
create index opportunities_opened_at on public.opportunities (opened_at, opportunity_id);
create index opportunities_base on public.opportunities (base, opened_at);
create index opportunities_buy_exchange on public.opportunities (buy_exchange, opened_at);
create index opportunities_sell_exchange on public.opportunities (sell_exchange, opened_at);
create index opportunities_peak_bps on public.opportunities (peak_bps);
create index opportunities_stored_at on public.opportunities using brin (stored_at);
comment on table public.opportunities is 'Opportunities between prices, each with its newest state. One that has passed ends_by has ended, with or without closed_at. Kept 30 days.';
comment on column public.opportunities.opportunity_id is 'Letter of its kind, and partition, offset and ordinal of the record of crypto-prices.ticks that made it a candidate.';
comment on column public.opportunities.kind is 'CROSS_EXCHANGE, TRIANGULAR or STATISTICAL.';
comment on column public.opportunities.phase is 'OPEN, UPDATE or CLOSE: what its newest record is.';
comment on column public.opportunities.base is 'The asset that is bought and sold.';
comment on column public.opportunities.buy_exchange is 'Exchange of the first leg that buys; null if none does.';
comment on column public.opportunities.buy_symbol is 'Symbol of that leg.';
comment on column public.opportunities.sell_exchange is 'Exchange of the first leg that sells; null if none does.';
comment on column public.opportunities.sell_symbol is 'Symbol of that leg.';
comment on column public.opportunities.legs is 'What to do where, in that order: exchange, symbol, side, price, size, fee, rate, ages, and the evidence: the quote with its place in the log. Times are microseconds since the epoch.';
comment on column public.opportunities.opened_at is 'When it opened (partition clock).';
comment on column public.opportunities.updated_at is 'Moment of its newest record (partition clock).';
comment on column public.opportunities.closed_at is 'When it closed; null: no CLOSE yet. Look at ends_by too.';
comment on column public.opportunities.ends_by is 'opened_at rounded up to a multiple of ttl_ms: every opportunity is cut there.';
comment on column public.opportunities.feed is 'LIVE, SIMULATED or RECORDED; SIMULATED if any leg is.';
comment on column public.opportunities.gross_bps is 'Before fees, basis points of the cost.';
comment on column public.opportunities.edge_bps is 'After fees and conversion, basis points of the cost.';
comment on column public.opportunities.open_edge_bps is 'edge_bps when it opened; null if that record was not seen.';
comment on column public.opportunities.peak_bps is 'Greatest edge so far, basis points.';
comment on column public.opportunities.time_weighted_bps is 'Integral of the edge over time by duration, basis points; at OPEN its edge.';
comment on column public.opportunities.size is 'Base units that touches, lots and the cap allow.';
comment on column public.opportunities.notional is 'Cost of size, in the numeraire.';
comment on column public.opportunities.profit is 'What is left after all fees, in the numeraire.';
comment on column public.opportunities.peak_profit is 'Greatest profit so far, in the numeraire.';
comment on column public.opportunities.profit_time is 'Integral of the profit over time, numeraire times seconds.';
comment on column public.opportunities.numeraire is 'Asset of notional and profit.';
comment on column public.opportunities.costs_epoch is 'Epoch of the configuration (document arbitrage) in force.';
comment on column public.opportunities.reason is 'Why it closed: edge, down, gap, crossed, stale, lag, rate, depth, ttl, config, mean, stop or broken.';
comment on column public.opportunities.restricted is 'Whether a leg''s exchange is closed to most (capital controls).';
comment on column public.opportunities.updates is 'Records between OPEN and the newest.';
comment on column public.opportunities.duration_ms is 'From opened_at to the newest record, milliseconds.';
comment on column public.opportunities.executable_after is 'On CLOSE, for each delay after opening: delayMs, edgeBps, executable; both absent where ttl or configuration cut it before. Else empty.';
comment on column public.opportunities.ttl_ms is 'Longest life, milliseconds.';
comment on column public.opportunities.partition is 'Kafka partition of its newest record.';
comment on column public.opportunities.log_offset is 'Kafka offset of its newest record.';
comment on column public.opportunities.processor is 'Processor that found it.';
comment on column public.opportunities.origin_version is 'Version of its code.';
comment on column public.opportunities.origin_part is 'Input partition that it was found in.';
comment on column public.opportunities.origin_offset is 'Offset of the input record that caused the newest record.';
comment on column public.opportunities.origin_ordinal is 'Rank of the newest record among the outputs of that input record.';
comment on column public.opportunities.stored_at is 'When it was first stored (start of its transaction).';

create table public.opportunity_records (
  opportunity_id text collate "C" not null,
  origin_offset bigint not null,
  origin_ordinal integer not null,
  at timestamptz not null,
  phase text collate "C" not null,
  gross_bps double precision not null,
  edge_bps double precision not null,
  size numeric not null,
  notional numeric not null,
  profit numeric not null,
  partition integer not null,
  log_offset bigint not null,
  stored_at timestamptz not null default now(),
  primary key (opportunity_id, origin_offset, origin_ordinal)
);
create index opportunity_records_stored_at on public.opportunity_records using brin (stored_at);
comment on table public.opportunity_records is 'Each record of an opportunity''s life, in the order of (origin_offset, origin_ordinal). Kept 30 days.';
comment on column public.opportunity_records.opportunity_id is 'The opportunity.';
comment on column public.opportunity_records.origin_offset is 'Offset of the input record that caused it.';
comment on column public.opportunity_records.origin_ordinal is 'Rank among the outputs of that input record.';
comment on column public.opportunity_records.at is 'Its moment (partition clock, or the deadline that passed).';
comment on column public.opportunity_records.phase is 'OPEN, UPDATE or CLOSE.';
comment on column public.opportunity_records.gross_bps is 'Before fees, basis points of the cost.';
comment on column public.opportunity_records.edge_bps is 'After fees and conversion, basis points of the cost.';
comment on column public.opportunity_records.size is 'Base units that touches, lots and the cap allow.';
comment on column public.opportunity_records.notional is 'Cost of size, in the numeraire.';
comment on column public.opportunity_records.profit is 'What is left after all fees, in the numeraire.';
comment on column public.opportunity_records.partition is 'Kafka partition of the record.';
comment on column public.opportunity_records.log_offset is 'Kafka offset of the record.';
comment on column public.opportunity_records.stored_at is 'When it was stored (start of its transaction).';

comment on column public.system_events.service is 'Role of the process that says so, or name of the processor that found it.';
comment on column public.system_events.instance is 'Which process: host, pid and start time; of a finding the processor''s partition.';
comment on column public.system_events.sequence is 'Counts the instance''s events from 0; of a finding the offset of the tick that caused it times 1000, plus its rank.';
comment on column public.system_events.kind is 'STARTED, STOPPED, CONNECTED, DISCONNECTED, GAP, FAULT, COMMAND, NOTE or QUALITY (a finding in the ticks; details.finding says which).';
create index system_events_kind_time on public.system_events (kind, time);

grant select, insert, update, delete on public.opportunities to ingest_rw;
grant select, insert, delete on public.opportunity_records to ingest_rw;
grant select on public.opportunities, public.opportunity_records to api_ro;
`)
    .execute(db)
}
