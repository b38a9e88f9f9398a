import { z } from 'zod'
import { ACROSS, type CandleInterval } from '../../core/candle.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { INTERVALS, type Interval } from '../intervals.ts'
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

/** Tables, and days that are kept made, by their key. */
const stored = (table: 'candles_1s' | 'candles_1m' | 'candles_1d'): string => `
  select m.*
    from public.${table} m
   where m.exchange = s.exchange and m.symbol = $1
     and m.open_time >= greatest($2::timestamptz, $5::timestamptz)
     and m.open_time < $3`

/** As the view of that name, of the minutes of the range alone: a view would read a month of them. */
const rolled = (seconds: number): string => `
  select m.exchange, m.symbol, b.open_time, b.open_time + interval '${seconds} s' as close_time,
         (array_agg(m.open order by m.open_time))[1] as open, max(m.high) as high, min(m.low) as low,
         (array_agg(m.close order by m.open_time desc))[1] as close,
         sum(m.volume) as volume, sum(m.quote_volume) as quote_volume,
         round(sum(m.quote_volume) / sum(m.volume), 12) as vwap, sum(m.trades) as trades, max(m.feed) as feed
    from public.candles_1m m
   cross join lateral (select date_bin('${seconds} s', m.open_time, '1970-01-01Z') as open_time) b
   where m.exchange = s.exchange and m.symbol = $1
     and m.open_time >= greatest($2::timestamptz, $5::timestamptz) - interval '${seconds} s'
     and m.open_time < $3::timestamptz + interval '${seconds} s'
     and b.open_time >= greatest($2::timestamptz, $5::timestamptz)
     and b.open_time < $3
   group by m.exchange, m.symbol, b.open_time`

const SOURCES: Readonly<Record<Interval, string>> = {
  '1s': stored('candles_1s'),
  '1m': stored('candles_1m'),
  '5m': rolled(INTERVALS['5m']),
  '15m': rolled(INTERVALS['15m']),
  '1h': rolled(INTERVALS['1h']),
  '1d': stored('candles_1d'),
}

/** Candles of a symbol by time and exchange: of each exchange, of one, or across all; each by its own scan, as keys begin so. */
export const selectCandles = (
  database: Database,
  filter: HistoryFilter & { readonly interval: Interval },
): Promise<readonly CandleRow[]> =>
  select(
    database,
    row,
    `select c.exchange, c.symbol, ${iso('c.open_time')} as "openTime", ${iso('c.close_time')} as "closeTime",
            ${DECIMALS.map((name) => `${decimal(`c.${name}`)} as ${name}`).join(', ')},
            ${decimal('c.quote_volume')} as "quoteVolume", c.trades::float8 as trades, c.feed
       from (select exchange from public.symbols where symbol = $1 and ($4::text is null or exchange = $4)
             union all select $4 where $4 = '${ACROSS}') s
      cross join lateral (
        select *
          from (${SOURCES[filter.interval]}) m
         where $5::timestamptz is null or (m.open_time, m.exchange) > ($5, $6::text collate "C")
         order by m.open_time
         limit $7
      ) c
      order by c.open_time, c.exchange
      limit $7`,
    [filter.symbol, toIso(filter.from), toIso(filter.to), filter.exchange, ...afterOf(filter, 2), filter.limit],
  )

/**
 * Whether the candles that begin before `to` are all there: candles of a symbol are stored in the order in which they close,
 * those across exchanges among them, so one that begins after all of them has ended tells.
 */
export async function candlesAreFinal(
  database: Database,
  { symbol, interval, to }: { readonly symbol: string; readonly interval: Interval; readonly to: Micros },
): Promise<boolean> {
  const length = Math.max(INTERVALS[interval], INTERVALS['1m']) * 1_000_000
  const table: `candles_${CandleInterval | '1d'}` = interval === '1d' ? 'candles_1d' : 'candles_1m'
  const rows = await select(
    database,
    z.object({ found: z.boolean() }),
    `select exists (select from public.${table} where exchange = '${ACROSS}' and symbol = $1 and open_time >= $2) as found`,
    [symbol, toIso(micros(Math.ceil(to / length) * length))],
  )
  return rows[0]?.found === true
}
