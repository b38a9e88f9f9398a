create view public.crypto_combined_data as
with newest as (
  select distinct on (symbol) symbol, price, feed
    from public.latest_prices
   order by symbol, receive_time desc, exchange
),
day as (
  select symbol,
         max(as_of) as as_of,
         sum(volume) as volume,
         sum(quote_volume) as quote_volume,
         sum(trades)::bigint as trades,
         max(high) as high,
         min(low) as low,
         round(sum(change_percent * quote_volume) / sum(quote_volume), 4) as change_percent,
         max(feed) as feed
    from public.market_summary_24h
   group by symbol
),
open_now as (
  select symbol, count(*) as opportunities, max(edge_bps) as edge_bps
    from public.opportunities o
   cross join lateral (select distinct leg ->> 'symbol' as symbol from jsonb_array_elements(o.legs) leg) s
   where closed_at is null and ends_by > now()
   group by symbol
)
select symbol,
       trim_scale(coalesce((b.bid + b.ask) / 2, n.price)) as latest_price,
       coalesce(d.volume, 0) as volume_24h,
       jsonb_strip_nulls(jsonb_build_object(
         'bid', b.bid,
         'bidExchange', b.bid_exchange,
         'ask', b.ask,
         'askExchange', b.ask_exchange,
         'spreadBps', b.spread_bps,
         'exchanges', b.exchanges,
         'high24h', d.high,
         'low24h', d.low,
         'vwap24h', round(d.quote_volume / d.volume, 12),
         'changePercent24h', d.change_percent,
         'quoteVolume24h', d.quote_volume,
         'trades24h', d.trades,
         'asOf', d.as_of,
         'openOpportunities', coalesce(o.opportunities, 0),
         'bestEdgeBps', o.edge_bps,
         'feed', greatest(b.feed, n.feed, d.feed)
       )) as market_indicators
  from newest n
  left join public.best_quotes b using (symbol)
  left join day d using (symbol)
  left join open_now o using (symbol);

comment on view public.crypto_combined_data is 'One row per symbol over all exchanges: price now, volume of the last 24 hours, and what else tells the state of its market.';
comment on column public.crypto_combined_data.symbol is 'Canonical symbol, BASE-QUOTE.';
comment on column public.crypto_combined_data.latest_price is 'Middle of the best bid and ask; the newest price of any exchange where no quote stands.';
comment on column public.crypto_combined_data.volume_24h is 'Sum of sizes of the last 24 hours over all exchanges, in the base asset; as of asOf.';
comment on column public.crypto_combined_data.market_indicators is 'Of the best quotes: bid, ask, bidExchange, askExchange, spreadBps, exchanges. Of the 24 hours until asOf, over all exchanges: high24h, low24h, vwap24h, changePercent24h (weighted by quote volume), quoteVolume24h, trades24h. openOpportunities and bestEdgeBps among them. feed. What is unknown is absent.';
