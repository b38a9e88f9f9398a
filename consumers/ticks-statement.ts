import { bigintArray, booleanArray, numericArray, textArray, timestampArray } from './arrays.ts'
import { DEADLINE_MS, type Statement } from './database.ts'
import { MOVED, moveValues, type Move } from './resume.ts'
import type { QuoteRow, TickRows, WithdrawalRow } from './ticks-rows.ts'

/**
 * The ticks sink's one statement: rows, roll-up, tick sieve and offset change together, or, if another instance has moved
 * the offset since (`moved` = 0), nothing does (reliability.md section 4).
 *
 * All parts read `moved`, so they are empty when it is. No row may be touched twice by one statement, hence the fold before
 * it and the `not exists` of `withdrawn`. `rolled` is fed from what `put_trades` returned: a trade that the natural key
 * refused is not counted either. The arrays' columns are bound in the order of their CTE.
 */
const TEXT = `
with ${MOVED},
seen as (
  insert into ingest.origins (consumer, topic, part, exchange, session, ordinal, last_heartbeat)
  select $1, $2, moved.part, u.exchange, u.session, u.ordinal, nullif(u.beat, 0)
    from moved, unnest($8::text[], $9::bigint[], $10::bigint[], $11::bigint[]) u (exchange, session, ordinal, beat)
  on conflict (consumer, topic, part, exchange, session)
  do update set ordinal = greatest(origins.ordinal, excluded.ordinal), last_heartbeat = excluded.last_heartbeat,
                updated_at = now()
),
put_trades as (
  insert into public.trades (exchange, symbol, trade_id, side, price, size, feed, event_time, receive_time, session, ordinal,
                             sequence, log_offset, partition)
  select u.*, moved.part from moved, unnest(
    $12::text[], $13::text[], $14::text[], $15::text[], $16::numeric[], $17::numeric[], $18::text[], $19::timestamptz[],
    $20::timestamptz[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[]) u
  on conflict do nothing
  returning exchange, symbol, event_time, price, size, feed, receive_time, log_offset
),
rolled as (
  insert into public.trade_minutes as m (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades,
                                         open_time, open_offset, close_time, close_offset, receive_time)
  select exchange, symbol, date_trunc('minute', event_time, 'UTC'), max(feed),
         (array_agg(price order by event_time, log_offset))[1], max(price), min(price),
         (array_agg(price order by event_time, log_offset))[count(*)], sum(size), sum(price * size), count(*),
         min(event_time), (array_agg(log_offset order by event_time, log_offset))[1],
         max(event_time), (array_agg(log_offset order by event_time, log_offset))[count(*)], max(receive_time)
    from put_trades
   group by 1, 2, 3
  on conflict (exchange, symbol, minute) do update set
    feed = greatest(m.feed, excluded.feed),
    open = case when (excluded.open_time, excluded.open_offset) < (m.open_time, m.open_offset) then excluded.open else m.open end,
    open_time = least(m.open_time, excluded.open_time),
    open_offset = case when (excluded.open_time, excluded.open_offset) < (m.open_time, m.open_offset) then excluded.open_offset else m.open_offset end,
    high = greatest(m.high, excluded.high),
    low = least(m.low, excluded.low),
    close = case when (excluded.close_time, excluded.close_offset) > (m.close_time, m.close_offset) then excluded.close else m.close end,
    close_time = greatest(m.close_time, excluded.close_time),
    close_offset = case when (excluded.close_time, excluded.close_offset) > (m.close_time, m.close_offset) then excluded.close_offset else m.close_offset end,
    volume = m.volume + excluded.volume,
    quote_volume = m.quote_volume + excluded.quote_volume,
    trades = m.trades + excluded.trades,
    receive_time = greatest(m.receive_time, excluded.receive_time)
  returning 1
),
new_quotes as (
  select u.*, moved.part from moved, unnest(
    $25::text[], $26::text[], $27::numeric[], $28::numeric[], $29::numeric[], $30::numeric[], $31::text[], $32::text[],
    $33::timestamptz[], $34::timestamptz[], $35::bigint[], $36::bigint[], $37::bigint[], $38::bigint[], $39::boolean[],
    $40::boolean[])
    u (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal, sequence,
       log_offset, latest, withdrawn)
),
put_quotes as (
  insert into public.quotes (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session,
                             ordinal, sequence, log_offset, partition)
  select exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal, sequence,
         log_offset, part
    from new_quotes
  on conflict do nothing
  returning 1
),
put_latest as (
  insert into public.latest_quotes as l (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time,
                                         session, ordinal, sequence, log_offset, partition, withdrawn)
  select exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal, sequence,
         log_offset, part, withdrawn
    from new_quotes where latest
  on conflict (exchange, symbol) do update set
    bid = excluded.bid, bid_size = excluded.bid_size, ask = excluded.ask, ask_size = excluded.ask_size,
    source = excluded.source, feed = excluded.feed, event_time = excluded.event_time, receive_time = excluded.receive_time,
    session = excluded.session, ordinal = excluded.ordinal, sequence = excluded.sequence, log_offset = excluded.log_offset,
    partition = excluded.partition, withdrawn = excluded.withdrawn
  where l.partition <> excluded.partition or l.log_offset < excluded.log_offset
),
withdrawn as (
  update public.latest_quotes l set withdrawn = true
    from moved, unnest($41::text[], $42::text[], $43::bigint[], $44::bigint[]) w (exchange, symbol, session, log_offset)
   where l.exchange = w.exchange and (w.symbol is null or l.symbol = w.symbol) and l.session = w.session
     and l.partition = moved.part and l.log_offset < w.log_offset and not l.withdrawn
     and not exists (select from new_quotes n where n.latest and n.exchange = l.exchange and n.symbol = l.symbol)
),
put_gaps as (
  insert into public.gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session,
                           ordinal, log_offset, partition)
  select u.*, moved.part from moved, unnest(
    $45::text[], $46::text[], $47::timestamptz[], $48::timestamptz[], $49::text[], $50::boolean[], $51::text[],
    $52::timestamptz[], $53::timestamptz[], $54::bigint[], $55::bigint[], $56::bigint[]) u
  on conflict do nothing
),
closed as (
  update public.gaps g set backfilled = true
    from moved, unnest($70::text[], $71::text[], $72::timestamptz[], $73::timestamptz[], $74::text[])
      c (exchange, symbol, from_time, to_time, reason)
   where g.exchange = c.exchange and g.symbol is not distinct from c.symbol and g.from_time = c.from_time
     and g.to_time = c.to_time and g.reason = c.reason and g.partition = moved.part and not g.backfilled
),
beats as (
  select u.* from moved, unnest($57::text[], $58::bigint[], $59::text[], $60::text[], $61::timestamptz[], $62::timestamptz[],
                                $63::bigint[], $64::boolean[])
    u (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence, newest)
),
put_sessions as (
  insert into public.sessions as s (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
  select exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence from beats
  on conflict (exchange, session) do update set
    state = excluded.state, last_heartbeat = excluded.last_heartbeat, last_sequence = excluded.last_sequence
),
put_exchanges as (
  insert into public.exchanges (exchange, feed, state, session, last_heartbeat, last_sequence)
  select exchange, feed, state, session, last_heartbeat, last_sequence from beats where newest
  on conflict (exchange) do update set
    feed = excluded.feed, state = excluded.state, session = excluded.session, last_heartbeat = excluded.last_heartbeat,
    last_sequence = excluded.last_sequence
),
put_symbols as (
  insert into public.symbols (exchange, symbol, base, quote, perpetual)
  select u.* from moved, unnest($65::text[], $66::text[], $67::text[], $68::text[], $69::boolean[]) u
  on conflict do nothing
)
select (select count(*)::int from moved) as moved,
       (select count(*)::int from put_trades) + (select count(*)::int from put_quotes) as stored,
       (select count(*)::int from rolled) as rolled`

export function ticksStatement(move: Move, rows: TickRows): Statement {
  const { seen, trades, quotes, gaps, closings, withdrawals, heartbeats, symbols } = rows
  return {
    name: 'sink-ticks',
    text: TEXT,
    query_timeout: DEADLINE_MS,
    values: [
      ...moveValues(move),

      textArray(seen.map(({ exchange }) => exchange)),
      bigintArray(seen.map(({ session }) => session)),
      bigintArray(seen.map(({ ordinal }) => ordinal)),
      bigintArray(seen.map(({ beat }) => beat ?? 0)),

      textArray(trades.map(({ tick }) => tick.exchange)),
      textArray(trades.map(({ tick }) => tick.symbol)),
      textArray(trades.map(({ trade }) => trade.id)),
      textArray(trades.map(({ trade }) => trade.side)),
      numericArray(trades.map(({ trade }) => trade.price)),
      numericArray(trades.map(({ trade }) => trade.size)),
      textArray(trades.map(({ tick }) => tick.feed)),
      timestampArray(trades.map(({ tick }) => tick.eventTime)),
      timestampArray(trades.map(({ tick }) => tick.receiveTime)),
      bigintArray(trades.map(({ tick }) => tick.session)),
      bigintArray(trades.map(({ tick }) => tick.ordinal)),
      bigintArray(trades.map(({ tick }) => tick.sequence)),
      bigintArray(trades.map(({ offset }) => offset)),

      ...quoteColumns(quotes),

      textArray(withdrawals.map(({ tick }) => tick.exchange)),
      textArray(withdrawals.map(symbolOrAll)),
      bigintArray(withdrawals.map(({ tick }) => tick.session)),
      bigintArray(withdrawals.map(({ offset }) => offset)),

      textArray(gaps.map(({ tick }) => tick.exchange)),
      textArray(gaps.map(symbolOrAll)),
      timestampArray(gaps.map(({ gap }) => gap.from)),
      timestampArray(gaps.map(({ gap }) => gap.to)),
      textArray(gaps.map(({ gap }) => gap.reason)),
      booleanArray(gaps.map(({ closed }) => closed)),
      textArray(gaps.map(({ tick }) => tick.feed)),
      timestampArray(gaps.map(({ tick }) => tick.eventTime)),
      timestampArray(gaps.map(({ tick }) => tick.receiveTime)),
      bigintArray(gaps.map(({ tick }) => tick.session)),
      bigintArray(gaps.map(({ tick }) => tick.ordinal)),
      bigintArray(gaps.map(({ offset }) => offset)),

      textArray(heartbeats.map(({ tick }) => tick.exchange)),
      bigintArray(heartbeats.map(({ tick }) => tick.session)),
      textArray(heartbeats.map(({ tick }) => tick.feed)),
      textArray(heartbeats.map(({ heartbeat }) => heartbeat.state)),
      timestampArray(heartbeats.map(({ first }) => first.receiveTime)),
      timestampArray(heartbeats.map(({ tick }) => tick.receiveTime)),
      bigintArray(heartbeats.map(({ heartbeat }) => heartbeat.lastSequence)),
      booleanArray(heartbeats.map(({ newest }) => newest)),

      textArray(symbols.map(({ exchange }) => exchange)),
      textArray(symbols.map(({ symbol }) => symbol)),
      textArray(symbols.map(({ base }) => base)),
      textArray(symbols.map(({ quote }) => quote)),
      booleanArray(symbols.map(({ perpetual }) => perpetual)),

      textArray(closings.map(({ tick }) => tick.exchange)),
      textArray(closings.map(symbolOrAll)),
      timestampArray(closings.map(({ gap }) => gap.from)),
      timestampArray(closings.map(({ gap }) => gap.to)),
      textArray(closings.map(({ gap }) => gap.reason)),
    ],
  }
}

const quoteColumns = (quotes: readonly QuoteRow[]): Statement['values'] => [
  textArray(quotes.map(({ tick }) => tick.exchange)),
  textArray(quotes.map(({ tick }) => tick.symbol)),
  numericArray(quotes.map(({ quote }) => quote.bid)),
  numericArray(quotes.map(({ quote }) => quote.bidSize)),
  numericArray(quotes.map(({ quote }) => quote.ask)),
  numericArray(quotes.map(({ quote }) => quote.askSize)),
  textArray(quotes.map(({ quote }) => quote.source)),
  textArray(quotes.map(({ tick }) => tick.feed)),
  timestampArray(quotes.map(({ tick }) => tick.eventTime)),
  timestampArray(quotes.map(({ tick }) => tick.receiveTime)),
  bigintArray(quotes.map(({ tick }) => tick.session)),
  bigintArray(quotes.map(({ tick }) => tick.ordinal)),
  bigintArray(quotes.map(({ tick }) => tick.sequence)),
  bigintArray(quotes.map(({ offset }) => offset)),
  booleanArray(quotes.map(({ latest }) => latest !== 'no')),
  booleanArray(quotes.map(({ latest }) => latest === 'withdrawn')),
]

const symbolOrAll = ({ tick }: Pick<WithdrawalRow, 'tick'>): string | undefined =>
  tick.symbol === '' ? undefined : tick.symbol
