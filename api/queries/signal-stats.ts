import { z } from 'zod'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const emptyIsAbsent = text.transform((value) => (value === '' ? undefined : value))

const row = z.object({
  kind: text,
  base: text,
  buyExchange: emptyIsAbsent,
  sellExchange: emptyIsAbsent,
  opportunities: number,
  closed: number,
  medianDurationMs: optional(number),
  meanDurationMs: optional(number),
  medianEdgeBps: number,
  peakEdgeBps: number,
  executableAfter: z.array(
    z.object({ delayMs: number, share: number.nullable().transform((share) => share ?? undefined), of: number }),
  ),
  feed: text,
  asOf: text,
})

/** Pairs of exchanges times assets: some hundreds. */
const MOST = 1000

export type SignalStatsRow = z.output<typeof row>

/** What opened within 24 hours, by kind, asset and pair of exchanges, the most frequent first. */
export const selectSignalStats = (database: Database): Promise<readonly SignalStatsRow[]> =>
  select(
    database,
    row,
    `select kind, base, buy_exchange as "buyExchange", sell_exchange as "sellExchange",
            opportunities::float8 as opportunities, closed::float8 as closed,
            median_duration_ms as "medianDurationMs", mean_duration_ms as "meanDurationMs",
            median_edge_bps as "medianEdgeBps", peak_edge_bps as "peakEdgeBps",
            executable_after as "executableAfter", feed, ${iso('as_of')} as "asOf"
       from public.opportunity_stats
      order by opportunities desc, kind, base, buy_exchange, sell_exchange
      limit $1`,
    [MOST],
  )
