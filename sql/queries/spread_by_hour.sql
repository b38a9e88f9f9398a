-- Spread of each exchange and symbol by hour of the last day, in hundredths of a percent of the middle. Each quote counts once.
select date_trunc('hour', event_time, 'UTC') as hour,
       symbol,
       exchange,
       count(*) as quotes,
       round(avg((ask - bid) * 20000 / (ask + bid)), 4) as mean_bps,
       round(percentile_cont(0.5) within group (order by (ask - bid) * 20000 / (ask + bid))::numeric, 4) as median_bps,
       round(percentile_cont(0.95) within group (order by (ask - bid) * 20000 / (ask + bid))::numeric, 4) as p95_bps
  from public.quotes
 where event_time >= now() - interval '24 hours'
 group by 1, 2, 3
 order by 1, 2, 3;
