import { z } from 'zod'
import { toIso } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { decimal, iso } from './columns.ts'
import { afterOf, type HistoryFilter } from './history.ts'
import { optional, text } from './rows.ts'

const row = z.object({
  exchange: text,
  symbol: text,
  tradeId: text,
  side: optional(text),
  price: text,
  size: text,
  feed: text,
  eventTime: text,
  receiveTime: text,
  sequence: text,
})

export type TradeRow = z.output<typeof row>

/** Trades of a symbol in the order of the primary key, so that its index gives them sorted. */
export const selectTrades = (database: Database, filter: HistoryFilter): Promise<readonly TradeRow[]> =>
  select(
    database,
    row,
    `select exchange, symbol, trade_id as "tradeId", side, ${decimal('price')} as price, ${decimal('size')} as size, feed,
            ${iso('event_time')} as "eventTime", ${iso('receive_time')} as "receiveTime", sequence::text as sequence
       from public.trades
      where symbol = $1
        and event_time >= greatest($2::timestamptz, $5::timestamptz)
        and event_time < $3
        and ($4::text is null or exchange = $4)
        and ($5::timestamptz is null or (event_time, trade_id, exchange) > ($5, $6::text, $7::text))
      order by symbol, trades.event_time, trade_id, exchange
      limit $8`,
    [filter.symbol, toIso(filter.from), toIso(filter.to), filter.exchange, ...afterOf(filter, 3), filter.limit],
  )
