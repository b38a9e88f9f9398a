import { readFileSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

const FOLDER = new URL('../../sql/queries/', import.meta.url)
const { database: server } = inject('stack')

let own: TestDatabase
let reader: ReturnType<typeof openPool>

/** A minute ago and its fractions; all of one hour unless the hour turns within the test's rows. */
const at = (seconds: number): string =>
  `date_trunc('minute', now()) - interval '2 minutes' + interval '${seconds} seconds'`

beforeAll(async () => {
  own = await createTestDatabase(server, 'queries')
  reader = openPool(own.url, 'api_ro', silentLog, 1)
  const tail = (seconds: number, lagMs: number, ordinal: number): string =>
    `'LIVE', ${at(seconds)} + interval '${lagMs} milliseconds', 1, ${ordinal}, 0, 0, ${ordinal}`
  const tailColumns = 'feed, receive_time, session, ordinal, sequence, partition, log_offset'
  await own.pool.query(`
    insert into exchanges (exchange, feed, state, session, configured)
      values ('binance', 'LIVE', 'UP', 1, true), ('kraken', 'LIVE', 'UP', 1, true), ('silent', null, null, null, true);
    insert into symbols (exchange, symbol, base, quote, perpetual)
      values ('binance', 'BTC-USDT', 'BTC', 'USDT', false), ('kraken', 'BTC-USDT', 'BTC', 'USDT', false);
    insert into quotes (exchange, symbol, event_time, bid, ask, source, ${tailColumns}) values
      ('kraken', 'BTC-USDT', ${at(0)}, 999, 1001, 'STREAM', ${tail(0, 10, 1)}),
      ('kraken', 'BTC-USDT', ${at(1)}, 998, 1000, 'STREAM', ${tail(1, 20, 2)}),
      ('binance', 'BTC-USDT', ${at(1)}, 99, 101, 'STREAM', ${tail(1, 30, 3)}),
      -- Of the same moment, but later in the log: this is the quote that stood.
      ('kraken', 'BTC-USDT', ${at(20)}, 500, 501, 'STREAM', ${tail(20, 15, 9)}),
      ('kraken', 'BTC-USDT', ${at(20)}, 997, 1003, 'STREAM', ${tail(20, 15, 10)}),
      ('kraken', 'BTC-USDT', now() - interval '25 hours', 1, 2, 'STREAM', 'LIVE', now(), 1, 11, 0, 0, 11);
    insert into trades (exchange, symbol, event_time, trade_id, side, price, size, ${tailColumns}) values
      ('binance', 'BTC-USDT', ${at(2)}, 'a', 'BUY', 1001, 1, ${tail(2, 40, 4)}),
      ('binance', 'BTC-USDT', ${at(3)}, 'b', 'BUY', 1002, 3, ${tail(3, 50, 5)}),
      ('binance', 'BTC-USDT', ${at(4)}, 'c', 'SELL', 988.02, 1, ${tail(4, 60, 6)}),
      ('binance', 'BTC-USDT', ${at(30)}, 'd', 'BUY', 2000, 1, ${tail(30, 70, 7)}),
      ('binance', 'BTC-USDT', ${at(4)}, 'e', null, 1000, 1, ${tail(4, 80, 8)}),
      ('binance', 'BTC-USDT', ${at(22)}, 'f', 'SELL', 990, 1, ${tail(22, 90, 12)});
    insert into gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session,
                      ordinal, partition, log_offset)
      select 'binance', null, ${at(0)}, ${at(10)}, 'START', false, 'LIVE', now(), now(), 1, 1, part, 1
        from generate_series(0, 5) part
      union all
      select 'binance', 'BTC-USDT', ${at(5)}, ${at(20)}, 'DISCONNECT', false, 'LIVE', now(), now(), 2, 1, 0, 2
      union all
      select 'kraken', null, now() - interval '26 hours', now() - interval '25 hours', 'DISCONNECT', false, 'LIVE', now(), now(), 3, 1, 0, 4
      union all
      select 'binance', 'BTC-USDT', ${at(40)}, ${at(50)}, 'DISCONNECT', true, 'LIVE', now(), now(), 2, 2, 0, 3;
    -- An hour before that minute: closes 100, 101, -, 99, -, -, 102 by minutes; across exchanges one of 50.
    insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed,
                            partition, log_offset, origin_part, origin_offset)
      select exchange, 'BTC-USDT', ${at(-3600)} + minute * interval '1 minute', ${at(-3540)} + minute * interval '1 minute', close, close, close,
             close, 1, 1, close, 1, 'LIVE', 0, 0, 0, 0
        from (values ('kraken', 0, 100), ('kraken', 1, 101), ('kraken', 3, 99), ('kraken', 6, 102), ('*', 0, 50)) c (exchange, minute, close);
    insert into matches (match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, severity, key, base, exchange, symbol, at, feed,
                         fields, inputs, evidence, suppressed, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal)
      select id, rule, 1, '', false, 'SPIKE', phase, 'info', '{}', 'BTC', exchange, 'BTC-USDT', at, 'LIVE', '{}', '{}', '[]', 0, 0, 0, 'market', 1, 0, 0, 0
        from (values ('1', 'a', 'FIRED', 'kraken', ${at(-3530)}), ('2', 'a', 'FIRED', 'kraken', ${at(-3410)}), ('3', 'a', 'RESOLVED', 'kraken', ${at(-3530)}),
                     ('4', 'b', 'FIRED', null, ${at(-3530)}), ('5', 'b', 'FIRED', null, now() - interval '25 hours')) m (id, rule, phase, exchange, at);`)
})
afterAll(async () => {
  await reader.end()
  await own.drop()
})

async function ask(name: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { rows } = await reader.query<Record<string, unknown>>(readFileSync(new URL(`${name}.sql`, FOLDER), 'utf8'))
  return rows
}

describe("the analysts' queries, as role api_ro", () => {
  test('spread by hour: each quote counts once', async () => {
    const rows = await ask('spread_by_hour')
    const kraken = rows.filter(({ exchange }) => exchange === 'kraken')
    // 2 of 1000, 2 of 999, 1 of 500.5, 6 of 1000: 20, 20.02002, 19.98002 and 60 hundredths of a percent; binance has 2 of 100.
    // Mean 120.00004 / 4; median between 20 and 20.02002; p95 lies 0.85 of the way from 20.02002 to 60.
    expect(kraken).toMatchObject([
      { symbol: 'BTC-USDT', quotes: '4', mean_bps: '30.0000', median_bps: '20.0100', p95_bps: '54.0030' },
    ])
    expect(rows.filter(({ exchange }) => exchange === 'binance')).toMatchObject([{ quotes: '1', mean_bps: '200.0000' }])
  })

  test('slippage: against the other exchange at that moment, by size; stale quotes and auctions do not count', async () => {
    const rows = await ask('slippage_between_exchanges')
    // BUY at 1001 and 1002 against an ask of 1000: 10 and 20 hundredths, by size 1 and 3: 17.5; p95 19.5.
    // SELL at 988.02 against 998: 100, at 990 against 997: 70.21063, of the two quotes of one moment the later in the log.
    expect(rows).toMatchObject([
      {
        traded_at: 'binance',
        compared_with: 'kraken',
        side: 'BUY',
        trades: '2',
        mean_bps_by_size: '17.5000',
        p95_bps: '19.5000',
      },
      {
        traded_at: 'binance',
        compared_with: 'kraken',
        side: 'SELL',
        trades: '2',
        mean_bps_by_size: '85.1053',
        p95_bps: '98.5105',
      },
    ])
  })

  test('quality report: what came, how late, and each missing second once', async () => {
    const rows = await ask('quality_report')
    expect(rows).toMatchObject([
      // 0 to 20 s by two gaps that overlap; the one that was backfilled is not missing.
      {
        exchange: 'binance',
        symbols: '1',
        trades: '6',
        quotes: '1',
        gaps: '3',
        missing_seconds: '20.0',
        sessions_with_gaps: '2',
        lag_p50_ms: '60.0',
        lag_p99_ms: '89.4',
      },
      { exchange: 'kraken', trades: '0', quotes: '4', lag_p50_ms: '15.0', gaps: '0', missing_seconds: '0.0' },
      { exchange: 'silent', trades: '0', quotes: '0', lag_p50_ms: null },
    ])
  })

  test('price after a match: from the last minute closed before it to the last one closed after so many minutes', async () => {
    // The first of a, 70 s in: from 100 (closed at 60 s) to 101 after 1 min, to 99 after 5, to 102 after 15: 100, -100, 200.
    // The second, 190 s in: from 101 (closed at 120 s; the next closes at 240 s) to 99, to 102, to 102: -198.0198, 99.0099, 99.0099.
    const rows = await ask('price_after_match')
    expect(rows).toEqual([
      {
        rule_id: 'a',
        rule_version: 1,
        type: 'SPIKE',
        symbol: 'BTC-USDT',
        fired: '2',
        mean_1m_bps: '-49.0099',
        mean_5m_bps: '-0.4950',
        mean_15m_bps: '149.5050',
        median_5m_bps: '-0.4950',
        rose_5m: '0.5000',
        feed: 'LIVE',
      },
      // Across exchanges nothing was traded after it: the price stood.
      {
        rule_id: 'b',
        rule_version: 1,
        type: 'SPIKE',
        symbol: 'BTC-USDT',
        fired: '1',
        mean_1m_bps: '0.0000',
        mean_5m_bps: '0.0000',
        mean_15m_bps: '0.0000',
        median_5m_bps: '0.0000',
        rose_5m: '0.0000',
        feed: 'LIVE',
      },
    ])
  })

  test('every query of the folder is tested here', () =>
    expect(readdirSync(FOLDER).toSorted()).toEqual([
      'price_after_match.sql',
      'quality_report.sql',
      'slippage_between_exchanges.sql',
      'spread_by_hour.sql',
    ]))
})
