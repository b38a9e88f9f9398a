-- What the price did after a rule fired, last day: basis points from the last minute that was closed at that moment to the last
-- one closed 1, 5 and 15 minutes later. Of the match's exchange, else across exchanges. What is not over yet is left out.
select m.rule_id,
       m.rule_version,
       m.type,
       m.symbol,
       count(distinct m.match_id) as fired,
       round(avg(bps) filter (where minutes = 1)::numeric, 4) as mean_1m_bps,
       round(avg(bps) filter (where minutes = 5)::numeric, 4) as mean_5m_bps,
       round(avg(bps) filter (where minutes = 15)::numeric, 4) as mean_15m_bps,
       round(percentile_cont(0.5) within group (order by bps) filter (where minutes = 5)::numeric, 4) as median_5m_bps,
       round(avg((bps > 0)::int) filter (where minutes = 5), 4) as rose_5m,
       max(m.feed) as feed
  from public.matches m
 cross join lateral (
       select close
         from public.candles_1m
        where exchange = coalesce(m.exchange, '*') and symbol = m.symbol
          and open_time between m.at - interval '10 minutes' and m.at - interval '1 minute'
        order by open_time desc
        limit 1
       ) before
 cross join unnest(array[1, 5, 15]) minutes
  left join lateral (
       select 10000 * (c.close - before.close) / before.close as bps
         from public.candles_1m c
        where c.exchange = coalesce(m.exchange, '*') and c.symbol = m.symbol
          and c.open_time between m.at - interval '10 minutes' and m.at + (minutes - 1) * interval '1 minute'
          and m.at + minutes * interval '1 minute' <= now()
        order by c.open_time desc
        limit 1
       ) after on true
 where m.phase = 'FIRED'
   and m.at >= now() - interval '24 hours'
 group by 1, 2, 3, 4
 order by 1, 2, 3, 4;
