import { z } from 'zod'
import { toIso } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { afterOf, type HistoryFilter } from './history.ts'
import { optional, text } from './rows.ts'

const row = z.object({
  exchange: text,
  symbol: optional(text),
  fromTime: text,
  toTime: text,
  reason: text,
  backfilled: z.boolean(),
  feed: text,
  session: text,
  ordinal: text,
})

export type GapRow = z.output<typeof row>

/** Gaps that overlap the range, by their ends. A gap of a whole session has a row per partition and is one gap. */
export const selectGaps = (database: Database, filter: HistoryFilter): Promise<readonly GapRow[]> =>
  select(
    database,
    row,
    `select g.exchange, g.symbol, ${iso('g.from_time')} as "fromTime", ${iso('g.to_time')} as "toTime", g.reason,
            g.backfilled, g.feed, g.session::text as session, g.ordinal::text as ordinal
       from public.exchanges e
      cross join lateral (
        select distinct on (o.to_time, o.session, o.ordinal) o.*
          from public.gaps o
         where o.exchange = e.exchange
           and o.to_time >= greatest($2::timestamptz, $6::timestamptz)
           and o.from_time < $3
           and ($5::text is null or o.symbol is null or o.symbol = $5)
           and ($6::timestamptz is null or (o.to_time, o.exchange, o.session, o.ordinal) > ($6, $7::text, $8::bigint, $9::bigint))
         order by o.to_time, o.session, o.ordinal, o.partition
         limit $1
      ) g
      where $4::text is null or e.exchange = $4
      order by g.to_time, g.exchange, g.session, g.ordinal
      limit $1`,
    [filter.limit, toIso(filter.from), toIso(filter.to), filter.exchange, filter.symbol, ...afterOf(filter, 4)],
  )
