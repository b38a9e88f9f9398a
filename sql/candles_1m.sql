create view public.candles_1m as
select exchange,
       symbol,
       minute as open_time,
       minute + interval '1 minute' as close_time,
       open,
       high,
       low,
       close,
       volume,
       quote_volume,
       round(quote_volume / volume, 12) as vwap,
       trades,
       feed
  from public.trade_minutes;

comment on view public.candles_1m is 'One-minute candles from the roll-up. The present minute changes; a late trade changes an old one.';
comment on column public.candles_1m.exchange is 'Where it was traded.';
comment on column public.candles_1m.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.candles_1m.open_time is 'Start of the minute, included.';
comment on column public.candles_1m.close_time is 'End of the minute, excluded.';
comment on column public.candles_1m.open is 'First price.';
comment on column public.candles_1m.high is 'Greatest price.';
comment on column public.candles_1m.low is 'Least price.';
comment on column public.candles_1m.close is 'Last price.';
comment on column public.candles_1m.volume is 'Sum of sizes, in the base asset.';
comment on column public.candles_1m.quote_volume is 'Sum of price times size, in the quote asset.';
comment on column public.candles_1m.vwap is 'Average price weighted by size.';
comment on column public.candles_1m.trades is 'Number of trades.';
comment on column public.candles_1m.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL.';
