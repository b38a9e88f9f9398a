import { z } from 'zod'
import { toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const row = z.object({
  exchange: text,
  configured: z.boolean(),
  feed: optional(text),
  lastHeartbeat: optional(text),
  symbols: number,
  gapsLastHour: number,
})

export type ExchangeRow = z.output<typeof row>

/**
 * A loss that met many symbols or partitions stands in many rows and counts once: they share session, reason and start. The
 * START of a session is no loss to count.
 */
export const selectExchanges = (database: Database, now: Micros): Promise<readonly ExchangeRow[]> =>
  select(
    database,
    row,
    `select e.exchange, e.configured, e.feed, ${iso('e.last_heartbeat')} as "lastHeartbeat",
            (select count(*) from public.symbols s where s.exchange = e.exchange)::float8 as symbols,
            (select count(distinct (g.session, g.reason, g.from_time)) from public.gaps g
              where g.exchange = e.exchange and g.reason <> 'START'
                and g.to_time > $1::timestamptz - interval '1 hour')::float8 as "gapsLastHour"
       from public.exchanges e
      order by e.exchange`,
    [toIso(now)],
  )
