create view public.latest_prices as
select s.exchange,
       s.symbol,
       s.base,
       s.quote,
       trim_scale(coalesce((q.bid + q.ask) / 2, t.price)) as price,
       case when q.bid is null then 'TRADE' else 'QUOTE' end as price_source,
       q.bid,
       q.bid_size,
       q.ask,
       q.ask_size,
       round((q.ask - q.bid) * 20000 / (q.ask + q.bid), 4) as spread_bps,
       coalesce(q.event_time, t.event_time) as event_time,
       coalesce(q.receive_time, t.receive_time) as receive_time,
       coalesce(q.feed, t.feed) as feed,
       q.bid is not null
         and h.state is not distinct from 'UP'
         -- Three seconds without a heartbeat end a quote; two more are the way of a heartbeat into this table.
         and h.last_heartbeat > now() - interval '5 seconds' as confirmed,
       t.price as last_trade_price,
       t.event_time as last_trade_time
  from public.symbols s
  left join public.latest_quotes q on q.exchange = s.exchange and q.symbol = s.symbol and not q.withdrawn
  left join public.sessions h on h.exchange = q.exchange and h.session = q.session
  left join public.last_trades t on t.exchange = s.exchange and t.symbol = s.symbol
 where q.bid is not null or t.price is not null;

comment on view public.latest_prices is 'Newest price of each exchange and symbol. Ages are left to the reader: now() - receive_time.';
comment on column public.latest_prices.exchange is 'The exchange.';
comment on column public.latest_prices.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.latest_prices.base is 'Base asset.';
comment on column public.latest_prices.quote is 'Quote asset: what the prices are in.';
comment on column public.latest_prices.price is 'Middle of bid and ask; the last trade where no quote stands.';
comment on column public.latest_prices.price_source is 'QUOTE or TRADE: which of the two price is.';
comment on column public.latest_prices.bid is 'Best bid; null where no quote stands.';
comment on column public.latest_prices.bid_size is 'Size at the best bid, in the base asset.';
comment on column public.latest_prices.ask is 'Best ask; null where no quote stands.';
comment on column public.latest_prices.ask_size is 'Size at the best ask, in the base asset.';
comment on column public.latest_prices.spread_bps is 'Ask minus bid, in hundredths of a percent of their middle.';
comment on column public.latest_prices.event_time is 'The exchange''s clock at the quote or trade.';
comment on column public.latest_prices.receive_time is 'Our clock when its frame arrived.';
comment on column public.latest_prices.feed is 'LIVE, SIMULATED, RECORDED or BACKFILL.';
comment on column public.latest_prices.confirmed is 'Whether the quote''s own session is up: its last heartbeat says so and is younger than 5 s, by the clock of the database.';
comment on column public.latest_prices.last_trade_price is 'Price of the last trade.';
comment on column public.latest_prices.last_trade_time is 'The exchange''s clock at the last trade.';
