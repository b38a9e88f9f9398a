create view public.binance_data as
select symbol,
       open_time as timestamp,
       close as price,
       volume
  from public.candles_15m
 where exchange = 'binance';

comment on view public.binance_data is 'Price and volume of each symbol at Binance by quarters of an hour.';
comment on column public.binance_data.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.binance_data."timestamp" is 'Start of the 15 minutes.';
comment on column public.binance_data.price is 'Last price in them.';
comment on column public.binance_data.volume is 'Sum of sizes in them, in the base asset.';
