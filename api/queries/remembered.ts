import { z } from 'zod'
import { FEEDS } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import type { Remembered } from '../board.ts'
import { select, type Database } from '../deps.ts'
import { number, optional, text } from './rows.ts'

const time = number.transform(micros)
const row = z.object({
  exchange: text,
  symbol: text,
  feed: z.enum(FEEDS),
  bid: optional(number),
  bidSize: optional(number),
  ask: optional(number),
  askSize: optional(number),
  last: optional(number),
  eventTime: time,
  receiveTime: time,
  session: time,
  partition: number,
  isValid: z.boolean(),
})

const asMicros = (expression: string): string => `(extract(epoch from ${expression}) * 1000000)::float8`

/** The latest quote and trade of everything, with the session that may confirm the quote; withdrawn ones too. */
export const selectRemembered = (database: Database): Promise<readonly Remembered[]> =>
  select(
    database,
    row,
    `select s.exchange, s.symbol, coalesce(q.feed, t.feed) as feed,
            q.bid::float8 as bid, q.bid_size::float8 as "bidSize", q.ask::float8 as ask, q.ask_size::float8 as "askSize",
            t.price::float8 as last,
            ${asMicros('greatest(q.event_time, t.event_time)')} as "eventTime",
            ${asMicros('greatest(q.receive_time, t.receive_time)')} as "receiveTime",
            coalesce(q.session, 0)::float8 as session, coalesce(q.partition, 0) as partition,
            coalesce(not q.withdrawn, false) as "isValid"
       from public.symbols s
       left join public.latest_quotes q on q.exchange = s.exchange and q.symbol = s.symbol
       left join public.last_trades t on t.exchange = s.exchange and t.symbol = s.symbol
      where q.bid is not null or t.price is not null`,
    [],
  )
