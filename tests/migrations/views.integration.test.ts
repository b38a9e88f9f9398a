import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'views')
})
afterAll(() => own.drop())

const TABLES = 'symbols, latest_quotes, sessions, exchanges, trade_minutes'
beforeEach(async () => {
  await own.pool.query(`truncate ${TABLES}`)
  await own.pool.query(`
    insert into symbols (exchange, symbol, base, quote)
    select e, 'BTC-USD', 'BTC', 'USD' from unnest('{binance,coinbase,kraken}'::text[]) e;
    insert into exchanges (exchange, feed, state, session, last_heartbeat, last_sequence)
    select e, 'LIVE', 'UP', 1, now(), 0 from unnest('{binance,coinbase,kraken}'::text[]) e;
    insert into sessions (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
    select e, 1, 'LIVE', 'UP', now() - interval '1 hour', now(), 0 from unnest('{binance,coinbase,kraken}'::text[]) e`)
})

const quote = (exchange: string, bid: number, ask: number, change: Readonly<Record<string, unknown>> = {}) =>
  own.pool.query(
    `insert into latest_quotes (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal,
                                sequence, partition, log_offset, withdrawn)
     values ($1, 'BTC-USD', $2, 1, $3, 2, 'STREAM', 'LIVE', '2026-11-21 12:00:09Z', '2026-11-21 12:00:09Z', $4, 1, 1, 0, 1, $5)`,
    [exchange, bid, ask, change['session'] ?? 1, change['withdrawn'] ?? false],
  )
const minute = (exchange: string, close: number) =>
  own.pool.query(
    `insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time, open_offset,
                                close_time, close_offset, receive_time)
     values ($1, 'BTC-USD', '2026-11-21 11:59Z', 'LIVE', 1, 2, 1, $2, 4, 6, 2, '2026-11-21 11:59:01Z', 1, '2026-11-21 11:59:02Z', 2, '2026-11-21 11:59:03Z')`,
    [exchange, close],
  )
const rows = async (query: string) => (await own.pool.query<Record<string, unknown>>(query)).rows

describe('latest_prices', () => {
  const PRICES =
    'select exchange, price::text, price_source as source, spread_bps::text as spread, confirmed from latest_prices order by 1'

  test('is the middle of the quote, else the last trade; without either there is no row', async () => {
    await quote('binance', 100, 100.5)
    await minute('binance', 99)
    await minute('kraken', 98)
    expect(await rows(PRICES)).toEqual([
      { exchange: 'binance', price: '100.25', source: 'QUOTE', spread: '49.8753', confirmed: true },
      { exchange: 'kraken', price: '98', source: 'TRADE', spread: null, confirmed: false },
    ])
  })

  test('falls back to the last trade when the quote is withdrawn', async () => {
    await quote('binance', 100, 101, { withdrawn: true })
    await minute('binance', 99)
    expect(await rows(PRICES)).toMatchObject([{ exchange: 'binance', price: '99', source: 'TRADE', confirmed: false }])
  })

  test.each([
    ["update sessions set state = 'DOWN'", 'its session is down'],
    [
      "update sessions set last_heartbeat = now() - interval '6 seconds'",
      'its session went silent, as all do when a producer dies',
    ],
    ['delete from sessions', 'its session never wrote a heartbeat'],
  ])('a quote is not confirmed once %s (%s)', async (change) => {
    await quote('binance', 100, 101)
    await own.pool.query(change)
    expect(await rows(PRICES)).toMatchObject([{ price: '100.5', confirmed: false }])
  })
})

test('last_trades is the close of each symbol’s newest minute, without regard to quotes', async () => {
  await quote('binance', 100, 101)
  await minute('binance', 99)
  await own.pool.query("update trade_minutes set minute = '2026-11-21 11:58Z'")
  await minute('binance', 98)
  await quote('kraken', 100, 101)
  expect(await rows('select exchange, symbol, price::text, feed from last_trades')).toEqual([
    { exchange: 'binance', symbol: 'BTC-USD', price: '98', feed: 'LIVE' },
  ])
})

describe('best_quotes', () => {
  const BEST =
    'select bid::text, bid_exchange, ask::text, ask_exchange, spread_bps::text as spread, exchanges::int from best_quotes'

  test('takes each side from whoever is best, crossed exchanges included', async () => {
    await quote('binance', 100, 102)
    await quote('coinbase', 101, 103)
    await quote('kraken', 98, 100.5)
    expect(await rows(BEST)).toEqual([
      { bid: '101', bid_exchange: 'coinbase', ask: '100.5', ask_exchange: 'kraken', spread: '-49.6278', exchanges: 3 },
    ])
  })

  test('leaves out what is withdrawn or not confirmed', async () => {
    await quote('binance', 100, 102)
    await quote('coinbase', 101, 103, { withdrawn: true })
    await quote('kraken', 98, 100.5, { session: 7 })
    expect(await rows(BEST)).toMatchObject([{ bid_exchange: 'binance', ask_exchange: 'binance', exchanges: 1 }])
  })
})
