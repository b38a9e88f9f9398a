import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { configurationRecord, nextConfiguration } from '../../io/configuration.ts'
import { openPool } from '../../io/postgres.ts'
import { DOCUMENTS } from '../../api/documents.ts'
import { selectCandles } from '../../api/queries/candles.ts'
import { selectGaps } from '../../api/queries/gaps.ts'
import { selectQuotes } from '../../api/queries/quotes.ts'
import { selectTrades } from '../../api/queries/trades.ts'
import type { Database } from '../../api/deps.ts'
import { fromIso, micros } from '../../core/time.ts'
import { CONFIG, startApiRig, type ApiRig } from '../support/api.ts'
import { CANDLES_OF_MINUTES } from '../support/candles.ts'
import { silentLog } from '../support/database.ts'

let rig: ApiRig
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)
const json = async (path: string): Promise<unknown> => (await get(path)).json()
const row = z.record(z.string(), z.unknown())
const moment = z.string().optional()
const timed = z.looseObject({ eventTime: moment, openTime: moment, toTime: moment })
const document = z.looseObject({
  cursor: z.string().optional(),
  trades: z.array(row).optional(),
  quotes: z.array(row).optional(),
  candles: z.array(row).optional(),
  gaps: z.array(row).optional(),
  deadLetters: z.array(row).optional(),
})

/** Every row of a list, page by page through its next links, and the sizes of the pages. */
async function walk(start: string): Promise<{ readonly rows: readonly unknown[]; readonly sizes: readonly number[] }> {
  const rows: unknown[] = []
  const sizes: number[] = []
  for (let path: string | undefined = start; path !== undefined;) {
    const response = await get(path)
    expect(response.status).toBe(200)
    const { trades, quotes, candles, gaps, deadLetters, cursor } = document.parse(await response.json())
    const page = trades ?? quotes ?? candles ?? gaps ?? deadLetters ?? []
    rows.push(...page)
    sizes.push(page.length)
    path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    expect(path === undefined).toBe(cursor === undefined)
  }
  return { rows, sizes }
}

/** Ten minutes of 20 November: many trades and quotes in the same microsecond, two exchanges, another symbol beside. */
const ROWS = `
insert into exchanges (exchange, configured, feed, state, session, last_heartbeat)
values ('kraken', true, 'SIMULATED', 'UP', 7, '2026-11-20 12:00Z'), ('coinbase', true, 'SIMULATED', 'UP', 8, '2026-11-20 10:15Z');
insert into symbols (exchange, symbol, base, quote, configured)
values ('kraken', 'BTC-USD', 'BTC', 'USD', true), ('coinbase', 'BTC-USD', 'BTC', 'USD', true), ('kraken', 'ETH-USD', 'ETH', 'USD', true);
select ingest.add_partition(t, date '2026-11-19' + d) from unnest('{trades,quotes}'::text[]) t, generate_series(0, 2) d;
insert into trades (exchange, symbol, trade_id, event_time, side, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
select exchange, symbol, n::text, '2026-11-20 10:00Z'::timestamptz + (n / 5) * interval '1 s', case n % 3 when 0 then null when 1 then 'BUY' else 'SELL' end, 91234.50 + n, 0.0000001, 'SIMULATED',
       '2026-11-20 10:00:00.123456Z'::timestamptz + (n / 5) * interval '1 s', 7, n, 9007199254740993, 0, n
  from symbols, generate_series(0, 99) n;
insert into quotes (exchange, symbol, event_time, bid, bid_size, ask, ask_size, source, feed, receive_time, session, ordinal, sequence, partition, log_offset)
select exchange, symbol, '2026-11-20 10:00Z'::timestamptz + (n / 5) * interval '1 s', 91234.50, 1.500, 91236, null, 'STREAM', 'SIMULATED',
       '2026-11-20 10:00:00.123456Z'::timestamptz + (n / 5) * interval '1 s', 7, n, 0, 0, n
  from symbols, generate_series(0, 99) n;
insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time, open_offset, close_time, close_offset, receive_time)
select exchange, symbol, '2026-11-20 10:00Z'::timestamptz + n * interval '1 min', 'SIMULATED', 2.0, 4, 1, 3, 8, 20, 5, now(), 1, now(), 1, now()
  from symbols, generate_series(0, 9) n;
${CANDLES_OF_MINUTES}
insert into gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session, ordinal, partition, log_offset)
select 'kraken', null, timestamptz '2026-11-20 10:01Z', timestamptz '2026-11-20 10:02Z', 'DISCONNECT', false, 'SIMULATED', now(), now(), 7, 5, partition, 1 from generate_series(0, 1) partition
union all
select 'coinbase', 'BTC-USD', '2026-11-20 10:01Z', '2026-11-20 10:02Z', 'SEQUENCE', true, 'SIMULATED', now(), now(), 8, n, 0, 1 from generate_series(0, 2) n;
`

const RANGE = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:10:00Z'
const FROM = Date.parse('2026-11-20T10:00:00Z')

beforeAll(async () => {
  rig = await startApiRig({
    async before({ database }) {
      await database.pool.query(ROWS)
    },
  })
})
afterAll(() => rig.stop())

describe('history', () => {
  test('a trade is its row: decimals as text, times with microseconds, absent fields left out', async () => {
    const body = await json(`/api/v1/trades?symbol=btc-usd&exchange=kraken&${RANGE}&limit=2`)
    const common = { exchange: 'kraken', symbol: 'BTC-USD', feed: 'SIMULATED', sequence: '9007199254740993' }
    const times = { eventTime: '2026-11-20T10:00:00.000000Z', receiveTime: '2026-11-20T10:00:00.123456Z' }
    expect(body).toEqual({
      meta: { source: 'simulated', simulated: true, time: expect.stringMatching(/^20.*\.\d{6}Z$/) },
      from: '2026-11-20T10:00:00.000000Z',
      to: '2026-11-20T10:10:00.000000Z',
      trades: [
        { ...common, ...times, tradeId: '0', price: '91234.5', size: '0.0000001' },
        { ...common, ...times, tradeId: '1', side: 'BUY', price: '91235.5', size: '0.0000001' },
      ],
      cursor: expect.any(String),
    })
  })

  test.each([
    ['/api/v1/trades?symbol=BTC-USD&limit=7', 200],
    ['/api/v1/trades?symbol=BTC-USD&exchange=kraken&limit=50', 100],
    ['/api/v1/quotes?symbol=BTC-USD&limit=7', 200],
    ['/api/v1/candles?symbol=BTC-USD&limit=7', 20],
    ['/api/v1/gaps?limit=1', 4],
    ['/api/v1/gaps?symbol=ETH-USD&limit=1', 1],
  ])('%s comes in pages that hold each of %i rows once, in the order of time', async (path, count) => {
    const { rows, sizes } = await walk(`${path}&${RANGE}`)
    const limit = Number(/limit=(\d+)/.exec(path)?.[1])
    expect(sizes).toEqual([...Array(Math.floor((count - 1) / limit)).fill(limit), ((count - 1) % limit) + 1])
    expect(new Set(rows.map((one) => JSON.stringify(one))).size).toBe(count)
    const times = rows.map((one) => {
      const { eventTime, openTime, toTime } = timed.parse(one)
      return eventTime ?? openTime ?? toTime ?? ''
    })
    expect(times).toEqual(times.toSorted())
  })

  test('a range holds its start and not its end', async () => {
    const path = '/api/v1/trades?symbol=BTC-USD&exchange=kraken&from=2026-11-20T10:00:01Z&to=2026-11-20T10:00:02Z'
    expect((await walk(path)).rows.map((one) => row.parse(one)['tradeId'])).toEqual(['5', '6', '7', '8', '9'])
  })

  test('a candle tells its minute, a gap of a whole session stands once and without a symbol', async () => {
    const { candles } = document.parse(await json(`/api/v1/candles?symbol=BTC-USD&exchange=kraken&${RANGE}&limit=1`))
    expect(candles).toEqual([
      {
        exchange: 'kraken',
        symbol: 'BTC-USD',
        openTime: '2026-11-20T10:00:00.000000Z',
        closeTime: '2026-11-20T10:01:00.000000Z',
        open: '2',
        high: '4',
        low: '1',
        close: '3',
        volume: '8',
        quoteVolume: '20',
        vwap: '2.5',
        trades: 5,
        feed: 'SIMULATED',
      },
    ])
    const { gaps } = document.parse(await json(`/api/v1/gaps?exchange=kraken&${RANGE}`))
    expect(gaps).toEqual([
      {
        exchange: 'kraken',
        fromTime: '2026-11-20T10:01:00.000000Z',
        toTime: '2026-11-20T10:02:00.000000Z',
        reason: 'DISCONNECT',
        backfilled: false,
        feed: 'SIMULATED',
        session: '7',
        ordinal: '5',
      },
    ])
  })

  test('without `to` it ends now, or where the span does, and says so', async () => {
    expect(await json('/api/v1/trades?symbol=BTC-USD&from=2026-11-18T00:00:00Z')).toMatchObject({
      to: '2026-11-19T00:00:00.000000Z',
      trades: [],
    })
  })

  test.each([
    ['/api/v1/trades?from=2026-11-20T10:00:00Z', 'symbol'],
    ['/api/v1/trades?symbol=BTC-USD', 'from'],
    ['/api/v1/trades?symbol=BTC-USD&from=yesterday', 'from'],
    ['/api/v1/trades?symbol=BTC-USD&from=9999-01-01T00:00:00Z', 'from'],
    [`/api/v1/trades?symbol=BTC-USD&${RANGE}&till=1`, 'till: unknown'],
    ['/api/v1/quotes?symbol=BTC-USD&from=2026-11-20T10:00:00Z&to=2026-11-21T10:00:01Z', 'to: more than 24 h'],
    ['/api/v1/candles?symbol=BTC-USD&from=2026-11-20T10:00:00Z&to=2026-11-20T09:00:00Z', 'to: before from'],
    ['/api/v1/gaps?from=2026-11-20T10:00:00Z&limit=1001', 'limit'],
    ['/api/v1/dead-letters', 'from'],
    ['/api/v1/config?all', 'all: unknown'],
  ])('%s is refused and the detail names %s', async (path, named) => {
    const response = await get(path)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'BAD_PARAMETER', detail: expect.stringContaining(named) })
  })

  test('a forged cursor is a 400, whatever it holds', async () => {
    const forged = [
      [],
      ['2026-11-20T10:00:00.000000Z'],
      ['2026-02-30T10:00:00.000000Z', 'x', 'kraken', '1'],
      ['2026-11-20T10:00:00.000000Z', '\0', 'kraken'],
      ['2026-11-20T10:00:00.000000Z', 'kraken', '9'.repeat(30), '1'],
      ['\0', '\0'],
      [1, 2, 3],
    ].map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'))
    const lists = ['trades', 'quotes', 'candles', 'gaps', 'dead-letters', 'prices']
    const paths = lists.flatMap((list) =>
      forged.map((cursor) => {
        const query = { trades: `&symbol=BTC-USD`, quotes: `&symbol=BTC-USD`, candles: `&symbol=BTC-USD` }[list] ?? ''
        return `/api/v1/${list}?cursor=${cursor}${list === 'prices' ? '' : `&${RANGE}`}${query}`
      }),
    )
    const answers = await Promise.all(paths.map(async (path) => [path, (await get(path)).status]))
    expect(answers.filter(([, status]) => status !== 400)).toEqual([])
  })
})

describe('closed ranges', () => {
  const closed = `/api/v1/trades?symbol=BTC-USD&exchange=kraken&${RANGE}`

  test('may be kept, and are not sent again to who has them', async () => {
    const first = await get(closed)
    expect(first.headers.get('cache-control')).toBe('private, max-age=3600, immutable')
    const etag = first.headers.get('etag') ?? ''
    const again = await get(closed, { headers: { 'if-none-match': etag } })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    const other = await get(`${closed}&limit=3`, { headers: { 'if-none-match': etag } })
    expect(other.status).toBe(200)
  })

  test('are not those whose end the database has not seen pass by ten minutes, whatever our clock says', async () => {
    const response = await get(`/api/v1/trades?symbol=BTC-USD&exchange=coinbase&${RANGE}`)
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  test('get another ETag when a late trade changes them', async () => {
    const etag = (await get(closed)).headers.get('etag') ?? ''
    await rig.database.pool.query(
      `insert into trades select exchange, symbol, 'late', event_time, side, price, size, feed, receive_time, session, 1000, sequence, partition, 1000
         from trades where exchange = 'kraken' and symbol = 'BTC-USD' and trade_id = '99'`,
    )
    expect((await get(closed, { headers: { 'if-none-match': etag } })).status).toBe(200)
    await rig.database.pool.query(`delete from trades where trade_id = 'late'`)
  })
})

describe('queries', () => {
  test('read by their indexes, partitions outside the range not at all', async () => {
    await rig.database.pool.query(
      `insert into trades select exchange, symbol, trade_id || '-' || n, event_time + n * interval '1 ms', side, price, size, feed, receive_time, session, 1000 + n, sequence, partition, n
         from trades, generate_series(1, 200) n where trade_id in ('0', '1', '2');
       insert into quotes select exchange, symbol, event_time + n * interval '1 ms', bid, bid_size, ask, ask_size, source, feed, receive_time, session, 10000 + ordinal * 1000 + n, sequence, partition, n
         from quotes, generate_series(1, 200) n where ordinal < 3;
       insert into trade_minutes select exchange, symbol, minute + n * interval '1 day', feed, open, high, low, close, volume, quote_volume, trades, open_time, 1, close_time, 1, receive_time
         from trade_minutes, generate_series(1, 200) n;
       ${CANDLES_OF_MINUTES}
       insert into gaps select exchange, symbol, from_time - n * interval '1 day', to_time - n * interval '1 day', reason, backfilled, feed, event_time, receive_time, session, 1000 * n + ordinal, partition, 1
         from gaps, generate_series(1, 500) n;
       analyze`,
    )
    const pool = openPool(rig.database.url, 'api_ro', silentLog, 1)
    const plans: string[] = []
    const explaining: Database = {
      async query(text, values) {
        const { rows } = await pool.query(`explain ${text}`, values)
        plans.push(rows.map((one) => Object.values(one).join()).join('\n'))
        return { rows: [] }
      },
    }
    const at = micros(FROM * 1000)
    const range = { from: at, to: micros(at + 600_000_000) }
    const filter = { symbol: 'BTC-USD', exchange: undefined, ...range, after: undefined, limit: 101 }
    const time = '2026-11-20T10:00:01.000000Z'
    expect(fromIso(time)).toBeDefined()
    await selectTrades(explaining, filter)
    await selectTrades(explaining, { ...filter, after: [time, '5', 'kraken'] })
    await selectQuotes(explaining, { ...filter, after: [time, 'kraken', '7', '5'] })
    for (const interval of ['1m', '5m', '1h'] as const) {
      await selectCandles(explaining, { ...filter, interval, after: [time, 'kraken'] })
      await selectCandles(explaining, { ...filter, interval, exchange: '*' })
    }
    await selectGaps(explaining, { ...filter, symbol: undefined, after: [time, 'kraken', '7', '5'] })
    await pool.end()
    for (const plan of plans) {
      expect(plan).toMatch(/Index (Only )?Scan|Bitmap Index Scan/)
      expect(plan).not.toMatch(/Seq Scan on (trades|quotes|candles_1m|gaps)/)
      expect(plan).not.toMatch(/_20261119|_20261121/)
    }
  })
})

describe('dead letters', () => {
  test('come from the log with headers and the start of their text, in pages, by topic', async () => {
    const { ticksDeadLetters, systemDeadLetters } = rig.topics
    const letter = (topic: string, n: number, value: Buffer) => ({
      topic,
      partition: 0,
      key: Buffer.from('x'),
      value,
      timestampMs: FROM + n,
      headers: [['dlq-error', Buffer.from(`bad price: ${n}`)] as const],
    })
    await rig.append([
      letter(ticksDeadLetters.name, -1, Buffer.from('before')),
      ...Array.from({ length: 5 }, (_, n) => letter(ticksDeadLetters.name, n, Buffer.from(`{"n":${n}}`))),
      letter(ticksDeadLetters.name, 5, Buffer.concat([Buffer.from([0, 27, 255]), Buffer.alloc(100_000, 'a')])),
      letter(systemDeadLetters.name, 6, Buffer.from('system')),
      letter(systemDeadLetters.name, 600_000, Buffer.from('after')),
    ])
    const { rows } = await walk(`/api/v1/dead-letters?${RANGE}&limit=2`)
    const source = ticksDeadLetters.name.replace('.dead-letters', '')
    expect(rows).toHaveLength(7)
    expect(rows[0]).toEqual({
      topic: source,
      offset: 1,
      time: '2026-11-20T10:00:00.000000Z',
      headers: { 'dlq-error': 'bad price: 0' },
      bytes: 7,
      preview: '{"n":0}',
    })
    expect(rows[5]).toMatchObject({ bytes: 100_003, preview: `\uFFFD\uFFFD\uFFFD${'a'.repeat(997)}` })
    expect(rows[6]).toMatchObject({ preview: 'system' })
    const { rows: ticks } = await walk(`/api/v1/dead-letters?${RANGE}&topic=${source}`)
    expect(ticks).toHaveLength(6)
  })
})

test('the configuration is the document in effect and holds no address', async () => {
  const response = await get('/api/v1/config')
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ config: CONFIG })
  expect(text).not.toMatch(/postgres:|127\.0\.0\.1/)
})

test('a configuration that is applied while it runs is the one in effect', async () => {
  const applied = { ...CONFIG, exchanges: { kraken: { symbols: ['BTC-USD', 'ETH-USD'] } } }
  const next = nextConfiguration(undefined, applied, { by: 'the test', at: '2026-11-20T10:00:00.000Z' })
  await rig.append([configurationRecord(rig.topics.control, next)])
  await expect.poll(() => json('/api/v1/config')).toMatchObject({ epoch: 1, config: { exchanges: applied.exchanges } })
  await rig.restart(async () => undefined)
  expect(await json('/api/v1/config')).toMatchObject({ epoch: 1, config: { exchanges: applied.exchanges } })
})

test.each([
  ['trades', `/api/v1/trades?symbol=BTC-USD&${RANGE}&limit=3`],
  ['quotes', `/api/v1/quotes?symbol=BTC-USD&${RANGE}&limit=3`],
  ['candles', `/api/v1/candles?symbol=BTC-USD&${RANGE}&limit=3`],
  ['gaps', `/api/v1/gaps?${RANGE}`],
  ['deadLetters', `/api/v1/dead-letters?${RANGE}`],
  ['config', '/api/v1/config'],
] as const)('%s are as the OpenAPI document says', async (id, path) => {
  const body = await json(path)
  expect(DOCUMENTS[id].safeParse(body).error).toBeUndefined()
  expect(body).toHaveProperty(id === 'config' ? id : [id, 0])
})
