import { z } from 'zod'
import { toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { decimal, iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const row = z.object({
  symbol: text,
  bid: text,
  bidSize: optional(text),
  bidExchange: text,
  bidTime: text,
  bidAgeMs: number,
  ask: text,
  askSize: optional(text),
  askExchange: text,
  askTime: text,
  askAgeMs: number,
  spreadBps: number,
  exchanges: number,
  feed: text,
})

export type BestQuoteRow = z.output<typeof row>

export type BestQuotesFilter = {
  readonly symbol: string | undefined
  readonly after: string | undefined
  readonly limit: number
}

/** Best bid and ask of each symbol over the exchanges whose quote stands; each side with the age of its own quote. */
export const selectBestQuotes = (
  database: Database,
  now: Micros,
  { symbol, after, limit }: BestQuotesFilter,
): Promise<readonly BestQuoteRow[]> =>
  select(
    database,
    row,
    `select b.symbol, ${decimal('b.bid')} as bid, ${decimal('b.bid_size')} as "bidSize", b.bid_exchange as "bidExchange",
            ${iso('x.event_time')} as "bidTime", ${age('x')} as "bidAgeMs",
            ${decimal('b.ask')} as ask, ${decimal('b.ask_size')} as "askSize", b.ask_exchange as "askExchange",
            ${iso('y.event_time')} as "askTime", ${age('y')} as "askAgeMs",
            b.spread_bps::float8 as "spreadBps", b.exchanges::float8 as exchanges, b.feed
       from public.best_quotes b
       join public.latest_quotes x on x.exchange = b.bid_exchange and x.symbol = b.symbol
       join public.latest_quotes y on y.exchange = b.ask_exchange and y.symbol = b.symbol
      where ($2::text is null or b.symbol = $2)
        and ($3::text is null or b.symbol > $3)
      order by b.symbol
      limit $4`,
    [toIso(now), symbol, after, limit],
  )

/** Since the quote came in; never below 0, two hosts may tell the time. */
const age = (quote: string): string =>
  `greatest(0, round(extract(epoch from $1::timestamptz - ${quote}.receive_time) * 1000, 1))::float8`
