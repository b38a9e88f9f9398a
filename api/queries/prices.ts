import { z } from 'zod'
import type { Cursor } from '../cursor.ts'
import { select, type Database } from '../deps.ts'
import { decimal, iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const priceRow = z.object({
  exchange: text,
  symbol: text,
  base: text,
  quote: text,
  feed: text,
  price: text,
  priceSource: text,
  bid: optional(text),
  bidSize: optional(text),
  ask: optional(text),
  askSize: optional(text),
  last: optional(text),
  lastTime: optional(text),
  spreadBps: optional(number),
  eventTime: text,
  receiveTime: text,
})

/** A row of `latest_prices`. */
export type PriceRow = z.output<typeof priceRow>

const PRICE_COLUMNS = `
  exchange, symbol, base, quote, feed, price::text as price, price_source as "priceSource",
  ${decimal('bid')} as bid, ${decimal('bid_size')} as "bidSize",
  ${decimal('ask')} as ask, ${decimal('ask_size')} as "askSize",
  ${decimal('last_trade_price')} as last, ${iso('last_trade_time')} as "lastTime",
  spread_bps::float8 as "spreadBps",
  ${iso('event_time')} as "eventTime", ${iso('receive_time')} as "receiveTime"`

export type PriceFilter = {
  readonly symbol: string | undefined
  readonly exchange: string | undefined
  readonly after: Cursor | undefined
  readonly limit: number
}

/** A page of prices by symbol and exchange. */
export const selectPrices = (
  database: Database,
  { symbol, exchange, after, limit }: PriceFilter,
): Promise<readonly PriceRow[]> =>
  select(
    database,
    priceRow,
    `select ${PRICE_COLUMNS}
       from public.latest_prices
      where ($1::text is null or symbol = $1)
        and ($2::text is null or exchange = $2)
        and ($3::text is null or (symbol, exchange) > ($3, $4))
      order by symbol, exchange
      limit $5`,
    [symbol, exchange, after?.symbol, after?.exchange, limit],
  )

const bestRow = z.object({
  bid: text,
  bidSize: optional(text),
  bidExchange: text,
  ask: text,
  askSize: optional(text),
  askExchange: text,
  spreadBps: number,
  exchanges: number,
  feed: text,
  eventTime: text,
  receiveTime: text,
})

export type BestRow = z.output<typeof bestRow>

/** Best bid and ask over the exchanges whose quote stands; `undefined` if none does. */
export async function selectBest(database: Database, symbol: string): Promise<BestRow | undefined> {
  const rows = await select(
    database,
    bestRow,
    `select ${decimal('bid')} as bid, ${decimal('bid_size')} as "bidSize", bid_exchange as "bidExchange",
            ${decimal('ask')} as ask, ${decimal('ask_size')} as "askSize", ask_exchange as "askExchange",
            spread_bps::float8 as "spreadBps", exchanges::float8 as exchanges, feed,
            ${iso('event_time')} as "eventTime", ${iso('receive_time')} as "receiveTime"
       from public.best_quotes
      where symbol = $1`,
    [symbol],
  )
  return rows[0]
}
