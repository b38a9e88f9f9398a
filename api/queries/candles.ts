import { z } from 'zod'
import { toIso } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { decimal, iso } from './columns.ts'
import { afterOf, type HistoryFilter } from './history.ts'
import { number, text } from './rows.ts'

const row = z.object({
  exchange: text,
  symbol: text,
  openTime: text,
  closeTime: text,
  open: text,
  high: text,
  low: text,
  close: text,
  volume: text,
  quoteVolume: text,
  vwap: text,
  trades: number,
  feed: text,
})

export type CandleRow = z.output<typeof row>

const DECIMALS = ['open', 'high', 'low', 'close', 'volume', 'vwap']

/** One-minute candles of a symbol by minute and exchange; each exchange by its own scan, as the index begins with it. */
export const selectCandles = (database: Database, filter: HistoryFilter): Promise<readonly CandleRow[]> =>
  select(
    database,
    row,
    `select c.exchange, c.symbol, ${iso('c.open_time')} as "openTime", ${iso('c.close_time')} as "closeTime",
            ${DECIMALS.map((name) => `${decimal(`c.${name}`)} as ${name}`).join(', ')},
            ${decimal('c.quote_volume')} as "quoteVolume", c.trades::float8 as trades, c.feed
       from public.symbols s
      cross join lateral (
        select *
          from public.candles_1m m
         where m.exchange = s.exchange and m.symbol = s.symbol
           and m.open_time >= greatest($2::timestamptz, $5::timestamptz)
           and m.open_time < $3
           and ($5::timestamptz is null or (m.open_time, m.exchange) > ($5, $6::text))
         order by m.open_time
         limit $7
      ) c
      where s.symbol = $1 and ($4::text is null or s.exchange = $4)
      order by c.open_time, c.exchange
      limit $7`,
    [filter.symbol, toIso(filter.from), toIso(filter.to), filter.exchange, ...afterOf(filter, 2), filter.limit],
  )
