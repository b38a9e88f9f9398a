import { z } from 'zod'
import { toIso } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { decimal, iso } from './columns.ts'
import { afterOf, type HistoryFilter } from './history.ts'
import { optional, text } from './rows.ts'

const row = z.object({
  exchange: text,
  symbol: text,
  bid: text,
  bidSize: optional(text),
  ask: text,
  askSize: optional(text),
  source: text,
  feed: text,
  eventTime: text,
  receiveTime: text,
  session: text,
  ordinal: text,
  sequence: text,
})

export type QuoteRow = z.output<typeof row>

/** Quotes of a symbol in the order of the primary key, so that its index gives them sorted. */
export const selectQuotes = (database: Database, filter: HistoryFilter): Promise<readonly QuoteRow[]> =>
  select(
    database,
    row,
    `select exchange, symbol, ${decimal('bid')} as bid, ${decimal('bid_size')} as "bidSize",
            ${decimal('ask')} as ask, ${decimal('ask_size')} as "askSize", source, feed,
            ${iso('event_time')} as "eventTime", ${iso('receive_time')} as "receiveTime",
            session::text as session, ordinal::text as ordinal, sequence::text as sequence
       from public.quotes
      where symbol = $1
        and event_time >= greatest($2::timestamptz, $5::timestamptz)
        and event_time < $3
        and ($4::text is null or exchange = $4)
        and ($5::timestamptz is null or (event_time, exchange, session, ordinal) > ($5, $6::text, $7::bigint, $8::bigint))
      order by quotes.symbol, quotes.event_time, quotes.exchange, quotes.session, quotes.ordinal
      limit $9`,
    [filter.symbol, toIso(filter.from), toIso(filter.to), filter.exchange, ...afterOf(filter, 4), filter.limit],
  )
