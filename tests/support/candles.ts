/** One-minute candles that the market processor would have made of the minutes in `trade_minutes`. */
export const CANDLES_OF_MINUTES = `
insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
select exchange, symbol, minute, minute + interval '1 minute', open, high, low, close, volume, quote_volume, quote_volume / volume, trades, feed, 0, 0, 0, 0
  from trade_minutes
    on conflict do nothing;`
