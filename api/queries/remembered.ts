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
            t.close::float8 as last,
            ${asMicros('greatest(q.event_time, t.close_time)')} as "eventTime",
            ${asMicros('greatest(q.receive_time, t.receive_time)')} as "receiveTime",
            coalesce(q.session, 0)::float8 as session, coalesce(q.partition, 0) as partition,
            coalesce(not q.withdrawn, false) as "isValid"
       from public.symbols s
       left join public.latest_quotes q on q.exchange = s.exchange and q.symbol = s.symbol
       left join lateral (
         select m.close, m.close_time, m.receive_time, m.feed
           from public.trade_minutes m
          where m.exchange = s.exchange and m.symbol = s.symbol
          order by m.minute desc
          limit 1
       ) t on true
      where q.bid is not null or t.close is not null`,
    [],
  )
