-- How much worse or better takers did at one exchange than another's top of book offered at that moment, last hour.
-- Positive: worse. Before fees. A quote counts for 5 seconds at most; the clocks are the exchanges' own.
select t.symbol,
       t.exchange as traded_at,
       q.exchange as compared_with,
       t.side,
       count(*) as trades,
       round(sum(slippage_bps * t.size) / sum(t.size), 4) as mean_bps_by_size,
       round(percentile_cont(0.95) within group (order by slippage_bps)::numeric, 4) as p95_bps
  from public.trades t
  join public.symbols other on other.symbol = t.symbol and other.exchange <> t.exchange
 cross join lateral (
       select exchange, bid, ask
         from public.quotes
        where symbol = t.symbol
          and exchange = other.exchange
          and event_time between t.event_time - interval '5 seconds' and t.event_time
        order by event_time desc, log_offset desc
        limit 1
       ) q
 cross join lateral (
       select case t.side when 'BUY' then (t.price - q.ask) * 10000 / q.ask else (q.bid - t.price) * 10000 / q.bid end
       ) s (slippage_bps)
 where t.event_time >= now() - interval '1 hour'
   and t.side is not null
 group by 1, 2, 3, 4
 order by 1, 2, 3, 4;
