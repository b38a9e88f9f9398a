import { z } from 'zod'
import { toIso } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { afterOf, type HistoryFilter } from './history.ts'
import { optional, text } from './rows.ts'

const row = z.object({
  service: text,
  instance: text,
  sequence: text,
  time: text,
  kind: text,
  exchange: optional(text),
  symbol: optional(text),
  message: text,
  details: z.record(text, text),
})

export type EventRow = z.output<typeof row>

/** What processes said, by time; of one exchange where that is asked for. */
export const selectEvents = (
  database: Database,
  filter: HistoryFilter & { readonly kind: string | undefined },
): Promise<readonly EventRow[]> =>
  select(
    database,
    row,
    `select service, instance, sequence::text as sequence, ${iso('time')} as time, kind, exchange, symbol, message, details
       from public.system_events
      where time >= greatest($1::timestamptz, $5::timestamptz)
        and time < $2
        and ($3::text is null or exchange = $3)
        and ($4::text is null or kind = $4)
        and ($5::timestamptz is null or (time, service, instance, sequence) > ($5, $6::text, $7::text, $8::bigint))
      order by system_events.time, service, instance, system_events.sequence
      limit $9`,
    [toIso(filter.from), toIso(filter.to), filter.exchange, filter.kind, ...afterOf(filter, 4), filter.limit],
  )
