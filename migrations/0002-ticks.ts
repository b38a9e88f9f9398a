import { sql, type Kysely } from 'kysely'

/**
 * Trades and quotes, partitioned by day of event_time.
 *
 * The natural keys hold event_time because a unique key of a partitioned table must. Trades are known by their id, so a
 * second producer of an exchange stores none twice. A quote has no id: its coordinate in our log is its key. Both keys
 * begin with symbol and event_time, which makes them the index that analysts' queries need too: one btree, not two.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.trades (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  trade_id text collate "C" not null,
  event_time timestamptz not null,
  side text collate "C",
  price numeric not null,
  size numeric not null,
  feed text collate "C" not null,
  receive_time timestamptz not null,
  session bigint not null,
  ordinal bigint not null,
  sequence bigint not null,
  partition integer not null,
  log_offset bigint not null,
  stored_at timestamptz not null default now(),
  primary key (symbol, event_time, trade_id, exchange)
) partition by range (event_time);
comment on table public.trades is 'Every trade, once. Partitioned by day of event_time (UTC).';
comment on column public.trades.trade_id is 'The exchange''s own id of the trade.';
comment on column public.trades.side is 'Side of the aggressor, BUY or SELL; null where there was none (an auction).';
comment on column public.trades.price is 'Price in the quote asset, exactly as the exchange wrote it.';
comment on column public.trades.size is 'Size in the base asset.';

create table public.quotes (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  event_time timestamptz not null,
  bid numeric not null,
  bid_size numeric,
  ask numeric not null,
  ask_size numeric,
  source text collate "C" not null,
  feed text collate "C" not null,
  receive_time timestamptz not null,
  session bigint not null,
  ordinal bigint not null,
  sequence bigint not null,
  partition integer not null,
  log_offset bigint not null,
  stored_at timestamptz not null default now(),
  primary key (symbol, event_time, exchange, session, ordinal)
) partition by range (event_time);
comment on table public.quotes is 'Every top of book of each exchange, once. Partitioned by day of event_time (UTC).';
comment on column public.quotes.bid is 'Best bid, in the quote asset.';
comment on column public.quotes.bid_size is 'Size at the best bid, in the base asset; null where the channel gives none.';
comment on column public.quotes.ask is 'Best ask, in the quote asset.';
comment on column public.quotes.ask_size is 'Size at the best ask, in the base asset; null where the channel gives none.';
comment on column public.quotes.source is 'STREAM: a channel of quotes. TICKER: a ticker channel. BOOK: the top of an order book.';

${['trades', 'quotes'].map(commonComments).join('')}

create index trades_event_time on public.trades using brin (event_time);
create index quotes_event_time on public.quotes using brin (event_time);

create table public.trades_default partition of public.trades default;
create table public.quotes_default partition of public.quotes default;
comment on table public.trades_default is 'Trades of days without a partition. Should be empty: rows here mean a clock that is wrong by days.';
comment on table public.quotes_default is 'Quotes of days without a partition. Should be empty: rows here mean a clock that is wrong by days.';
${['trades', 'quotes'].map(copyComments).join('')}

grant select, insert on public.trades, public.quotes to ingest_rw;
-- Whether DEFAULT is empty, the maintenance asks it directly.
grant select on public.trades_default, public.quotes_default to ingest_rw;
grant select on public.trades, public.quotes to api_ro;

${PARTITION_FUNCTIONS}
`)
    .execute(db)
}

const commonComments = (table: string): string => `
comment on column public.${table}.exchange is 'Where it was traded or quoted.';
comment on column public.${table}.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.${table}.event_time is 'The exchange''s clock.';
comment on column public.${table}.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL: where it came from.';
comment on column public.${table}.receive_time is 'Our clock when the frame arrived.';
comment on column public.${table}.session is 'Life of the socket it came by: the microsecond that was opened.';
comment on column public.${table}.ordinal is 'Number in its session.';
comment on column public.${table}.sequence is 'The exchange''s own sequence number, 0 where it has none.';
comment on column public.${table}.partition is 'Kafka partition of the record.';
comment on column public.${table}.log_offset is 'Kafka offset of the record.';
comment on column public.${table}.stored_at is 'When the row was stored (start of its transaction).';
`

/** A partition's columns say the same as its table's. */
const copyComments = (table: string): string => `
do $$ declare one record; begin
  for one in select attname, col_description('public.${table}'::regclass, attnum) as said from pg_attribute
             where attrelid = 'public.${table}'::regclass and attnum > 0 and not attisdropped loop
    execute format('comment on column public.${table}_default.%I is %L', one.attname, one.said);
  end loop;
end $$;
`

/**
 * Only an owner may make and drop partitions. The maintenance works as ingest_rw, so it gets these and no more: a table of
 * ours, one day, by name.
 */
const PARTITION_FUNCTIONS = `
create function ingest.partition_name(parent text, day date) returns text
language plpgsql immutable as $$ begin
  if parent not in ('trades', 'quotes') then raise exception 'not a partitioned table: %', parent; end if;
  return format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
end $$;
comment on function ingest.partition_name is 'Name of the partition of a day.';

create function ingest.lock_partitions() returns void
language sql as $$ select pg_advisory_xact_lock(hashtextextended('crosstide partitions', 0)) $$;
comment on function ingest.lock_partitions is 'One process at a time makes or drops partitions.';

create function ingest.add_partition(parent text, day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := ingest.partition_name(parent, day);
  since timestamptz := day::timestamp at time zone 'UTC';
  until timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  perform ingest.lock_partitions();
  if to_regclass(format('public.%I', name)) is not null then return false; end if;
  execute format('create table public.%I (like public.%I including defaults including comments)', name, parent);
  execute format('comment on table public.%I is %L', name, format('%s of %s (UTC).', initcap(parent), day));
  -- A clock that is wrong by days may have put rows of this day into DEFAULT; attaching would refuse them.
  execute format('with moved as (delete from public.%I where event_time >= %L and event_time < %L returning *) insert into public.%I select * from moved',
                 parent || '_default', since, until, name);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, name, since, until);
  return true;
end $$;
comment on function ingest.add_partition is 'Makes the partition of a day unless it is there; rows of that day in DEFAULT move to it.';

create function ingest.detach_partition(parent text, day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare name text := ingest.partition_name(parent, day);
begin
  perform ingest.lock_partitions();
  if not exists (select from pg_inherits where inhrelid = to_regclass(format('public.%I', name))) then return false; end if;
  execute format('alter table public.%I detach partition public.%I', parent, name);
  return true;
end $$;
comment on function ingest.detach_partition is 'Takes the partition of a day out of its table; quick, unlike dropping it.';

create function ingest.drop_partition(parent text, day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare name text := ingest.partition_name(parent, day);
begin
  perform ingest.lock_partitions();
  if to_regclass(format('public.%I', name)) is null then return false; end if;
  if exists (select from pg_inherits where inhrelid = to_regclass(format('public.%I', name))) then
    raise exception 'partition % is attached', name;
  end if;
  execute format('drop table public.%I', name);
  return true;
end $$;
comment on function ingest.drop_partition is 'Drops the detached partition of a day.';

revoke execute on function ingest.add_partition, ingest.detach_partition, ingest.drop_partition from public;
grant execute on function ingest.add_partition, ingest.detach_partition, ingest.drop_partition to ingest_rw;
`
