create view public.last_trades as
select s.exchange,
       s.symbol,
       m.close as price,
       m.close_time as event_time,
       m.receive_time,
       m.feed
  from public.symbols s
 cross join lateral (
    select close, close_time, receive_time, feed
      from public.trade_minutes t
     where t.exchange = s.exchange and t.symbol = s.symbol
     order by minute desc
     limit 1
  ) m;

comment on view public.last_trades is 'Last trade of each exchange and symbol, from the roll-up.';
comment on column public.last_trades.exchange is 'The exchange.';
comment on column public.last_trades.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.last_trades.price is 'Its price, in the quote asset.';
comment on column public.last_trades.event_time is 'The exchange''s clock.';
comment on column public.last_trades.receive_time is 'Our clock when the newest frame of its minute arrived.';
comment on column public.last_trades.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL.';
