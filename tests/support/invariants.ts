import { readFile } from 'node:fs/promises'
import type { Pool } from 'pg'
import { z } from 'zod'
import { partitionOf, tickKey } from '../../core/partition.ts'

/** Of the shipped configuration. */
const PARTITIONS = 6

/** One frame's trade as the simulator journaled it; `sent` is false where it was numbered but withheld on script. */
const sentTrade = z.object({
  kind: z.literal('trade'),
  exchange: z.string(),
  symbol: z.string(),
  id: z.string(),
  eventTime: z.number(),
  sentAt: z.number().optional(),
})
export type SentTrade = z.infer<typeof sentTrade>

/** One tick as the producers journaled it, once Kafka had acknowledged it. */
const ackedTick = z.object({
  kind: z.string(),
  exchange: z.string(),
  symbol: z.string(),
  session: z.number(),
  ordinal: z.number(),
  partition: z.number(),
  offset: z.number(),
  id: z.string().optional(),
})
export type AckedTick = z.infer<typeof ackedTick>

/** Lines of a journal that have the given shape; a last line that a kill cut off is passed over. */
async function journal<T>(file: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.flatMap((line) => {
    const parsed = schema.safeParse(parseLine(line))
    return parsed.success ? [parsed.data] : []
  })
}

export const sentTrades = (file: string): Promise<readonly SentTrade[]> => journal(file, sentTrade)
export const ackedTicks = (file: string): Promise<readonly AckedTick[]> => journal(file, ackedTick)

export type Evidence = {
  readonly sent: readonly SentTrade[]
  readonly acked: readonly AckedTick[]
  /** Trades sent later may still be on their way. */
  readonly until: number
}

/**
 * What of reliability.md's I1 to I3 does not hold in a database that has caught up: one sentence per broken law, with a
 * number; empty if all hold.
 */
export async function brokenLaws(pool: Pool, { sent, acked, until }: Evidence): Promise<readonly string[]> {
  const [coordinates, trades, gaps] = await Promise.all([
    storedCoordinates(pool),
    storedTrades(pool),
    recordedGaps(pool),
  ])
  const lost = acked.filter(
    (tick) =>
      (tick.kind === 'trade' || tick.kind === 'quote') &&
      !coordinates.has(`${tick.exchange}/${tick.session}/${tick.ordinal}`) &&
      !(tick.id !== undefined && trades.has(`${tick.exchange}/${tick.symbol}/${tick.id}`)),
  )
  const missing = sent.filter(
    (trade) =>
      (trade.sentAt ?? trade.eventTime) < until && !trades.has(`${trade.exchange}/${trade.symbol}/${trade.id}`),
  )
  const unexplained = missing.filter((trade) => !gaps.some((gap) => covers(gap, trade)))
  const found: readonly (readonly [law: string, violations: number])[] = [
    ['every acknowledged trade and quote is stored', lost.length],
    ['every sent trade that is not stored lies inside a recorded gap that is open', unexplained.length],
    ['no coordinate is stored twice', await count(pool, TWICE_COORDINATE)],
    ['no trade id is stored twice', await count(pool, TWICE_TRADE)],
    ['the roll-up equals a recomputation', await count(pool, ROLL_UP_DIFFERENCES)],
  ]
  return found
    .filter(([, violations]) => violations > 0)
    .map(([law, violations]) => `${law}: broken ${violations} times`)
}

/** Trades that were sent and are not stored, whether a gap says so or not. */
export async function missingTrades(pool: Pool, { sent, until }: Evidence): Promise<number> {
  const keys = await storedTrades(pool)
  return sent.filter(
    ({ exchange, symbol, id, sentAt }) => (sentAt ?? 0) < until && !keys.has(`${exchange}/${symbol}/${id}`),
  ).length
}

type RecordedGap = {
  readonly exchange: string
  readonly symbol: string | null
  readonly partition: number
  readonly since: number
  readonly until: number
}

/** A gap without a symbol speaks of the symbols whose ticks lie in its partition. */
const covers = (gap: RecordedGap, { exchange, symbol, eventTime }: SentTrade): boolean =>
  gap.exchange === exchange &&
  (gap.symbol === null ? gap.partition === partitionOf(tickKey(symbol), PARTITIONS) : gap.symbol === symbol) &&
  gap.since <= eventTime &&
  eventTime <= gap.until

const MICROS = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint::float8`

async function recordedGaps(pool: Pool): Promise<readonly RecordedGap[]> {
  const { rows } = await pool.query<RecordedGap>(
    `select exchange, symbol, partition, ${MICROS('from_time')} as since, ${MICROS('to_time')} as until
       from gaps where reason <> 'WITHDRAWN' and not backfilled`,
  )
  return rows
}

async function storedCoordinates(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ coordinate: string }>(
    `select exchange || '/' || session || '/' || ordinal as coordinate from trades
     union all select exchange || '/' || session || '/' || ordinal from quotes`,
  )
  return new Set(rows.map(({ coordinate }) => coordinate))
}

/** Trades are known by exchange, symbol and id: ids of different symbols may be the same. */
async function storedTrades(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ key: string }>(
    "select exchange || '/' || symbol || '/' || trade_id as key from trades",
  )
  return new Set(rows.map(({ key }) => key))
}

async function count(pool: Pool, query: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`select count(*) from (${query}) as found`)
  return Number(rows[0]?.count)
}

const TWICE_COORDINATE = `
  select exchange, session, ordinal
    from (select exchange, session, ordinal from trades union all select exchange, session, ordinal from quotes) as ticks
   group by 1, 2, 3 having count(*) > 1`

const TWICE_TRADE = 'select exchange, symbol, trade_id from trades group by 1, 2, 3 having count(*) > 1'

/** Written apart from the sink's own statement, from the definition of the columns. */
const ROLL_UP_DIFFERENCES = `
  select * from (
    select exchange, symbol, date_trunc('minute', event_time) as minute,
           (array_agg(price order by event_time, log_offset))[1] as open, max(price) as high, min(price) as low,
           (array_agg(price order by event_time desc, log_offset desc))[1] as close,
           sum(size) as volume, sum(price * size) as quote_volume, count(*) as trades
      from trades group by 1, 2, 3) as recomputed
  full join trade_minutes as kept using (exchange, symbol, minute)
  where (recomputed.open, recomputed.high, recomputed.low, recomputed.close, recomputed.volume, recomputed.quote_volume, recomputed.trades)
        is distinct from (kept.open, kept.high, kept.low, kept.close, kept.volume, kept.quote_volume, kept.trades)`

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
