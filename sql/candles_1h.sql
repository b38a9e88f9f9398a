create view public.candles_1h as
select exchange,
       symbol,
       date_bin('1 hour', open_time, '1970-01-01Z') as open_time,
       date_bin('1 hour', open_time, '1970-01-01Z') + interval '1 hour' as close_time,
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

comment on view public.candles_1h is 'Hourly candles over candles_1m. The present one grows with each minute. Ask for one exchange and symbol: all together are recomputed from a month of minutes.';
comment on column public.candles_1h.exchange is 'Where it was traded; * across all exchanges.';
comment on column public.candles_1h.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.candles_1h.open_time is 'Start, included; a multiple of the interval since the epoch (UTC).';
comment on column public.candles_1h.close_time is 'End, excluded.';
comment on column public.candles_1h.open is 'First price.';
comment on column public.candles_1h.high is 'Greatest price.';
comment on column public.candles_1h.low is 'Least price.';
comment on column public.candles_1h.close is 'Last price.';
comment on column public.candles_1h.volume is 'Sum of sizes, in the base asset.';
comment on column public.candles_1h.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.candles_1h.vwap is 'Average price weighted by size.';
comment on column public.candles_1h.trades is 'Number of trades.';
comment on column public.candles_1h.feed is 'Feed of the trades; of several the last in the alphabet, so that SIMULATED never hides.';
comment on column public.candles_1h.minutes is 'How many one-minute candles it is made of: minutes with trades that are over.';
