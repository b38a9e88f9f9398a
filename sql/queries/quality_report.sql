-- What each exchange delivered in the last day, how late, and what may be missing.
-- What was backfilled came late by its nature and counts for no delay.
-- A gap of a whole session stands once per partition and is counted once; overlapping gaps add up once in missing_seconds.
with day as (select now() - interval '24 hours' as since),
ticks as (
  select exchange, symbol, event_time, receive_time, feed, true as is_trade from public.trades, day where event_time >= since
  union all
  select exchange, symbol, event_time, receive_time, feed, false from public.quotes, day where event_time >= since
),
delivered as (
  select exchange,
         count(distinct symbol) as symbols,
         count(*) filter (where is_trade) as trades,
         count(*) filter (where not is_trade) as quotes,
         round(1000 * (percentile_cont(0.5) within group (order by extract(epoch from receive_time - event_time)) filter (where feed <> 'BACKFILL'))::numeric, 1) as lag_p50_ms,
         round(1000 * (percentile_cont(0.99) within group (order by extract(epoch from receive_time - event_time)) filter (where feed <> 'BACKFILL'))::numeric, 1) as lag_p99_ms
    from ticks
   group by 1
),
spans as (
  select exchange, range_agg(tstzrange(greatest(from_time, since), to_time, '[]')) as span
    from public.gaps, day
   where to_time >= since and not backfilled
   group by 1
),
missing as (
  select exchange, sum(extract(epoch from upper(one) - lower(one))) as seconds
    from spans, unnest(span) one
   group by 1
),
gaps as (
  select exchange, count(distinct (session, ordinal)) as gaps, count(distinct session) as sessions
    from public.gaps, day
   where to_time >= since
   group by 1
)
select e.exchange,
       coalesce(d.symbols, 0) as symbols,
       coalesce(d.trades, 0) as trades,
       coalesce(d.quotes, 0) as quotes,
       d.lag_p50_ms,
       d.lag_p99_ms,
       coalesce(g.gaps, 0) as gaps,
       coalesce(g.sessions, 0) as sessions_with_gaps,
       round(coalesce(m.seconds, 0), 1) as missing_seconds
  from public.exchanges e
  left join delivered d using (exchange)
  left join gaps g using (exchange)
  left join missing m using (exchange)
 order by 1;
