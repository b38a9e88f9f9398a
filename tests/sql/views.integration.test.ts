import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { refreshViews } from '../../consumers/refresher.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let writer: ReturnType<typeof openPool>
let reader: ReturnType<typeof openPool>

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'sql')
  writer = openPool(own.url, 'ingest_rw', silentLog, 1)
  reader = openPool(own.url, 'api_ro', silentLog, 1)
})
afterAll(async () => {
  await writer.end()
  await reader.end()
  await own.drop()
})
beforeEach(() =>
  own.pool.query(
    'truncate candles_1m, trade_minutes, trades, opportunities, system_events, gaps, sessions, exchanges, symbols, latest_quotes, ingest.view_refreshes',
  ),
)

/** What an analyst is answered. */
const rows = async (query: string) => (await reader.query<Record<string, unknown>>(query)).rows
const refresh = () => refreshViews(writer, 0)

type Minute = readonly [open: number, high: number, low: number, close: number, volume: number, quote: number]
/** A candle of one minute of 2026-11-20, UTC; two trades each. */
const minute = (exchange: string, at: string, figures: Minute, feed = 'LIVE') =>
  own.pool.query(
    `insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed,
                             partition, log_offset, origin_part, origin_offset)
     values ($1, 'BTC-USDT', $2, $2::timestamptz + interval '1 minute', $3, $4, $5, $6, $7, $8, $8::numeric / $7::numeric, 2, $9, 0, 0, 0, 0)`,
    [exchange, `2026-11-20 ${at}Z`, ...figures, feed],
  )

describe('candles of longer intervals', () => {
  beforeEach(async () => {
    await minute('binance', '10:14', [8, 8, 8, 8, 1, 8])
    await minute('binance', '10:15', [10, 12, 9, 11, 1, 10])
    await minute('binance', '10:17', [11, 15, 10, 14, 3, 36], 'SIMULATED')
    await minute('binance', '10:19', [14, 14, 7, 8, 1, 8])
    await minute('binance', '10:20', [9, 9, 9, 9, 2, 18])
    await minute('kraken', '10:15', [20, 20, 20, 20, 1, 20])
  })
  const candles = async (interval: string, where = "exchange = 'binance'") =>
    rows(`select to_char(open_time, 'DD HH24:MI') as start, to_char(close_time, 'DD HH24:MI') as end, open::float8, high::float8, low::float8,
                 close::float8, volume::float8, quote_volume::float8 as quote, vwap::float8, trades::int, feed, minutes::int
            from candles_${interval} where ${where} order by open_time`)

  test('five minutes: open of the first, close of the last, sums, and the mean by size', async () => {
    // 10:15 to 10:20: 10, 36 and 8 for 1, 3 and 1 units: 54 for 5.
    expect(await candles('5m')).toEqual([
      {
        start: '20 10:10',
        end: '20 10:15',
        open: 8,
        high: 8,
        low: 8,
        close: 8,
        volume: 1,
        quote: 8,
        vwap: 8,
        trades: 2,
        feed: 'LIVE',
        minutes: 1,
      },
      {
        start: '20 10:15',
        end: '20 10:20',
        open: 10,
        high: 15,
        low: 7,
        close: 8,
        volume: 5,
        quote: 54,
        vwap: 10.8,
        trades: 6,
        feed: 'SIMULATED',
        minutes: 3,
      },
      {
        start: '20 10:20',
        end: '20 10:25',
        open: 9,
        high: 9,
        low: 9,
        close: 9,
        volume: 2,
        quote: 18,
        vwap: 9,
        trades: 2,
        feed: 'LIVE',
        minutes: 1,
      },
    ])
  })

  test('a quarter of an hour, an hour, a day begin at multiples since the epoch', async () => {
    // 8 + 72 = 80 for 1 + 7 units.
    const whole = {
      open: 8,
      high: 15,
      low: 7,
      close: 9,
      volume: 8,
      quote: 80,
      vwap: 10,
      trades: 10,
      feed: 'SIMULATED',
      minutes: 5,
    }
    expect(await candles('15m')).toEqual([
      {
        start: '20 10:00',
        end: '20 10:15',
        open: 8,
        high: 8,
        low: 8,
        close: 8,
        volume: 1,
        quote: 8,
        vwap: 8,
        trades: 2,
        feed: 'LIVE',
        minutes: 1,
      },
      // 72 for 7: 10.285714285714...
      {
        start: '20 10:15',
        end: '20 10:30',
        open: 10,
        high: 15,
        low: 7,
        close: 9,
        volume: 7,
        quote: 72,
        vwap: 10.285714285714,
        trades: 8,
        feed: 'SIMULATED',
        minutes: 4,
      },
    ])
    expect(await candles('1h')).toEqual([{ start: '20 10:00', end: '20 11:00', ...whole }])
    await refresh()
    expect(await candles('1d')).toEqual([{ start: '20 00:00', end: '21 00:00', ...whole }])
  })

  test('exchanges stand apart', async () => {
    expect((await candles('1h', "exchange = 'kraken'")).map(({ close }) => close)).toEqual([20])
  })

  test('one series is read by the index, not the table', async () => {
    await own.pool.query(`
      insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
      select e, 'ETH-USDT', '2026-11-01Z'::timestamptz + n * interval '1 minute', now(), 1, 1, 1, 1, 1, 1, 1, 1, 'LIVE', 0, 0, 0, 0
        from unnest('{binance,okx,gate,kraken}'::text[]) e, generate_series(1, 2000) n;
      analyze candles_1m`)
    const plan = await rows("explain select * from candles_1h where exchange = 'kraken' and symbol = 'BTC-USDT'")
    expect(JSON.stringify(plan)).toMatch(/Index Scan|Bitmap Index Scan/)
    expect(JSON.stringify(plan)).not.toContain('Seq Scan')
  })

  test('binance_data is Binance by quarters of an hour: last price and volume', async () => {
    expect(
      await rows(
        `select symbol, to_char("timestamp", 'HH24:MI') as at, price::float8, volume::float8 from binance_data order by "timestamp"`,
      ),
    ).toEqual([
      { symbol: 'BTC-USDT', at: '10:00', price: 8, volume: 1 },
      { symbol: 'BTC-USDT', at: '10:15', price: 9, volume: 7 },
    ])
  })
})

/** The start of the minute in which the test began: all rows of a test hang on one moment. */
const MOMENT = `'${new Date(Date.now() - (Date.now() % 60_000)).toISOString()}'::timestamptz`

/** The moment views speak of is the end of the newest minute with trades. */
const tradesAt = (exchange: string, hoursAgo: number, change: string = '10, 12, 8, 11, 4, 42') =>
  own.pool.query(
    `insert into trade_minutes (exchange, symbol, minute, open, high, low, close, volume, quote_volume, feed, trades, open_time, open_offset,
                                close_time, close_offset, receive_time)
     select $1, 'BTC-USDT', at, ${change}, 'LIVE', 5, at, 1, at, 1, at + interval '1 s'
       from (select ${MOMENT} - interval '1 minute' - $2 * interval '1 hour' as at) a`,
    [exchange, hoursAgo],
  )

describe('opportunity_stats', () => {
  const opportunity = (
    id: number,
    {
      hoursAgo = 1,
      pair = ['binance', 'kraken'],
      durationMs = 100,
      peak = 10,
      isClosed = true,
      after = '[]',
    }: {
      readonly hoursAgo?: number
      readonly pair?: readonly [string, string | null]
      readonly durationMs?: number
      readonly peak?: number
      readonly isClosed?: boolean
      readonly after?: string
    },
  ) =>
    own.pool.query(
      `insert into opportunities (opportunity_id, kind, phase, base, buy_exchange, sell_exchange, legs, opened_at, updated_at, closed_at,
              ends_by, feed, gross_bps, edge_bps, peak_bps, time_weighted_bps, size, notional, profit, peak_profit, profit_time, numeraire,
              costs_epoch, restricted, updates, duration_ms, executable_after, ttl_ms, partition, log_offset, processor, origin_version,
              origin_part, origin_offset, origin_ordinal)
       select $1, 'CROSS_EXCHANGE', 'UPDATE', 'BTC', $2, $3, '[]', at, at, case when $4 then at end, at, 'SIMULATED', 1, 1, $5, 1, 1, 1, 1, 1, 1,
              'USD', 1, false, 1, $6, $7, 600000, 0, 0, 'market', 1, 0, 0, 0
         from (select now() - $8 * interval '1 hour' as at) a`,
      [String(id), ...pair, isClosed, peak, durationMs, after, hoursAgo],
    )
  const survival = (...had: readonly (boolean | undefined)[]) =>
    JSON.stringify(had.map((executable, index) => ({ delayMs: [50, 500][index], edgeBps: 9, executable })))

  test('counts by pair, durations of the closed, edges of all, and the share that could still be had', async () => {
    await tradesAt('binance', 0)
    await opportunity(1, { durationMs: 100, peak: 8, after: survival(true, false) })
    await opportunity(2, { durationMs: 300, peak: 20, after: survival(true, true) })
    await opportunity(3, { durationMs: 800, peak: 10, after: survival(false, false) })
    // Cut by ttl before the second delay: counts for the first alone.
    await opportunity(4, { durationMs: 1000, peak: 9, after: survival(true, undefined) })
    await opportunity(5, { durationMs: 9000, peak: 50, isClosed: false })
    await opportunity(6, { hoursAgo: 25, peak: 99 })
    await opportunity(7, { pair: ['okx', null], isClosed: false, peak: 12 })
    await refresh()
    expect(
      await rows(`select kind, base, buy_exchange as buy, sell_exchange as sell, opportunities::int as n, closed::int, median_duration_ms as median,
                         mean_duration_ms as mean, median_edge_bps as edge, peak_edge_bps as peak, executable_after, feed
                    from opportunity_stats order by buy_exchange`),
    ).toEqual([
      {
        kind: 'CROSS_EXCHANGE',
        base: 'BTC',
        buy: 'binance',
        sell: 'kraken',
        n: 5,
        closed: 4,
        feed: 'SIMULATED',
        // 100, 300, 800, 1000: between 300 and 800; 2200 / 4. Peaks 8, 9, 10, 20, 50.
        median: 550,
        mean: 550,
        edge: 10,
        peak: 50,
        // 3 of 4 after 50 ms, 1 of 3 after 500.
        executable_after: [
          { delayMs: 50, share: 0.75, of: 4 },
          { delayMs: 500, share: 0.3333, of: 3 },
        ],
      },
      {
        kind: 'CROSS_EXCHANGE',
        base: 'BTC',
        buy: 'okx',
        sell: '',
        n: 1,
        closed: 0,
        feed: 'SIMULATED',
        median: null,
        mean: null,
        edge: 12,
        peak: 12,
        executable_after: [],
      },
    ])
  })
})

describe('exchange_quality', () => {
  const ago = (minutes: number) => `(${MOMENT} - interval '${minutes} minutes')`

  test('what was lost, what was odd, who is silent, how late it comes', async () => {
    await tradesAt('binance', 0)
    await tradesAt('binance', 25)
    await own.pool.query(`
      insert into exchanges (exchange, feed, state, last_heartbeat) values ('binance', 'LIVE', 'UP', now()), ('okx', null, null, null);
      insert into sessions (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
        values ('binance', 1, 'LIVE', 'DOWN', now() - interval '3 days', now() - interval '2 days', 0), ('binance', 2, 'LIVE', 'DOWN', now(), now(), 0),
               ('binance', 3, 'LIVE', 'UP', now(), now(), 0);
      -- A session's loss in three partitions; one that overlaps it by half; one that was filled; a beginning; one of the day before.
      insert into gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session, ordinal, partition, log_offset)
        select 'binance', null, ${ago(10)}, ${ago(9)}, 'DISCONNECT', false, 'LIVE', now(), now(), 2, 1, p, 1 from generate_series(0, 2) p union all
        select 'binance', 'BTC-USDT', ${ago(9)} - interval '30 s', ${ago(8)} - interval '30 s', 'SEQUENCE', false, 'LIVE', now(), now(), 3, 5, 0, 1 union all
        select 'binance', 'BTC-USDT', ${ago(5)}, ${ago(4)}, 'STALL', true, 'LIVE', now(), now(), 3, 6, 0, 1 union all
        select 'binance', null, ${ago(30)}, ${ago(30)}, 'START', false, 'LIVE', now(), now(), 3, 0, 0, 1 union all
        select 'binance', null, ${ago(2000)}, ${ago(1900)}, 'DISCONNECT', false, 'LIVE', now(), now(), 1, 9, 0, 1;
      insert into system_events (service, instance, sequence, time, kind, exchange, message, details, log_offset)
        select 'market', 'p0', n, now() - interval '1 hour', 'QUALITY', 'binance', '', jsonb_build_object('finding', f), 1
          from unnest('{REPEAT,REPEAT,SEQUENCE_GAP,CROSSED,STALE,STALE,STALE,OUTLIER}'::text[]) with ordinality as x (f, n) union all
        select 'market', 'p0', 100, now() - interval '25 hours', 'QUALITY', 'binance', '', '{"finding": "CROSSED"}', 1 union all
        select 'producers', 'p', 1, now(), 'NOTE', 'binance', '', '{"finding": "CROSSED"}', 1;
      insert into latest_quotes (exchange, symbol, bid, ask, source, feed, event_time, receive_time, session, ordinal, sequence, partition, log_offset, withdrawn)
        select 'binance', s, 1, 2, 'STREAM', 'LIVE', now(), ${ago(0)} - n * interval '1 minute', 1, 1, 1, 0, 1, s = 'C-USDT'
          from unnest('{A-USDT,B-USDT,C-USDT}'::text[]) with ordinality as x (s, n);
      -- 10, 20, 30 and 40 ms; what was backfilled came late by its nature.
      insert into trades (exchange, symbol, trade_id, event_time, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
        select 'binance', 'BTC-USDT', n::text, at, 1, 1, case n when 5 then 'BACKFILL' else 'LIVE' end,
               at + case n when 5 then interval '1 hour' else n * interval '10 ms' end, 1, n, 0, 0, n
          from generate_series(1, 5) n, lateral (select ${ago(1)} + n * interval '1 s' as at) a`)
    await refresh()
    expect(
      await rows(`select exchange, feed, state, symbols::int, trades::int, sessions::int, gaps::int, missing_seconds::float8 as missing, repeats::int,
                         sequence_gaps::int as sequence, crossed::int, stale::int, outliers::int, newest_quote - oldest_quote = interval '1 minute' as apart,
                         latency_p50_ms::float8 as p50, latency_p99_ms::float8 as p99
                    from exchange_quality order by 1`),
    ).toEqual([
      {
        exchange: 'binance',
        feed: 'LIVE',
        state: 'UP',
        symbols: 1,
        trades: 5,
        sessions: 2,
        gaps: 3,
        // 10 to 9 min ago, and from the middle of that on for a minute: 90 s.
        missing: 90,
        repeats: 2,
        sequence: 1,
        crossed: 1,
        stale: 3,
        outliers: 1,
        apart: true,
        // Median of four; 0.97 of the way from 30 to 40.
        p50: 25,
        p99: 39.7,
      },
      {
        exchange: 'okx',
        feed: null,
        state: null,
        symbols: 0,
        trades: 0,
        sessions: 0,
        gaps: 0,
        missing: 0,
        repeats: 0,
        sequence: 0,
        crossed: 0,
        stale: 0,
        outliers: 0,
        apart: null,
        p50: null,
        p99: null,
      },
    ])
  })
})

describe('crypto_combined_data', () => {
  test('price now, volume of a day, and the indicators of a symbol over all exchanges', async () => {
    // Changes 10 % for 42 and -50 % for 18 quote units: (420 - 900) / 60 = -8; volume 4 + 2.
    await tradesAt('binance', 0)
    await tradesAt('kraken', 2, '20, 20, 7, 10, 2, 18')
    await tradesAt('kraken', 26)
    await own.pool.query(`
      insert into symbols (exchange, symbol, base, quote)
        values ('binance', 'BTC-USDT', 'BTC', 'USDT'), ('kraken', 'BTC-USDT', 'BTC', 'USDT'), ('okx', 'ETH-USDT', 'ETH', 'USDT');
      insert into sessions (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
        select e, 1, 'LIVE', 'UP', now(), now(), 0 from unnest('{binance,kraken}'::text[]) e;
      insert into latest_quotes (exchange, symbol, bid, ask, source, feed, event_time, receive_time, session, ordinal, sequence, partition, log_offset, withdrawn)
        values ('binance', 'BTC-USDT', 99, 101, 'STREAM', 'LIVE', now(), now(), 1, 1, 1, 0, 1, false),
               ('kraken', 'BTC-USDT', 98, 100, 'STREAM', 'SIMULATED', now(), now(), 1, 1, 1, 0, 1, false),
               ('okx', 'ETH-USDT', 9, 10, 'STREAM', 'LIVE', now(), now(), 7, 1, 1, 0, 1, false);
      insert into opportunities (opportunity_id, kind, phase, base, legs, opened_at, updated_at, closed_at, ends_by, feed, gross_bps, edge_bps, peak_bps,
              time_weighted_bps, size, notional, profit, peak_profit, profit_time, numeraire, costs_epoch, restricted, updates, duration_ms, executable_after,
              ttl_ms, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal)
        select n::text, 'CROSS_EXCHANGE', 'OPEN', 'BTC', '[{"symbol": "BTC-USDT"}, {"symbol": "BTC-USDT"}]', now(), now(), case n when 3 then now() end,
               now() + case n when 4 then interval '-1 s' else interval '1 min' end, 'LIVE', 1, n, n, 1, 1, 1, 1, 1, 1, 'USD', 1, false, 0, 0, '[]', 600000, 0, 0, 'market', 1, 0, n, 0
          from generate_series(1, 4) n`)
    await refresh()
    expect(
      await rows(
        "select symbol, latest_price::float8 as price, volume_24h::float8 as volume, market_indicators - 'asOf' as indicators from crypto_combined_data order by 1",
      ),
    ).toEqual([
      {
        symbol: 'BTC-USDT',
        // Bid of binance, ask of kraken.
        price: 99.5,
        volume: 6,
        indicators: {
          bid: 99,
          bidExchange: 'binance',
          ask: 100,
          askExchange: 'kraken',
          // 1 of 99.5.
          spreadBps: 100.5025,
          exchanges: 2,
          high24h: 20,
          low24h: 7,
          vwap24h: 10,
          changePercent24h: -8,
          quoteVolume24h: 60,
          trades24h: 10,
          // One has closed, one is past its end.
          openOpportunities: 2,
          bestEdgeBps: 2,
          feed: 'SIMULATED',
        },
      },
      // Its session says nothing any more: the middle of its quote is the newest that is known.
      { symbol: 'ETH-USDT', price: 9.5, volume: 0, indicators: { openOpportunities: 0, feed: 'LIVE' } },
    ])
  })
})
