import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { maintainPartitions } from '../../consumers/partitions.ts'
import { refreshViews, type ViewAge } from '../../consumers/refresher.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>
const NOON = Date.UTC(2026, 10, 21, 12)
const DAY_MS = 86_400_000

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'upkeep')
  database = openPool(own.url, 'ingest_rw', silentLog)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})

const partitions = async (parent: string): Promise<readonly string[]> => {
  const { rows } = await own.pool.query<{ name: string }>(
    'select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = $1::regclass order by 1',
    [parent],
  )
  return rows.map(({ name }) => name)
}
const maintain = (nowMs: number) => maintainPartitions({ database, log: silentLog, nowMs, retentionDays: 7 })

describe('partition upkeep', () => {
  test('makes yesterday, today and seven days ahead, beside DEFAULT, once', async () => {
    await Promise.all([maintain(NOON), maintain(NOON)])
    const days = ['20', '21', '22', '23', '24', '25', '26', '27', '28'].map((day) => `trades_202611${day}`)
    expect(await partitions('trades')).toEqual([...days, 'trades_default'])
    expect(await partitions('quotes')).toHaveLength(10)
    expect(await partitions('candles_1s')).toEqual([
      ...days.map((day) => day.replace('trades', 'candles_1s')),
      'candles_1s_default',
    ])
    expect(await maintain(NOON)).toEqual({ add: [], drop: [] })
  })

  test('drops what is older than the retention, rows and all, and what a crash left detached', async () => {
    await own.pool.query(`
      insert into trades (exchange, symbol, trade_id, event_time, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
      select 'binance', 'BTC-USD', n::text, '2026-11-20 12:00Z'::timestamptz + n * interval '1 day', 1, 1, 'LIVE', now(), 1, n, 0, 0, n
        from generate_series(0, 8) n`)
    await own.pool.query("select ingest.detach_partition('quotes', '2026-11-20')")
    await maintain(NOON + 8 * DAY_MS)
    expect((await partitions('trades'))[0]).toBe('trades_20261122')
    const { rows } = await own.pool.query('select count(*)::int as n from trades')
    expect(rows).toEqual([{ n: 7 }])
    const left = await own.pool.query(
      "select relname from pg_class where relname in ('quotes_20261120', 'trades_20261121')",
    )
    expect(left.rows).toEqual([])
  })

  test('candles of seconds go with their day, those of minutes, opportunities and matches 30 days after they were stored', async () => {
    await own.pool.query(`
      insert into candles_1s (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
      select 'binance', 'BTC-USD', at, at + interval '1 s', 1, 1, 1, 1, 1, 1, 1, 1, 'LIVE', 0, 0, 0, 0 from unnest('{2026-11-22 12:00Z,2026-11-23 12:00Z}'::timestamptz[]) at;
      -- A recording of 2021: old from the start, and kept as long as any other.
      insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset, stored_at)
      select 'binance', 'BTC-USD', '2021-04-17Z'::timestamptz + n * interval '1 min', '2021-04-17Z', 1, 1, 1, 1, 1, 1, 1, 1, 'RECORDED', 0, 0, 0, 0, now() - n * interval '1 day' from unnest('{29,31}'::int[]) n;
      insert into opportunity_records (opportunity_id, origin_offset, origin_ordinal, at, phase, gross_bps, edge_bps, size, notional, profit, partition, log_offset, stored_at)
      select n::text, 1, 1, now(), 'OPEN', 1, 1, 1, 1, 1, 0, 0, now() - n * interval '1 day' from unnest('{29,31}'::int[]) n;
      insert into matches (match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, severity, key, base, at, feed, fields, inputs, evidence,
                           suppressed, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal, stored_at)
      select n::text, 'r', 1, '', false, 'T', 'FIRED', 'info', '{}', 'BTC', '2021-04-17Z', 'RECORDED', '{}', '{}', '[]', 0, 0, 0, 'market', 1, 0, 0, 0,
             now() - n * interval '1 day' from unnest('{29,31}'::int[]) n`)
    await maintain(NOON + 9 * DAY_MS)
    const left = (query: string) =>
      own.pool.query<{ left: string }>(query).then(({ rows }) => rows.map((row) => row.left))
    expect(await left("select to_char(open_time, 'DD') as left from candles_1s")).toEqual(['23'])
    expect(await left("select to_char(open_time, 'HH24:MI') as left from candles_1m")).toEqual(['00:29'])
    expect(await left('select opportunity_id as left from opportunity_records')).toEqual(['29'])
    expect(await left('select match_id as left from matches')).toEqual(['29'])
  })

  test('forgets sessions of the sieve after a week, not before', async () => {
    await own.pool.query(`
      insert into ingest.origins (consumer, topic, part, exchange, session, ordinal, updated_at)
      values ('c', 't', 0, 'binance', 1, 1, now() - interval '8 days'), ('c', 't', 0, 'binance', 2, 1, now() - interval '6 days')`)
    await maintain(NOON + 9 * DAY_MS)
    expect((await own.pool.query('select session::int from ingest.origins')).rows).toEqual([{ session: 2 }])
  })
})

describe('view refresher', () => {
  test('brings the summary up to date and its age to zero, and leaves a fresh one alone', async () => {
    await own.pool.query(`
      insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time,
                                 open_offset, close_time, close_offset, receive_time)
      select 'binance', 'BTC-USD', date_trunc('minute', now()) - n * interval '1 hour', 'LIVE', 100 - n, 110, 90 - n, 101 - n, 2, 200, 3,
             now(), 0, now(), 0, now()
        from generate_series(1, 30) n`)
    const first = await refreshViews(database, 0)
    expect(first.refreshed).toEqual([
      'market_summary_24h',
      'opportunity_stats',
      'rule_stats',
      'exchange_quality',
      'candles_1d',
    ])
    const ages = (all: readonly ViewAge[]) => Object.fromEntries(all.map(({ view, ageSeconds }) => [view, ageSeconds]))
    expect(Object.keys(ages(first.ages))).toEqual([...first.refreshed].toSorted())
    expect(Math.max(...Object.values(ages(first.ages)))).toBeLessThan(10)
    const { rows } = await own.pool.query(
      'select open::int, high::int, low::int, close::int, volume::int, trades::int, vwap::int from market_summary_24h',
    )
    // Hours 1 to 24 before now: the newest minute is the first, and the day ends with it.
    expect(rows).toEqual([{ open: 76, high: 110, low: 66, close: 100, volume: 48, trades: 72, vwap: 100 }])

    expect((await refreshViews(database, 60_000)).refreshed).toEqual([])
    await own.pool.query("update ingest.view_refreshes set refreshed_at = now() - interval '2 minutes'")
    const aged = await refreshViews(database, 200_000)
    expect(aged.refreshed).toEqual([])
    expect(ages(aged.ages)['market_summary_24h']).toBeGreaterThan(110)
    // Two minutes are enough for small views, not for the one that is ten times as seldom.
    const { refreshed, ages: now } = await refreshViews(database, 50_000)
    expect(refreshed).toEqual(['market_summary_24h', 'opportunity_stats', 'rule_stats', 'exchange_quality'])
    expect(ages(now)['market_summary_24h']).toBeLessThan(10)
    expect(ages(now)['candles_1d']).toBeGreaterThan(110)
  })

  test('of two at a time one refreshes', async () => {
    const holder = await own.pool.connect()
    try {
      await holder.query(
        "begin; select pg_advisory_xact_lock(hashtextextended('crosstide refresh market_summary_24h', 0))",
      )
      expect((await refreshViews(database, 0)).refreshed).not.toContain('market_summary_24h')
    } finally {
      await holder.query('rollback')
      holder.release()
    }
  })
})
