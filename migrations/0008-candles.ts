import { sql, type Kysely } from 'kysely'

/**
 * Candles as the market processor writes them, and what their sinks remember. Seconds are partitioned by day and kept as long as
 * trades; minutes are few, so they lie in one table, kept 30 days (as the topic keeps them): days and hours are made of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
-- Was a view over trade_minutes; the columns keep their names.
drop view if exists public.candles_1m;
delete from ingest.view_sources where view = 'candles_1m';

${table('candles_1m', '')}
${table('candles_1s', ' partition by range (open_time)')}
create index candles_1m_open_time on public.candles_1m (open_time);
create index candles_1m_stored_at on public.candles_1m using brin (stored_at);
create index candles_1s_open_time on public.candles_1s using brin (open_time);
comment on table public.candles_1m is 'One-minute candles of each exchange and across all. Final: made when the minute was over by 2 s, a later trade changes nothing; a minute without trades has none. Kept 30 days.';
comment on table public.candles_1s is 'One-second candles of each exchange and across all. Final: made when the second was over by 2 s, a later trade changes nothing; a second without trades has none. Partitioned by day of open_time (UTC).';
${['candles_1m', 'candles_1s'].map(comments).join('')}

create table public.candles_1s_default partition of public.candles_1s default;
comment on table public.candles_1s_default is 'Candles of days without a partition. Should be empty: rows here mean a clock that is wrong by days, or old recordings.';
do $$ declare one record; begin
  for one in select attname, col_description('public.candles_1s'::regclass, attnum) as said from pg_attribute
             where attrelid = 'public.candles_1s'::regclass and attnum > 0 and not attisdropped loop
    execute format('comment on column public.candles_1s_default.%I is %L', one.attname, one.said);
  end loop;
end $$;

create table ingest.derived_origins (
  consumer text collate "C" not null,
  topic text collate "C" not null,
  part integer not null,
  processor text collate "C" not null,
  input_part integer not null,
  log_offset bigint not null,
  ordinal integer not null,
  updated_at timestamptz not null default now(),
  primary key (consumer, topic, part, processor, input_part)
) with (fillfactor = 50);
comment on table ingest.derived_origins is 'Memory of the origin sieve: the highest origin stored per processor, its input partition and partition of a derived topic. A record whose origin is not above it is a repeat.';
comment on column ingest.derived_origins.consumer is 'Name of the sink.';
comment on column ingest.derived_origins.topic is 'Kafka topic the sink reads.';
comment on column ingest.derived_origins.part is 'Kafka partition of it.';
comment on column ingest.derived_origins.processor is 'Processor that wrote the records.';
comment on column ingest.derived_origins.input_part is 'Partition of the processor''s input.';
comment on column ingest.derived_origins.log_offset is 'Offset of the input record that caused the last stored one.';
comment on column ingest.derived_origins.ordinal is 'Rank of the last stored one among the outputs of that input record.';
comment on column ingest.derived_origins.updated_at is 'When it last moved.';

create table ingest.rollup_checks (
  day date primary key,
  checked_at timestamptz not null default now(),
  minutes bigint not null,
  drifted bigint not null
);
comment on table ingest.rollup_checks is 'Days (UTC) whose roll-ups were compared with a recomputation from the trades. Kept 30 days.';
comment on column ingest.rollup_checks.day is 'The day.';
comment on column ingest.rollup_checks.checked_at is 'When it was compared, or begun to be.';
comment on column ingest.rollup_checks.minutes is 'Rows that were compared.';
comment on column ingest.rollup_checks.drifted is 'Rows that differ; above 0 is a bug or a damaged table, -1: a process is comparing.';

grant select, insert, delete on public.candles_1m to ingest_rw;
grant select, insert on public.candles_1s to ingest_rw;
grant select on public.candles_1s_default to ingest_rw;
grant select on public.candles_1m, public.candles_1s to api_ro;
grant select, insert, update on ingest.derived_origins to ingest_rw;
grant select, insert, update, delete on ingest.rollup_checks to ingest_rw;

${PARTITION_FUNCTIONS}
`)
    .execute(db)
}

const table = (name: string, partitioned: string): string => `
create table public.${name} (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  open_time timestamptz not null,
  close_time timestamptz not null,
  open numeric not null,
  high numeric not null,
  low numeric not null,
  close numeric not null,
  volume numeric not null,
  quote_volume numeric not null,
  vwap numeric not null,
  trades bigint not null,
  feed text collate "C" not null,
  partition integer not null,
  log_offset bigint not null,
  origin_part integer not null,
  origin_offset bigint not null,
  stored_at timestamptz not null default now(),
  primary key (exchange, symbol, open_time)
)${partitioned};
`

const comments = (name: string): string => `
comment on column public.${name}.exchange is 'Where it was traded; * across all exchanges.';
comment on column public.${name}.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.${name}.open_time is 'Start, by the exchange''s clock, included.';
comment on column public.${name}.close_time is 'End, excluded.';
comment on column public.${name}.open is 'Price of the trade with the least (event_time, log offset).';
comment on column public.${name}.high is 'Greatest price.';
comment on column public.${name}.low is 'Least price.';
comment on column public.${name}.close is 'Price of the trade with the greatest (event_time, log offset).';
comment on column public.${name}.volume is 'Sum of sizes, in the base asset.';
comment on column public.${name}.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.${name}.vwap is 'Average price weighted by size.';
comment on column public.${name}.trades is 'Number of trades.';
comment on column public.${name}.feed is 'LIVE, SIMULATED or RECORDED; SIMULATED if any trade is.';
comment on column public.${name}.partition is 'Kafka partition of the candle''s record.';
comment on column public.${name}.log_offset is 'Kafka offset of the candle''s record.';
comment on column public.${name}.origin_part is 'Partition of crypto-prices.ticks that its trades stand in.';
comment on column public.${name}.origin_offset is 'Offset there of the tick that closed it: trades from there on are late and not in it.';
comment on column public.${name}.stored_at is 'When the row was stored (start of its transaction).';
`

/** As in 0002, with one table more, and the column of each. */
const PARTITION_FUNCTIONS = `
create or replace function ingest.partition_name(parent text, day date) returns text
language plpgsql immutable as $$ begin
  if parent not in ('trades', 'quotes', 'candles_1s') then raise exception 'not a partitioned table: %', parent; end if;
  return format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
end $$;

create or replace function ingest.add_partition(parent text, day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := ingest.partition_name(parent, day);
  moment text := case parent when 'candles_1s' then 'open_time' else 'event_time' end;
  since timestamptz := day::timestamp at time zone 'UTC';
  until timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  perform ingest.lock_partitions();
  if to_regclass(format('public.%I', name)) is not null then return false; end if;
  execute format('create table public.%I (like public.%I including defaults including comments)', name, parent);
  execute format('comment on table public.%I is %L', name, format('%s of %s (UTC).', initcap(parent), day));
  -- A clock that is wrong by days may have put rows of this day into DEFAULT; attaching would refuse them.
  execute format('with moved as (delete from public.%I where %I >= %L and %I < %L returning *) insert into public.%I select * from moved',
                 parent || '_default', moment, since, moment, until, name);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, name, since, until);
  return true;
end $$;
`
