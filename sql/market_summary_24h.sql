create materialized view public.market_summary_24h as
with moment as (
  select as_of from ingest.view_refreshes where view = 'market_summary_24h'
),
day as (
  select m.*
    from public.trade_minutes m, moment
   where m.minute >= moment.as_of - interval '24 hours' and m.minute < moment.as_of
)
select exchange,
       symbol,
       (select as_of from moment) as as_of,
       min(minute) as first_minute,
       max(minute) as last_minute,
       (array_agg(open order by minute))[1] as open,
       max(high) as high,
       min(low) as low,
       (array_agg(close order by minute desc))[1] as close,
       round(((array_agg(close order by minute desc))[1] / (array_agg(open order by minute))[1] - 1) * 100, 4)
         as change_percent,
       sum(volume) as volume,
       sum(quote_volume) as quote_volume,
       round(sum(quote_volume) / sum(volume), 12) as vwap,
       sum(trades)::bigint as trades,
       max(feed) as feed
  from day
 group by exchange, symbol;

create unique index market_summary_24h_key on public.market_summary_24h (exchange, symbol);

comment on materialized view public.market_summary_24h is 'The last 24 hours of each exchange and symbol; refreshed each 30 s, its age is in view_ages.';
comment on column public.market_summary_24h.exchange is 'Where it was traded.';
comment on column public.market_summary_24h.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.market_summary_24h.as_of is 'End of the 24 hours.';
comment on column public.market_summary_24h.first_minute is 'First minute with a trade.';
comment on column public.market_summary_24h.last_minute is 'Last minute with a trade.';
comment on column public.market_summary_24h.open is 'First price.';
comment on column public.market_summary_24h.high is 'Greatest price.';
comment on column public.market_summary_24h.low is 'Least price.';
comment on column public.market_summary_24h.close is 'Last price.';
comment on column public.market_summary_24h.change_percent is 'Close against open, percent.';
comment on column public.market_summary_24h.volume is 'Sum of sizes, in the base asset.';
comment on column public.market_summary_24h.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.market_summary_24h.vwap is 'Average price weighted by size.';
comment on column public.market_summary_24h.trades is 'Number of trades.';
comment on column public.market_summary_24h.feed is 'Feed of the trades; of several the last in the alphabet, so that SIMULATED never hides.';
