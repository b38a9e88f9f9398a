import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS, problem } from '../../api/documents.ts'
import { openPool } from '../../io/postgres.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { silentLog } from '../support/database.ts'

let rig: ApiRig

const price = z.looseObject({ symbol: z.string(), exchange: z.string() })
const page = z.looseObject({ prices: z.array(price), cursor: z.string().optional() })
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)
const json = async (path: string): Promise<unknown> => (await get(path)).json()

const SYMBOLS = ['ADA-USD', 'BTC-USD', 'ETH-BTC', 'ETH-USD', 'SOL-USD', 'XRP-USD', 'ZRX-USD']

/** What a sink would have stored: two exchanges, one of them with another BTC-USD, a symbol with trades alone. */
const ROWS = `
insert into exchanges (exchange, configured, feed, state, session, last_heartbeat)
values ('kraken', true, 'SIMULATED', 'UP', 7, '2026-11-20 10:15:31Z'), ('coinbase', true, 'SIMULATED', 'UP', 8, '2026-11-20 10:15:31Z');
insert into sessions (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
values ('kraken', 7, 'SIMULATED', 'UP', '2026-11-20 10:00Z', now() + interval '1 hour', 0),
       ('coinbase', 8, 'SIMULATED', 'UP', '2026-11-20 10:00Z', now() + interval '1 hour', 0);
insert into symbols (exchange, symbol, base, quote, configured)
select exchange, symbol, split_part(symbol, '-', 1), split_part(symbol, '-', 2), true
  from (values ('kraken', 0), ('coinbase', 1)) e (exchange, least),
       unnest('{${SYMBOLS.join()}}'::text[]) with ordinality s (symbol, rank) where rank > least;
insert into latest_quotes (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal, sequence, partition, log_offset, withdrawn)
select exchange, symbol, case exchange when 'kraken' then 91234.50 else 91234.25 end, 0.0000001, case exchange when 'kraken' then 91236 else 91235.75 end, null,
       'STREAM', 'SIMULATED', '2026-11-20 10:15:30.123456Z', '2026-11-20 10:15:30.154321Z', case exchange when 'kraken' then 7 else 8 end, 1, 0, 0, 1, false
  from symbols where symbol <> 'ZRX-USD';
insert into trade_minutes (exchange, symbol, minute, feed, open, high, low, close, volume, quote_volume, trades, open_time, open_offset, close_time, close_offset, receive_time)
select exchange, symbol, '2026-11-20 10:15Z', 'SIMULATED', 1, 1, 1, 91235.125, 1, 1, 1, '2026-11-20 10:15:01Z', 1, '2026-11-20 10:15:29.5Z', 1, '2026-11-20 10:15:29.6Z'
  from symbols;
insert into gaps (exchange, symbol, from_time, to_time, reason, backfilled, feed, event_time, receive_time, session, ordinal, partition, log_offset)
select 'kraken', null, now(), now(), reason, false, 'SIMULATED', now(), now(), 7, ordinal, partition, 1
  from (values ('START', 0), ('DISCONNECT', 5)) g (reason, ordinal), generate_series(0, 1) as partition;
insert into services (service, instance, sequence, time, started_at, state, version, event_loop_p99_ms, resident_bytes, figures)
values ('producers', 'host/1/1', 9, now(), now(), 'READY', '0.1.0', 1.5, 123456789, '{"frameToAckP50Ms": 4.25, "frameToAckP99Ms": 17.5, "exchangeLagP50Ms.kraken": 40, "exchangeLagP99Ms.kraken": 90}'),
       ('consumers', 'host/2/1', 9, now() - interval '20 s', now(), 'READY', '0.1.0', 1.5, 1, '{"frameToRowP50Ms": 5, "frameToRowP99Ms": 6}'),
       ('consumers', 'host/3/1', 9, now() - interval '40 s', now(), 'READY', '0.1.0', 1.5, 1, '{}'),
       ('consumers', 'host/4/1', 9, now() - interval '2 h', now(), 'READY', '0.1.0', 1.5, 1, '{}');
`

beforeAll(async () => {
  rig = await startApiRig({
    async before({ database }) {
      await database.pool.query(ROWS)
    },
  })
})
afterAll(() => rig.stop())

describe('prices', () => {
  test('are rows of the database, decimals as text, times with microseconds, marked as simulated', async () => {
    expect(await json('/api/v1/prices?symbol=btc-usd&exchange=kraken')).toEqual({
      meta: { source: 'simulated', simulated: true, time: expect.stringMatching(/^20.*\.\d{6}Z$/) },
      prices: [
        {
          exchange: 'kraken',
          symbol: 'BTC-USD',
          base: 'BTC',
          quote: 'USD',
          feed: 'SIMULATED',
          price: '91235.25',
          priceSource: 'QUOTE',
          bid: '91234.5',
          bidSize: '0.0000001',
          ask: '91236',
          last: '91235.125',
          lastTime: '2026-11-20T10:15:29.500000Z',
          spreadBps: 0.1644,
          eventTime: '2026-11-20T10:15:30.123456Z',
          receiveTime: '2026-11-20T10:15:30.154321Z',
          state: 'down',
        },
      ],
    })
  })

  test('come in pages that hold every price once, in one order', async () => {
    const seen: string[] = []
    let path: string | undefined = '/api/v1/prices?limit=4'
    const sizes: number[] = []
    while (path !== undefined) {
      const response = await get(path)
      const { prices, cursor } = page.parse(await response.json())
      sizes.push(prices.length)
      seen.push(...prices.map(({ symbol, exchange }) => `${symbol} ${exchange}`))
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      expect(path === undefined).toBe(cursor === undefined)
    }
    expect(sizes).toEqual([4, 4, 4, 1])
    expect(seen).toEqual(seen.toSorted())
    expect(new Set(seen).size).toBe(13)
  })

  test('keep their filter from page to page', async () => {
    const response = await get('/api/v1/prices?limit=1&exchange=coinbase')
    expect(response.headers.get('link')).toContain('exchange=coinbase')
  })

  test('of one symbol name the best bid and ask and their exchanges', async () => {
    expect(await json('/api/v1/prices/BTC-USD')).toMatchObject({
      symbol: 'BTC-USD',
      best: { bid: '91234.5', bidExchange: 'kraken', ask: '91235.75', askExchange: 'coinbase', exchanges: 2 },
      prices: [{ exchange: 'coinbase' }, { exchange: 'kraken' }],
    })
  })

  test('of a symbol without a quote are its last trade, and no best is made up', async () => {
    const body = await json('/api/v1/prices/ZRX-USD')
    expect(body).toMatchObject({ prices: [{ price: '91235.125', priceSource: 'TRADE' }, {}] })
    expect(body).not.toHaveProperty('best')
  })
})

describe('exchanges, services and latency', () => {
  test('exchanges tell symbols, gaps and lag; a session-wide gap counts once and a start not at all', async () => {
    expect(await json('/api/v1/exchanges')).toMatchObject({
      exchanges: [
        { exchange: 'coinbase', symbols: 6, gapsLastHour: 0 },
        { exchange: 'kraken', symbols: 7, gapsLastHour: 1, state: 'down', symbolsUp: 0, lagP50Ms: 40, lagP99Ms: 90 },
      ],
    })
  })

  test('an exchange is up while one of its sessions lives', async () => {
    await rig.mouth('coinbase').beat()
    await expect
      .poll(() => json('/api/v1/exchanges'))
      .toMatchObject({ exchanges: [{ exchange: 'coinbase', state: 'up', connectedSince: expect.any(String) }, {}] })
  })

  test('services of the last hour are alive, suspect after three missed heartbeats, dead after six', async () => {
    const { services } = z
      .object({ services: z.array(z.looseObject({ instance: z.string(), health: z.string() })) })
      .parse(await json('/api/v1/services'))
    expect(new Map(services.map(({ instance, health }) => [instance, health]))).toEqual(
      new Map([
        ['host/1/1', 'alive'],
        ['host/2/1', 'suspect'],
        ['host/3/1', 'dead'],
      ]),
    )
  })

  test('latency is that of services heard within 15 s', async () => {
    const { stages } = z.object({ stages: z.array(z.unknown()) }).parse(await json('/api/v1/latency'))
    expect(stages).toEqual([
      { stage: 'frameToAck', from: expect.any(String), to: expect.any(String), p50Ms: 4.25, p99Ms: 17.5, instances: 1 },
    ])
  })
})

describe('answers', () => {
  test.each([
    ['prices', '/api/v1/prices?limit=3'],
    ['prices', '/api/v1/prices?symbol=ZRX-USD'],
    ['price', '/api/v1/prices/BTC-USD'],
    ['price', '/api/v1/prices/ZRX-USD'],
    ['exchanges', '/api/v1/exchanges'],
    ['services', '/api/v1/services'],
    ['latency', '/api/v1/latency'],
  ] as const)('%s are as the OpenAPI document says: %s', async (id, path) => {
    expect(DOCUMENTS[id].safeParse(await json(path)).error).toBeUndefined()
  })

  test('the OpenAPI document is served, and a reference page without scripts', async () => {
    expect(await json('/openapi.json')).toMatchObject({ openapi: '3.1.0' })
    const answer = await get('/reference')
    const html = await answer.text()
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(html).toContain('GET /api/v1/dead-letters')
    expect(html).not.toMatch(/<script|\son\w+=|style=/)
  })

  test('GET / is the page for browsers and a document for everybody else', async () => {
    const html = await get('/', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
    expect(html.headers.get('content-type')).toContain('text/html')
    expect(await html.text()).toContain('<script type="module" src="/page/main.ts">')
    expect(await json('/')).toMatchObject({ name: 'crosstide', meta: { simulated: true }, links: { webSocket: '/ws' } })
  })

  test('every link of GET / is there', async () => {
    const { links } = z.object({ links: z.record(z.string(), z.string()) }).parse(await json('/'))
    const paths = Object.values(links).filter((path) => path !== '/ws' && !path.includes('{'))
    expect(await Promise.all(paths.map(async (path) => [path, (await get(path)).status]))).toEqual(
      paths.map((path) => [path, 200]),
    )
  })

  test('scripts of the page have lost their types and are asked for again only if they changed', async () => {
    const script = await get('/page/main.ts')
    expect(script.headers.get('content-type')).toContain('text/javascript')
    expect(await script.text()).not.toContain('import type')
    const again = await get('/page/main.ts', { headers: { 'if-none-match': script.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  test('carry security headers, a request id and rate limits', async () => {
    const { headers } = await get('/api/v1/prices', { headers: { 'x-request-id': 'mine-1' } })
    expect(headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('x-request-id')).toBe('mine-1')
    expect(headers.get('ratelimit-policy')).toContain('w=60')
    const forged = await get('/livez', { headers: { 'x-request-id': 'a b<script>' } })
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test.each([
    ['/nowhere', {}, 404, 'NOT_FOUND'],
    ['/page/tsconfig.json', {}, 404, 'NOT_FOUND'],
    ['/page/..%2fapp.ts', {}, 404, 'NOT_FOUND'],
    ['/api/v1/prices/XXX-YYY', {}, 404, 'UNKNOWN_SYMBOL'],
    ['/api/v1/prices?simbol=BTC-USD', {}, 400, 'BAD_PARAMETER'],
    ['/api/v1/prices?limit=1&limit=2', {}, 400, 'BAD_PARAMETER'],
    ['/api/v1/prices?cursor=nonsense', {}, 400, 'BAD_CURSOR'],
    ['/api/v1/exchanges?x=1', {}, 400, 'BAD_PARAMETER'],
    ['/api/v1/prices/%E0%A4%A', {}, 400, 'BAD_REQUEST'],
    ['/api/v1/prices', { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED'],
    [
      '/api/v1/rules/validate',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
      'BAD_REQUEST',
    ],
    [
      '/api/v1/rules/validate',
      { method: 'POST', body: JSON.stringify('x'.repeat(200_000)), headers: { 'content-type': 'application/json' } },
      413,
      'BODY_TOO_LARGE',
    ],
  ])('%s %j is a problem document', async (path, init, status, code) => {
    const response = await get(path, init)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    const body: unknown = await response.json()
    expect(problem.safeParse(body).error).toBeUndefined()
    expect(body).toMatchObject({
      type: `/errors#${code}`,
      status,
      code,
      title: expect.any(String),
      requestId: response.headers.get('x-request-id'),
    })
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null)
  })

  test('an injection is refused or finds nothing, and never fails', async () => {
    const corpus = [
      "' or '1'='1",
      "BTC-USD'; drop table trades; --",
      "BTC-USD' union select passwd from pg_shadow --",
      '1; select pg_sleep(5)',
      '\\',
      '%00',
      '${7*7}',
      '../../etc/passwd',
      '<script>alert(1)</script>',
      'a'.repeat(5000),
      '🦀-USD',
      '(a+)+$',
      '{"$gt":""}',
    ]
    const paths = corpus.flatMap((text) => {
      const value = encodeURIComponent(text)
      const cursor = Buffer.from(JSON.stringify([text.slice(0, 60), text.slice(0, 60)])).toString('base64url')
      const names = ['symbol', 'exchange', 'limit', 'cursor', value].map((name) => `/api/v1/prices?${name}=${value}`)
      const range = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:10:00Z'
      const histories = ['trades', 'quotes', 'candles', 'gaps', 'dead-letters'].flatMap((list) =>
        ['symbol', 'exchange', 'topic', 'from', 'to', 'limit', 'cursor'].map(
          (name) => `/api/v1/${list}?symbol=BTC-USD&${range}&${name}=${value}`,
        ),
      )
      const alone = ['gaps?symbol', 'gaps?exchange', 'dead-letters?topic', 'gaps?cursor', 'dead-letters?cursor'].map(
        (start) => `/api/v1/${start}=${value}&${range}`,
      )
      return [
        ...names,
        ...histories,
        ...alone,
        `/api/v1/prices/${value}`,
        `/api/v1/prices?cursor=${cursor}&limit=1`,
        `/page/${value}`,
      ]
    })
    const statuses = await Promise.all(paths.map(async (path) => (await get(path)).status))
    expect(statuses.filter((status) => ![200, 400, 404, 414].includes(status))).toEqual([])
    const { rows } = await rig.database.pool.query(`select count(*)::int as n from symbols`)
    expect(rows).toEqual([{ n: 13 }])
  })

  test('the role of the API cannot write', async () => {
    const pool = openPool(rig.database.url, 'api_ro', silentLog, 1)
    await expect(pool.query('delete from symbols')).rejects.toThrow(/read-only|permission denied/)
    await pool.query('set default_transaction_read_only = off')
    await expect(pool.query('delete from symbols')).rejects.toThrow('permission denied')
    await pool.end()
  })

  test('headers beyond 16 kB are a 431, and the next request is answered', async () => {
    expect((await get('/', { headers: { 'x-large': 'a'.repeat(20_000) } })).status).toBe(431)
    expect((await get('/livez')).status).toBe(200)
  })

  test('a client that sends its headers drop by drop gets 408 after about 5 s', async () => {
    const began = performance.now()
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(rig.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n'))
      const drops = setInterval(() => socket.write('x-drop: 1\r\n'), 500)
      let heard = ''
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
      socket.on('error', reject)
      socket.on('close', () => {
        clearInterval(drops)
        resolve(heard)
      })
    })
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(performance.now() - began).toBeGreaterThan(4500)
    expect(performance.now() - began).toBeLessThan(7500)
  })
})

describe('health', () => {
  test('is ready with Kafka, PostgreSQL and schema, and says which holds', async () => {
    expect(await (await get('/livez')).text()).toBe('ok\n')
    expect(await json('/readyz')).toEqual({ ready: true, problems: [] })
    expect(await json('/healthz?verbose')).toEqual({
      ready: true,
      problems: [],
      checks: ['kafka', 'database', 'schema'].map((name) => ({ name, ok: true })),
    })
  })

  test('is not ready while a view is missing, and names it', async () => {
    await rig.database.pool.query('alter view best_quotes rename to best_quotes_away')
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(503)
    expect(await json('/readyz')).toMatchObject({ ready: false, problems: [expect.stringContaining('best_quotes')] })
    const broken = await get('/api/v1/prices/BTC-USD')
    expect([broken.status, await broken.text()]).toEqual([500, expect.not.stringContaining('relation')])
    await rig.database.pool.query('alter view best_quotes_away rename to best_quotes')
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(200)
  })

  test('metrics are by route, never by symbol', async () => {
    const text = await (await get('/metrics')).text()
    expect(text).toMatch(/crosstide_http_request_seconds_count\{.*route="\/api\/v1\/prices\/:symbol",status="200"\}/)
    expect(text).not.toContain('BTC-USD')
  })
})

describe('start', () => {
  test('is refused on a database that was filled from another log', async () => {
    await rig.database.pool.query('update ingest.log set log_id = gen_random_uuid()')
    await expect(rig.restart(async () => undefined)).rejects.toMatchObject({ code: 'DATABASE_MISMATCH' })
  })
})
