import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS } from '../../api/documents.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'

let rig: ApiRig
const get = (query: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${rig.url}/api/v1/candles?symbol=BTC-USD&${query}`, init)
const document = z.looseObject({
  candles: z.array(z.looseObject({ exchange: z.string(), openTime: z.string(), open: z.string(), close: z.string() })),
})
const candles = async (query: string) => document.parse(await (await get(query)).json()).candles

/** 150 minutes from 09:30 of two exchanges and across, minute n open n, close n + 0.5; and 90 seconds of one. */
const ROWS = `
insert into symbols (exchange, symbol, base, quote, configured)
select e, 'BTC-USD', 'BTC', 'USD', true from unnest('{kraken,gate}'::text[]) e;
insert into candles_1m (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
select e, 'BTC-USD', t, t + interval '1 min', n, n + 1, n - 0.5, n + 0.5, 1 + n % 3, 2 + n, (2 + n) / (1 + n % 3.0), 1 + n, 'SIMULATED', 0, n, 0, n
  from unnest('{kraken,gate,*}'::text[]) e, generate_series(1, 150) n, lateral (select timestamptz '2026-11-20 09:29Z' + n * interval '1 min' as t) x;
insert into candles_1s (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
select 'kraken', 'BTC-USD', t, t + interval '1 s', n, n, n, n, 1, n, n, 1, 'SIMULATED', 0, n, 0, n
  from generate_series(1, 90) n, lateral (select timestamptz '2026-11-20 09:30Z' + n * interval '1 s' as t) x;
refresh materialized view candles_1d`

beforeAll(async () => {
  rig = await startApiRig({ before: async ({ database }) => void (await database.pool.query(ROWS)) })
})
afterAll(() => rig.stop())

describe('GET /api/v1/candles', () => {
  test('gives minutes of each exchange unless something else is asked for', async () => {
    const found = await candles('from=2026-11-20T10:00:00Z&to=2026-11-20T10:02:00Z')
    expect(found.map(({ exchange, openTime }) => `${exchange} ${openTime.slice(11, 16)}`)).toEqual([
      'gate 10:00',
      'kraken 10:00',
      'gate 10:01',
      'kraken 10:01',
    ])
  })

  test('an hour is the first open, the last close, the extremes and the sums of its minutes', async () => {
    const body: unknown = await (
      await get('exchange=*&interval=1h&from=2026-11-20T10:00:00Z&to=2026-11-20T11:00:00Z')
    ).json()
    expect(DOCUMENTS.candles.safeParse(body).error).toBeUndefined()
    // Minutes 31 to 90. Volumes 1 + n % 3: 20 of each of 1, 2, 3. Sum of n: 60 x 121 / 2 = 3630; quote volumes: + 2 each.
    expect(document.parse(body).candles).toEqual([
      {
        exchange: '*',
        symbol: 'BTC-USD',
        openTime: '2026-11-20T10:00:00.000000Z',
        closeTime: '2026-11-20T11:00:00.000000Z',
        open: '31',
        high: '91',
        low: '30.5',
        close: '90.5',
        volume: '120',
        quoteVolume: '3750',
        vwap: '31.25',
        trades: 3690,
        feed: 'SIMULATED',
      },
    ])
  })

  test.each([
    ['1s', 90],
    ['5m', 30],
    ['15m', 10],
    ['1h', 3],
    ['1d', 1],
  ])('of %s equals the table or view of that name, page by page', async (interval, count) => {
    const rows: unknown[] = []
    let path: string | undefined =
      `/api/v1/candles?symbol=BTC-USD&exchange=kraken&interval=${interval}&limit=7&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z`
    while (path !== undefined) {
      const response: Response = await fetch(`${rig.url}${path}`)
      rows.push(...document.parse(await response.json()).candles)
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    }
    const { rows: expected } = await rig.database.pool.query(
      `select trim_scale(open)::text as open, trim_scale(close)::text as close, trim_scale(vwap)::text as vwap, trades::float8 as trades,
              to_char(open_time at time zone 'UTC', 'HH24:MI:SS') as at, to_char(close_time at time zone 'UTC', 'HH24:MI:SS') as until
         from candles_${interval} where exchange = 'kraken' order by open_time`,
    )
    const shape = z.object({
      open: z.string(),
      close: z.string(),
      vwap: z.string(),
      trades: z.number(),
      openTime: z.string().transform((time) => time.slice(11, 19)),
      closeTime: z.string().transform((time) => time.slice(11, 19)),
    })
    const seen = rows.map((one) => {
      const { openTime: at, closeTime: until, ...rest } = shape.parse(one)
      return { ...rest, at, until }
    })
    expect(seen).toHaveLength(count)
    expect(seen).toEqual(expected)
  })

  test('may be kept once a later minute shows that they are final, and not while one of them grows', async () => {
    const kept = async (query: string) =>
      (await get(`exchange=kraken&from=2026-11-20T09:30:00Z&${query}`)).headers.get('cache-control') !== 'no-cache'
    // The newest minute begins at 11:59.
    expect(await kept('to=2026-11-20T11:59:00Z')).toBe(true)
    expect(await kept('to=2026-11-20T11:59:01Z')).toBe(false)
    expect(await kept('to=2026-11-20T11:55:00Z&interval=5m')).toBe(true)
    // Has begun within the range, and is not over.
    expect(await kept('to=2026-11-20T11:30:00Z&interval=1h')).toBe(false)
    expect(await kept('to=2026-11-20T11:00:00Z&interval=1h')).toBe(true)
    expect(await kept('to=2026-11-20T11:00:00Z&interval=1d')).toBe(false)
    const first = await get('exchange=kraken&from=2026-11-20T09:30:00Z&to=2026-11-20T10:00:00Z')
    const again = await get('exchange=kraken&from=2026-11-20T09:30:00Z&to=2026-11-20T10:00:00Z', {
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  test.each([
    ['from=2026-11-20T00:00:00Z&interval=2m', 'interval'],
    ['from=2026-11-20T00:00:00Z&exchange=**', 'exchange'],
    ['from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z&interval=1s', 'to: more than 24 h'],
    ['from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00Z', 'to: more than 168 h'],
  ])('%s is refused by name', async (query, named) => {
    const response = await get(query)
    expect(await response.json()).toMatchObject({ code: 'BAD_PARAMETER', detail: expect.stringContaining(named) })
  })
})
