create view public.candles_5m as
select exchange,
       symbol,
       date_bin('5 minutes', open_time, '1970-01-01Z') as open_time,
       date_bin('5 minutes', open_time, '1970-01-01Z') + interval '5 minutes' as close_time,
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

comment on view public.candles_5m is 'Five-minute candles over candles_1m. The present one grows with each minute. Ask for one exchange and symbol: all together are recomputed from a month of minutes.';
comment on column public.candles_5m.exchange is 'Where it was traded; * across all exchanges.';
comment on column public.candles_5m.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.candles_5m.open_time is 'Start, included; a multiple of the interval since the epoch (UTC).';
comment on column public.candles_5m.close_time is 'End, excluded.';
comment on column public.candles_5m.open is 'First price.';
comment on column public.candles_5m.high is 'Greatest price.';
comment on column public.candles_5m.low is 'Least price.';
comment on column public.candles_5m.close is 'Last price.';
comment on column public.candles_5m.volume is 'Sum of sizes, in the base asset.';
comment on column public.candles_5m.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.candles_5m.vwap is 'Average price weighted by size.';
comment on column public.candles_5m.trades is 'Number of trades.';
comment on column public.candles_5m.feed is 'Feed of the trades; of several the last in the alphabet, so that SIMULATED never hides.';
comment on column public.candles_5m.minutes is 'How many one-minute candles it is made of: minutes with trades that are over.';
