import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { selectRemembered } from '../../api/queries/remembered.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'remembered')
  database = openPool(own.url, 'api_ro', silentLog, 1)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})

const seconds = (second: number): number => Date.UTC(2026, 10, 21, 12, 0, second) * 1000

test('the board starts from each symbol’s quote, withdrawn ones as invalid, and its last trade', async () => {
  await own.pool.query(`
    insert into symbols (exchange, symbol, base, quote)
    select 'kraken', s || '-USD', s, 'USD' from unnest('{BTC,ETH,SOL,XRP}'::text[]) s;
    insert into latest_quotes (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal,
                               sequence, partition, log_offset, withdrawn)
    select 'kraken', s || '-USD', 100, null, 101, 2, 'STREAM', 'LIVE', '2026-11-21 12:00:01Z', '2026-11-21 12:00:02Z', 7, 1, 1, 4, 1, s = 'ETH'
      from unnest('{BTC,ETH}'::text[]) s;
    insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time, open_offset,
                               close_time, close_offset, receive_time)
    select 'kraken', s || '-USD', minute, 'SIMULATED', 1, 1, 1, price, 1, 1, 1, time, 1, time, 1, time + interval '1 s'
      from unnest('{ETH,SOL}'::text[]) s,
           (values ('2026-11-21 12:00Z'::timestamptz, 98, '2026-11-21 12:00:05Z'::timestamptz),
                   ('2026-11-21 11:59Z', 99, '2026-11-21 11:59:05Z')) m (minute, price, time)`)
  const none = { bid: undefined, bidSize: undefined, ask: undefined, askSize: undefined, last: undefined }
  const quoted = { exchange: 'kraken', bid: 100, ask: 101, askSize: 2, feed: 'LIVE', session: 7, partition: 4 }
  const traded = { last: 98, eventTime: seconds(5), receiveTime: seconds(6) }
  const found = await selectRemembered(database)
  expect(found.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1))).toEqual([
    { ...none, ...quoted, symbol: 'BTC-USD', eventTime: seconds(1), receiveTime: seconds(2), isValid: true },
    { ...none, ...quoted, ...traded, symbol: 'ETH-USD', isValid: false },
    {
      ...none,
      ...traded,
      exchange: 'kraken',
      symbol: 'SOL-USD',
      feed: 'SIMULATED',
      session: 0,
      partition: 0,
      isValid: false,
    },
  ])
})
