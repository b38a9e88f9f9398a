import { sql, type Kysely } from 'kysely'

/** What the sink of the ticks keeps beside the rows: latest quotes, minutes, exchanges, sessions, symbols, gaps. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.latest_quotes (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  bid numeric not null,
  bid_size numeric,
  ask numeric not null,
  ask_size numeric,
  source text collate "C" not null,
  feed text collate "C" not null,
  event_time timestamptz not null,
  receive_time timestamptz not null,
  session bigint not null,
  ordinal bigint not null,
  sequence bigint not null,
  partition integer not null,
  log_offset bigint not null,
  withdrawn boolean not null,
  primary key (exchange, symbol)
) with (fillfactor = 50);
comment on table public.latest_quotes is 'Newest quote of each exchange and symbol, in the order of the log.';
comment on column public.latest_quotes.exchange is 'Whose quote it is.';
comment on column public.latest_quotes.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.latest_quotes.bid is 'Best bid, in the quote asset.';
comment on column public.latest_quotes.bid_size is 'Size at the best bid, in the base asset; null where the channel gives none.';
comment on column public.latest_quotes.ask is 'Best ask, in the quote asset.';
comment on column public.latest_quotes.ask_size is 'Size at the best ask, in the base asset; null where the channel gives none.';
comment on column public.latest_quotes.source is 'STREAM, TICKER or BOOK.';
comment on column public.latest_quotes.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL.';
comment on column public.latest_quotes.event_time is 'The exchange''s clock.';
comment on column public.latest_quotes.receive_time is 'Our clock when the frame arrived.';
comment on column public.latest_quotes.session is 'Session it came by; only that session''s heartbeats confirm it.';
comment on column public.latest_quotes.ordinal is 'Number in its session.';
comment on column public.latest_quotes.sequence is 'The exchange''s own update id, 0 where it has none.';
comment on column public.latest_quotes.partition is 'Kafka partition of the record.';
comment on column public.latest_quotes.log_offset is 'Kafka offset of the record.';
comment on column public.latest_quotes.withdrawn is 'True: a Gap of its session came after it, so it may be no longer true.';

create table public.trade_minutes (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  minute timestamptz not null,
  feed text collate "C" not null,
  open numeric not null,
  high numeric not null,
  low numeric not null,
  close numeric not null,
  volume numeric not null,
  quote_volume numeric not null,
  trades bigint not null,
  open_time timestamptz not null,
  open_offset bigint not null,
  close_time timestamptz not null,
  close_offset bigint not null,
  receive_time timestamptz not null,
  primary key (exchange, symbol, minute)
) with (fillfactor = 50);
create index trade_minutes_minute on public.trade_minutes (minute);
comment on table public.trade_minutes is 'Trades of each exchange and symbol by minute of event_time. Merged in any order: late trades and replays give the same row.';
comment on column public.trade_minutes.exchange is 'Where it was traded.';
comment on column public.trade_minutes.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.trade_minutes.minute is 'Start of the minute; it ends before the next one.';
comment on column public.trade_minutes.feed is 'Feed of the trades; of several the last in the alphabet, so that SIMULATED never hides.';
comment on column public.trade_minutes.open is 'Price of the trade with the least (event_time, log offset).';
comment on column public.trade_minutes.high is 'Greatest price.';
comment on column public.trade_minutes.low is 'Least price.';
comment on column public.trade_minutes.close is 'Price of the trade with the greatest (event_time, log offset).';
comment on column public.trade_minutes.volume is 'Sum of sizes, in the base asset.';
comment on column public.trade_minutes.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.trade_minutes.trades is 'Number of trades.';
comment on column public.trade_minutes.open_time is 'event_time of the opening trade.';
comment on column public.trade_minutes.open_offset is 'Log offset of the opening trade.';
comment on column public.trade_minutes.close_time is 'event_time of the closing trade.';
comment on column public.trade_minutes.close_offset is 'Log offset of the closing trade.';
comment on column public.trade_minutes.receive_time is 'Greatest receive_time of its trades.';

create table public.exchanges (
  exchange text collate "C" primary key,
  configured boolean not null default false,
  feed text collate "C",
  state text collate "C",
  session bigint,
  last_heartbeat timestamptz,
  last_sequence bigint
) with (fillfactor = 50);
comment on table public.exchanges is 'Exchanges and the newest heartbeat of each, in the order of the log.';
comment on column public.exchanges.exchange is 'Name of the exchange.';
comment on column public.exchanges.configured is 'Whether the configuration named it at the last bootstrap.';
comment on column public.exchanges.feed is 'LIVE, SIMULATED or RECORDED; null before the first heartbeat.';
comment on column public.exchanges.state is 'UP: frames arrive. DOWN: they do not. Look at the age of last_heartbeat too.';
comment on column public.exchanges.session is 'Session of the newest heartbeat.';
comment on column public.exchanges.last_heartbeat is 'When our producer wrote it; each session writes one each second.';
comment on column public.exchanges.last_sequence is 'Last sequence the session saw, 0 if none.';

create table public.sessions (
  exchange text collate "C" not null,
  session bigint not null,
  feed text collate "C" not null,
  state text collate "C" not null,
  first_heartbeat timestamptz not null,
  last_heartbeat timestamptz not null,
  last_sequence bigint not null,
  primary key (exchange, session)
) with (fillfactor = 50);
comment on table public.sessions is 'Lives of sockets to exchanges. A quote is confirmed by the heartbeats of its own session alone.';
comment on column public.sessions.exchange is 'The exchange.';
comment on column public.sessions.session is 'The microsecond the socket was opened.';
comment on column public.sessions.feed is 'LIVE, SIMULATED or RECORDED.';
comment on column public.sessions.state is 'State that the newest heartbeat said: UP or DOWN.';
comment on column public.sessions.first_heartbeat is 'Time of the first heartbeat.';
comment on column public.sessions.last_heartbeat is 'Time of the newest heartbeat.';
comment on column public.sessions.last_sequence is 'Last sequence the session saw, 0 if none.';

create table public.symbols (
  exchange text collate "C" not null,
  symbol text collate "C" not null,
  base text collate "C" not null,
  quote text collate "C" not null,
  perpetual boolean not null default false,
  conversion boolean not null default false,
  configured boolean not null default false,
  first_seen timestamptz not null default now(),
  primary key (exchange, symbol)
);
comment on table public.symbols is 'What is traded where: configured or seen in the log.';
comment on column public.symbols.exchange is 'The exchange.';
comment on column public.symbols.symbol is 'Canonical symbol, BASE-QUOTE or BASE-QUOTE-PERP.';
comment on column public.symbols.base is 'Base asset: what is bought and sold.';
comment on column public.symbols.quote is 'Quote asset: what prices are in.';
comment on column public.symbols.perpetual is 'Whether it is a perpetual future.';
comment on column public.symbols.conversion is 'Whether its quotes convert prices of other symbols (USDT-USD for instance).';
comment on column public.symbols.configured is 'Whether the configuration named it at the last bootstrap.';
comment on column public.symbols.first_seen is 'When the row was made.';

create table public.gaps (
  exchange text collate "C" not null,
  symbol text collate "C",
  from_time timestamptz not null,
  to_time timestamptz not null,
  reason text collate "C" not null,
  backfilled boolean not null,
  feed text collate "C" not null,
  event_time timestamptz not null,
  receive_time timestamptz not null,
  session bigint not null,
  ordinal bigint not null,
  partition integer not null,
  log_offset bigint not null,
  stored_at timestamptz not null default now(),
  primary key (exchange, session, ordinal, partition)
);
create index gaps_exchange_time on public.gaps (exchange, to_time);
comment on table public.gaps is 'What may be missing: exchange time between two moments, both included. A gap of a whole session stands once per partition.';
comment on column public.gaps.exchange is 'The exchange.';
comment on column public.gaps.symbol is 'The symbol; null: all symbols whose ticks lie in the partition.';
comment on column public.gaps.from_time is 'First moment that may be missing, exchange time.';
comment on column public.gaps.to_time is 'Last moment that may be missing, exchange time.';
comment on column public.gaps.reason is 'START, DISCONNECT, SEQUENCE, STALL or OVERFLOW.';
comment on column public.gaps.backfilled is 'Whether the missing trades were fetched later.';
comment on column public.gaps.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL.';
comment on column public.gaps.event_time is 'When it was written, by the clock of the record.';
comment on column public.gaps.receive_time is 'Our clock when it was written.';
comment on column public.gaps.session is 'Session that says so.';
comment on column public.gaps.ordinal is 'Number in its session.';
comment on column public.gaps.partition is 'Kafka partition of the record.';
comment on column public.gaps.log_offset is 'Kafka offset of the record.';
comment on column public.gaps.stored_at is 'When the row was stored.';

grant select, insert, update on public.latest_quotes, public.trade_minutes, public.exchanges, public.symbols to ingest_rw;
grant select, insert, update, delete on public.sessions to ingest_rw;
grant select, insert on public.gaps to ingest_rw;
grant select on public.latest_quotes, public.trade_minutes, public.exchanges, public.sessions, public.symbols, public.gaps to api_ro;
`)
    .execute(db)
}
