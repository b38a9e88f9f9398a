create view public.best_quotes as
with standing as (
  select exchange, symbol, bid, bid_size, ask, ask_size, event_time, receive_time, feed
    from public.latest_prices
   where confirmed
),
bids as (
  select distinct on (symbol) symbol, exchange, bid, bid_size, event_time, receive_time, feed
    from standing
   order by symbol, bid desc, receive_time, exchange
),
asks as (
  select distinct on (symbol) symbol, exchange, ask, ask_size, event_time, receive_time, feed
    from standing
   order by symbol, ask, receive_time, exchange
)
select symbol,
       b.bid,
       b.bid_size,
       b.exchange as bid_exchange,
       a.ask,
       a.ask_size,
       a.exchange as ask_exchange,
       round((a.ask - b.bid) * 20000 / (a.ask + b.bid), 4) as spread_bps,
       (select count(*) from standing s where s.symbol = b.symbol) as exchanges,
       least(b.event_time, a.event_time) as event_time,
       least(b.receive_time, a.receive_time) as receive_time,
       greatest(b.feed, a.feed) as feed
  from bids b
  join asks a using (symbol);

comment on view public.best_quotes is 'Best bid and best ask of each symbol over all exchanges whose quote stands and is confirmed.';
comment on column public.best_quotes.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.best_quotes.bid is 'Highest bid.';
comment on column public.best_quotes.bid_size is 'Size at it, in the base asset.';
comment on column public.best_quotes.bid_exchange is 'Who bids it; of equals the one that came first.';
comment on column public.best_quotes.ask is 'Lowest ask.';
comment on column public.best_quotes.ask_size is 'Size at it, in the base asset.';
comment on column public.best_quotes.ask_exchange is 'Who asks it; of equals the one that came first.';
comment on column public.best_quotes.spread_bps is 'Ask minus bid, in hundredths of a percent of their middle; below 0 where exchanges cross each other.';
comment on column public.best_quotes.exchanges is 'How many exchanges were compared.';
comment on column public.best_quotes.event_time is 'Exchange time of the older of the two.';
comment on column public.best_quotes.receive_time is 'Our clock when the older of the two arrived.';
comment on column public.best_quotes.feed is 'Feed of the two; of several the last in the alphabet, so that SIMULATED never hides.';
