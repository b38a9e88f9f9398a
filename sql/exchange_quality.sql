create materialized view public.exchange_quality as
with moment as (
  select as_of, as_of - interval '24 hours' as since from ingest.view_refreshes where view = 'exchange_quality'
),
traded as (
  select exchange, count(distinct symbol) as symbols, sum(trades)::bigint as trades, max(receive_time) as last_trade
    from public.trade_minutes, moment
   where minute >= since and minute < as_of
   group by 1
),
lost as (
  select exchange,
         -- A loss that met many symbols or partitions stands in many rows and counts once.
         count(distinct (session, reason, from_time)) filter (where reason <> 'START') as gaps,
         range_agg(tstzrange(greatest(from_time, since), to_time, '[]')) filter (where not backfilled) as span
    from public.gaps, moment
   where to_time >= since and from_time < as_of
   group by 1
),
found as (
  select exchange,
         count(*) filter (where finding = 'REPEAT') as repeats,
         count(*) filter (where finding = 'SEQUENCE_GAP') as sequence_gaps,
         count(*) filter (where finding = 'CROSSED') as crossed,
         count(*) filter (where finding = 'STALE') as stale,
         count(*) filter (where finding = 'OUTLIER') as outliers
    from (select exchange, details ->> 'finding' as finding
            from public.system_events, moment
           where kind = 'QUALITY' and time >= since) f
   group by 1
),
lived as (
  select exchange, count(*) as sessions
    from public.sessions, moment
   where last_heartbeat >= since
   group by 1
),
quoted as (
  select exchange, min(receive_time) as oldest_quote, max(receive_time) as newest_quote
    from public.latest_quotes
   where not withdrawn
   group by 1
),
delayed as (
  select exchange,
         percentile_cont(0.5) within group (order by extract(epoch from receive_time - event_time)) * 1000 as p50,
         percentile_cont(0.99) within group (order by extract(epoch from receive_time - event_time)) * 1000 as p99
    from public.trades, moment
   where event_time >= as_of - interval '5 minutes' and event_time < as_of and feed <> 'BACKFILL'
   group by 1
)
select e.exchange,
       (select as_of from moment) as as_of,
       e.feed,
       e.state,
       e.last_heartbeat,
       coalesce(t.symbols, 0) as symbols,
       coalesce(t.trades, 0) as trades,
       t.last_trade,
       coalesce(s.sessions, 0) as sessions,
       coalesce(l.gaps, 0) as gaps,
       coalesce((select round(sum(extract(epoch from upper(one) - lower(one))), 1) from unnest(l.span) one), 0) as missing_seconds,
       coalesce(f.repeats, 0) as repeats,
       coalesce(f.sequence_gaps, 0) as sequence_gaps,
       coalesce(f.crossed, 0) as crossed,
       coalesce(f.stale, 0) as stale,
       coalesce(f.outliers, 0) as outliers,
       q.oldest_quote,
       q.newest_quote,
       round(d.p50::numeric, 1) as latency_p50_ms,
       round(d.p99::numeric, 1) as latency_p99_ms
  from public.exchanges e
  left join traded t using (exchange)
  left join lost l using (exchange)
  left join found f using (exchange)
  left join lived s using (exchange)
  left join quoted q using (exchange)
  left join delayed d using (exchange);

create unique index exchange_quality_key on public.exchange_quality (exchange);

comment on materialized view public.exchange_quality is 'How well each exchange was received in the 24 hours until as_of: losses, oddities, silence, delay. Refreshed each minute, its age is in view_ages.';
comment on column public.exchange_quality.exchange is 'The exchange.';
comment on column public.exchange_quality.as_of is 'End of the 24 hours.';
comment on column public.exchange_quality.feed is 'LIVE, SIMULATED or RECORDED; null before the first heartbeat.';
comment on column public.exchange_quality.state is 'UP or DOWN, as its newest heartbeat says.';
comment on column public.exchange_quality.last_heartbeat is 'Time of its newest heartbeat; each session writes one each second.';
comment on column public.exchange_quality.symbols is 'Symbols with trades.';
comment on column public.exchange_quality.trades is 'Number of trades.';
comment on column public.exchange_quality.last_trade is 'Our clock when the newest trade arrived.';
comment on column public.exchange_quality.sessions is 'Sockets that lived in the 24 hours.';
comment on column public.exchange_quality.gaps is 'Losses on record, beginnings of sessions apart; one of many symbols counts once.';
comment on column public.exchange_quality.missing_seconds is 'Seconds in which something may be missing that was not backfilled; overlapping gaps add up once.';
comment on column public.exchange_quality.repeats is 'Findings REPEAT: trades that came again. A finding is told once a minute for each symbol.';
comment on column public.exchange_quality.sequence_gaps is 'Findings SEQUENCE_GAP: holes in the exchange''s own numbers.';
comment on column public.exchange_quality.crossed is 'Findings CROSSED: bid at or above ask in its own book.';
comment on column public.exchange_quality.stale is 'Findings STALE: a symbol without a new quote for 60 s while its session lived.';
comment on column public.exchange_quality.outliers is 'Findings OUTLIER: quotes far off the other exchanges''.';
comment on column public.exchange_quality.oldest_quote is 'Our clock when the oldest quote that still stands arrived.';
comment on column public.exchange_quality.newest_quote is 'Our clock when its newest quote arrived.';
comment on column public.exchange_quality.latency_p50_ms is 'Median from the exchange''s clock to ours, trades of the last 5 minutes, milliseconds; below 0 where the exchange''s clock is ahead.';
comment on column public.exchange_quality.latency_p99_ms is '99th percentile of the same.';
