create materialized view public.opportunity_stats as
with moment as (
  select as_of from ingest.view_refreshes where view = 'opportunity_stats'
),
day as (
  select o.*, coalesce(o.buy_exchange, '') as buyer, coalesce(o.sell_exchange, '') as seller
    from public.opportunities o, moment
   where o.opened_at >= moment.as_of - interval '24 hours'
),
survivals as (
  select kind, base, buyer, seller,
         (one ->> 'delayMs')::double precision as delay_ms,
         count(*) filter (where (one ->> 'executable')::boolean) as executable,
         count(one ->> 'executable') as judged
    from day
   cross join lateral jsonb_array_elements(executable_after) one
   group by 1, 2, 3, 4, 5
),
shares as (
  select kind, base, buyer, seller,
         jsonb_agg(jsonb_build_object('delayMs', delay_ms, 'share', round(executable::numeric / nullif(judged, 0), 4), 'of', judged)
                   order by delay_ms) as executable_after
    from survivals
   group by 1, 2, 3, 4
)
select kind,
       base,
       buyer as buy_exchange,
       seller as sell_exchange,
       (select as_of from moment) as as_of,
       count(*) as opportunities,
       count(closed_at) as closed,
       percentile_cont(0.5) within group (order by duration_ms) filter (where closed_at is not null) as median_duration_ms,
       avg(duration_ms) filter (where closed_at is not null) as mean_duration_ms,
       percentile_cont(0.5) within group (order by peak_bps) as median_edge_bps,
       max(peak_bps) as peak_edge_bps,
       coalesce(s.executable_after, '[]') as executable_after,
       max(feed) as feed
  from day
  left join shares s using (kind, base, buyer, seller)
 group by kind, base, buyer, seller, s.executable_after;

create unique index opportunity_stats_key on public.opportunity_stats (kind, base, buy_exchange, sell_exchange);

comment on materialized view public.opportunity_stats is 'Opportunities that opened in the last 24 hours, by kind, asset and pair of exchanges; refreshed each 30 s, its age is in view_ages.';
comment on column public.opportunity_stats.kind is 'CROSS_EXCHANGE, TRIANGULAR or STATISTICAL.';
comment on column public.opportunity_stats.base is 'The asset that is bought and sold.';
comment on column public.opportunity_stats.buy_exchange is 'Where it is bought; empty where no leg buys.';
comment on column public.opportunity_stats.sell_exchange is 'Where it is sold; empty where no leg sells.';
comment on column public.opportunity_stats.as_of is 'End of the 24 hours.';
comment on column public.opportunity_stats.opportunities is 'How many opened.';
comment on column public.opportunity_stats.closed is 'How many of them have closed.';
comment on column public.opportunity_stats.median_duration_ms is 'Median duration of the closed ones, milliseconds.';
comment on column public.opportunity_stats.mean_duration_ms is 'Mean duration of the closed ones, milliseconds.';
comment on column public.opportunity_stats.median_edge_bps is 'Median of their greatest edges, basis points after fees.';
comment on column public.opportunity_stats.peak_edge_bps is 'Greatest edge of all, basis points after fees.';
comment on column public.opportunity_stats.executable_after is 'For each delay after opening: delayMs, share that could still be had then (0 to 1), of how many; those that ttl or configuration cut before count for neither.';
comment on column public.opportunity_stats.feed is 'Feed of the quotes; of several the last in the alphabet, so that SIMULATED never hides.';
