import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { problem } from '../../api/documents.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'

const RANGE = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:10:00Z'
const COUNT = 40

let rig: ApiRig
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)
const trade = z.looseObject({ eventTime: z.string(), tradeId: z.string(), symbol: z.string(), exchange: z.string() })
const page = z.looseObject({ trades: z.array(trade), cursor: z.string().optional() })

const TRADES = `
insert into trades (exchange, symbol, trade_id, event_time, side, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
select 'kraken', 'BTC-USD', n::text, '2026-11-20 10:00Z'::timestamptz + n * interval '10 s', 'BUY', 1, 1, 'SIMULATED', now(), 7, n, 0, 0, n`

beforeAll(async () => {
  rig = await startApiRig({
    async before({ database }) {
      await database.pool.query(`
        insert into exchanges (exchange, configured, feed, state, session, last_heartbeat) values ('kraken', true, 'SIMULATED', 'UP', 7, now());
        insert into symbols (exchange, symbol, base, quote, configured) values ('kraken', 'BTC-USD', 'BTC', 'USD', true);
        select ingest.add_partition('trades', date '2026-11-20');
        ${TRADES} from generate_series(0, ${COUNT - 1}) n;`)
    },
  })
})
afterAll(() => rig.stop())

/** Status, code and detail of a refusal. */
async function refusal(path: string, init: RequestInit = {}): Promise<readonly unknown[]> {
  const response = await get(path, init)
  const { code, detail } = problem.parse(await response.json())
  return [response.status, code, detail]
}

describe('parameters', () => {
  test.each([
    ['__proto__=1', '__proto__'],
    ['__proto__[admin]=1', '__proto__[admin]'],
    ['constructor=1', 'constructor'],
    ['constructor[prototype][admin]=1', 'constructor[prototype][admin]'],
    ['toString=1', 'toString'],
    ['hasOwnProperty=1', 'hasOwnProperty'],
    ['symbol[]=BTC-USD', 'symbol[]'],
    ['symbol[$ne]=x', 'symbol[$ne]'],
    ['symbol.x=1', 'symbol.x'],
    ['=1', ''],
  ])('%s is unknown, by name, and reaches no prototype', async (query, name) => {
    expect(await refusal(`/api/v1/prices?${query}`)).toEqual([
      400,
      'BAD_PARAMETER',
      expect.stringContaining(`${name}: unknown`),
    ])
    expect(Reflect.get({}, 'admin')).toBeUndefined()
    expect((await get('/api/v1/prices')).status).toBe(200)
  })

  test.each([
    '',
    '0',
    '-1',
    '+5',
    ' 5',
    '5 ',
    '5.0',
    '1e2',
    '0x10',
    '1001',
    '99999999999999999999',
    '٣',
    '５',
    'NaN',
    'Infinity',
    'null',
  ])('limit %j is refused by name', async (limit) =>
    expect(await refusal(`/api/v1/prices?limit=${encodeURIComponent(limit)}`)).toEqual([
      400,
      'BAD_PARAMETER',
      expect.stringContaining('limit:'),
    ]),
  )

  test.each([
    'ＢＴＣ-USD',
    'BTC‐USD',
    'BTC-UſD',
    'BTC-USD\u0000',
    'BTC-USD\n',
    '\u202EBTC-USD',
    'İBTC-USD',
    'BTC-USD-perp-perp',
    'BTC-',
    '-',
    'B'.repeat(21) + '-USD',
    '👩‍👩‍👧-USD',
    '\uFEFFBTC-USD',
  ])('symbol %j is refused by name, in the query and in the path', async (symbol) => {
    const text = encodeURIComponent(symbol)
    const expected = [400, 'BAD_PARAMETER', expect.stringContaining('symbol:')]
    expect(await refusal(`/api/v1/prices?symbol=${text}`)).toEqual(expected)
    expect(await refusal(`/api/v1/trades?symbol=${text}&${RANGE}`)).toEqual(expected)
    expect(await refusal(`/api/v1/prices/${text}`)).toEqual(expected)
  })

  test('of a thousand names the answer stays small', async () => {
    const query = Array.from({ length: 700 }, (_, n) => `p${n}=1`).join('&')
    const response = await get(`/api/v1/prices?${query}`)
    expect(response.status).toBe(400)
    expect((await response.text()).length).toBeLessThan(4000)
  })
})

describe('cursors', () => {
  const first = async () => page.parse(await (await get(`/api/v1/trades?symbol=BTC-USD&${RANGE}&limit=10`)).json())

  test('of another list, cut short, or with any byte changed are refused or lead nowhere else', async () => {
    const { cursor = '' } = await first()
    const other = Buffer.from(JSON.stringify(['BTC-USD', 'kraken'])).toString('base64url')
    expect(await refusal(`/api/v1/trades?symbol=BTC-USD&${RANGE}&cursor=${other}`)).toEqual([
      400,
      'BAD_CURSOR',
      undefined,
    ])
    const bytes = Buffer.from(cursor, 'base64url')
    const tampered = [...bytes.keys()].flatMap((at) =>
      [1, 32, 128].map((bit) => {
        const changed = Buffer.from(bytes)
        changed.writeUInt8((changed[at] ?? 0) ^ bit, at)
        return changed.toString('base64url')
      }),
    )
    const cut = [...bytes.keys()].map((at) => bytes.subarray(0, at).toString('base64url')).filter((text) => text !== '')
    const answers = await Promise.all(
      [...tampered, ...cut].map(async (text) => {
        const response = await get(`/api/v1/trades?symbol=BTC-USD&${RANGE}&limit=10&cursor=${text}`)
        const body: unknown = await response.json()
        const rows = page.safeParse(body).data?.trades ?? []
        return {
          status: response.status,
          isOurs: rows.every((row) => row.symbol === 'BTC-USD' && row.eventTime < '2026-11-20T10:10'),
        }
      }),
    )
    expect(answers.filter(({ status, isOurs }) => ![200, 400].includes(status) || !isOurs)).toEqual([])
    expect(answers.some(({ status }) => status === 400)).toBe(true)
  })

  test.each([
    '{"__proto__":[]}',
    '["__proto__","constructor","x"]',
    '[[],[],[]]',
    '[null,null,null]',
    '['.repeat(300),
    '1e999',
    '"x"',
  ])('that hold %s are no cursors', async (json) => {
    const cursor = Buffer.from(json).toString('base64url')
    expect(await refusal(`/api/v1/trades?symbol=BTC-USD&${RANGE}&cursor=${cursor}`)).toEqual([
      400,
      'BAD_CURSOR',
      undefined,
    ])
  })

  test('stay where they are while rows come before, among and after: what stood there is seen once, in order', async () => {
    const seen: string[] = []
    let path: string | undefined = `/api/v1/trades?symbol=BTC-USD&${RANGE}&limit=7`
    for (let n = 0; path !== undefined; n++) {
      const response = await get(path)
      seen.push(...page.parse(await response.json()).trades.map(({ tradeId }) => tradeId))
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      // Each round one row among those read, one among those to come, one in the very microsecond of the last one read.
      await rig.database.pool.query(
        `insert into trades select exchange, symbol, 'late-' || $1::int || '-' || k, event_time, side, price, size, feed, receive_time, session, 1000 + $1::int * 10 + k, 0, 0, 1000
           from trades, generate_series(0, 2) k where trade_id = ((array[0, 39, $2::int])[k + 1])::text`,
        [n, Number(seen.findLast((id) => !id.startsWith('late')))],
      )
    }
    const stood = seen.filter((id) => !id.startsWith('late'))
    expect(stood).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)))
    expect(new Set(seen).size).toBe(seen.length)
    await rig.database.pool.query(`delete from trades where trade_id like 'late-%'`)
  })
})

describe('addresses, headers and bodies', () => {
  test('an address beyond 8 kB is a 414, one beyond the parser’s 16 kB a 431', async () => {
    expect(await refusal(`/api/v1/prices?symbol=${'a'.repeat(9000)}`)).toEqual([414, 'URI_TOO_LONG', undefined])
    expect((await get(`/api/v1/prices?symbol=${'a'.repeat(20_000)}`)).status).toBe(431)
    expect((await get('/livez')).status).toBe(200)
  })

  test.each([
    '/%c0%ae%c0%ae/etc/passwd',
    '/page/%2e%2e/%2e%2e/package.json',
    '/page/..%5c..%5cpackage.json',
    '//evil.example/',
    '/\\evil.example',
    '/page/__proto__',
    '/page/constructor',
  ])('%s leads nowhere', async (path) => {
    const status = await new Promise<number | undefined>((resolve, reject) =>
      request({ port: rig.port, host: '127.0.0.1', path })
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end(),
    )
    expect([400, 404]).toContain(status)
  })

  test('a small body that grows large is a 413 before it has grown', async () => {
    const body = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const path = '/api/v1/rules/validate'
    expect(await refusal(path, { method: 'POST', body, headers })).toEqual([413, 'BODY_TOO_LARGE', undefined])
  })

  test.each([
    ['{"__proto__":{"admin":true}}', 'application/json'],
    ['['.repeat(50_000), 'application/json'],
    ['{"a":1e999}', 'application/json'],
    ['<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>', 'application/xml'],
  ])('a body that no route takes is refused and changes nothing: %#', async (body, type) => {
    const response = await get('/api/v1/prices', { method: 'POST', body, headers: { 'content-type': type } })
    expect([400, 405]).toContain(response.status)
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  })

  test('a name that was made to point at this machine gets nothing but health', async () => {
    const ask = (host: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) =>
        request({ port: rig.port, host: '127.0.0.1', path, headers: { host } })
          .on('response', (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end(),
      )
    expect(await ask('evil.example', '/api/v1/prices')).toBe(421)
    expect(await ask(`127.0.0.1.evil.example:${rig.port}`, '/')).toBe(421)
    expect(await ask('evil.example', '/livez')).toBe(200)
    for (const host of [`127.0.0.1:${rig.port}`, 'localhost', `LOCALHOST:${rig.port}`, '[::1]', '127.0.0.1'])
      expect(await ask(host, '/api/v1/prices')).toBe(200)
  })

  test('a request id that comes back is one of ours or harmless', async () => {
    for (const given of ['a'.repeat(65), 'a b', '<x>', 'ä'])
      expect(
        (await get('/livez', { headers: { 'x-request-id': encodeURIComponent(given) } })).headers.get('x-request-id'),
      ).toMatch(/^[\w.-]{1,64}$/)
  })
})
