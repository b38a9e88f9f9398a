create materialized view public.candles_1d as
select exchange,
       symbol,
       date_bin('1 day', open_time, '1970-01-01Z') as open_time,
       date_bin('1 day', open_time, '1970-01-01Z') + interval '24 hours' as close_time,
       (array_agg(open order by open_time))[1] as open,
       max(high) as high,
       min(low) as low,
       (array_agg(close order by open_time desc))[1] as close,
       sum(volume) as volume,
       sum(quote_volume) as quote_volume,
       round(sum(quote_volume) / sum(volume), 12) as vwap,
       sum(trades)::bigint as trades,
       max(feed) as feed,
       count(*) as minutes
  from public.candles_1m
 group by 1, 2, 3;

create unique index candles_1d_key on public.candles_1d (exchange, symbol, open_time);

comment on materialized view public.candles_1d is 'Daily candles over candles_1m; refreshed each 5 min, its age is in view_ages. The present day grows.';
comment on column public.candles_1d.exchange is 'Where it was traded; * across all exchanges.';
comment on column public.candles_1d.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.candles_1d.open_time is 'Start, included; a multiple of the interval since the epoch (UTC).';
comment on column public.candles_1d.close_time is 'End, excluded.';
comment on column public.candles_1d.open is 'First price.';
comment on column public.candles_1d.high is 'Greatest price.';
comment on column public.candles_1d.low is 'Least price.';
comment on column public.candles_1d.close is 'Last price.';
comment on column public.candles_1d.volume is 'Sum of sizes, in the base asset.';
comment on column public.candles_1d.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.candles_1d.vwap is 'Average price weighted by size.';
comment on column public.candles_1d.trades is 'Number of trades.';
comment on column public.candles_1d.feed is 'Feed of the trades; of several the last in the alphabet, so that SIMULATED never hides.';
comment on column public.candles_1d.minutes is 'How many one-minute candles it is made of: minutes with trades that are over.';
