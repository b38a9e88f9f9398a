import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS } from '../../api/documents.ts'
import { selectLatestSignal } from '../../api/queries/signals.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived } from '../../core/processor.ts'
import { micros, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { leg, life, opportunity, origin } from '../support/derived.ts'
import { openSignals, type SignalRig } from '../support/signals.ts'

let rig: ApiRig
let signals: SignalRig
/** The API's tests live in the present: what opened long ago would be past its time. */
let start: Micros
const at = (seconds: number): Micros => micros(start + seconds * 1_000_000)
const TTL = 86_400_000 * 365
const document = z.looseObject({ signals: z.array(z.looseObject({ id: z.string(), openedAt: z.string() })) })

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)
const ids = async (query: string): Promise<readonly string[]> =>
  document.parse(await (await get(`/api/v1/signals?${query}`)).json()).signals.map(({ id }) => id)

let offset = 0
/** A record of signal `n`, which opened `n` seconds after the start. */
const record = (n: number, phase: Opportunity['phase'], change: Partial<Derived<Opportunity>> = {}) =>
  opportunity({
    opportunityId: `x:0:${n}:0`,
    phase,
    at: phase === 'OPEN' ? at(n) : at(n + 1),
    ttlMs: TTL,
    feed: 'SIMULATED',
    origin: origin({ offset: offset++ }),
    ...(phase === 'OPEN' ? {} : { life: life({ openedAt: at(n), updates: 1 }) }),
    ...(phase === 'CLOSE' ? { reason: 'edge', edgeBps: 2 } : {}),
    ...change,
  })
const ETH = [leg({ symbol: 'ETH-USD', exchange: 'gate' }), leg({ symbol: 'ETH-USDT', exchange: 'okx', side: 'SELL' })]

beforeAll(async () => {
  rig = await startApiRig()
  signals = await openSignals(rig)
  start = micros(now() - 3_600_000_000)
  await signals.say(record(1, 'OPEN'), record(1, 'UPDATE'), record(1, 'CLOSE'))
  await signals.say(record(2, 'OPEN', { legs: ETH, base: 'ETH', edgeBps: 25 }))
  await signals.say(record(3, 'OPEN'))
  // An upgrade left it without CLOSE: its ten minutes are long over.
  await signals.say(record(4, 'OPEN', { ttlMs: 600_000 }))
  await signals.store()
})
afterAll(() => rig.stop())

describe('GET /api/v1/signals', () => {
  test('lists the newest first, each with its state; what is past its time has ended without CLOSE', async () => {
    const body = z
      .looseObject({ signals: z.array(z.looseObject({ id: z.string(), state: z.string(), phase: z.string() })) })
      .parse(await (await get('/api/v1/signals')).json())
    expect(body.signals.map(({ id, state, phase }) => `${id} ${state} ${phase}`)).toEqual([
      'x:0:4:0 closed OPEN',
      'x:0:3:0 open OPEN',
      'x:0:2:0 open OPEN',
      'x:0:1:0 closed CLOSE',
    ])
    expect(DOCUMENTS.signals.safeParse(body).error).toBeUndefined()
  })

  test.each([
    ['state=open', ['x:0:3:0', 'x:0:2:0']],
    ['state=closed', ['x:0:4:0', 'x:0:1:0']],
    ['base=eth', ['x:0:2:0']],
    ['symbol=eth-usdt', ['x:0:2:0']],
    ['exchange=Gate', ['x:0:2:0']],
    ['exchange=kraken&state=open', ['x:0:3:0']],
    ['minEdgeBps=25', ['x:0:2:0']],
    // Its greatest edge, not that of its CLOSE (2).
    ['minEdgeBps=12', ['x:0:2:0', 'x:0:1:0']],
    ['kind=TRIANGULAR', []],
    ['kind=CROSS_EXCHANGE&limit=2', ['x:0:4:0', 'x:0:3:0']],
  ])('is filtered: %s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  test('a range holds its start and not its end', async () => {
    const iso = (seconds: number): string => new Date(at(seconds) / 1000).toISOString()
    // A millisecond text is cut down, never up.
    expect(await ids(`from=${iso(2)}&to=${iso(4)}`)).toEqual(['x:0:3:0', 'x:0:2:0'])
  })

  test('pages neither repeat nor leave out a signal while new ones open', async () => {
    const found: string[] = []
    let path: string | undefined = '/api/v1/signals?limit=1'
    for (let page = 0; path !== undefined && page < 20; page++) {
      const response: Response = await get(path)
      found.push(...document.parse(await response.json()).signals.map(({ id }) => id))
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      await signals.say(record(100 + page, 'OPEN', { base: 'LTC', ttlMs: 600_000 }))
      await signals.store()
    }
    expect(found).toEqual(['x:0:4:0', 'x:0:3:0', 'x:0:2:0', 'x:0:1:0'])
    await rig.database.pool.query(`delete from opportunities where base = 'LTC'`)
  })

  test.each([
    ['state=ended', 'state'],
    ['minEdgeBps=ten', 'minEdgeBps'],
    ['minEdgeBps=1e9', 'minEdgeBps'],
    ['kind=arbitrage', 'kind'],
    ['base=B/C', 'base'],
    ['edge=1', 'edge: unknown'],
    ['from=2026-11-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: before from'],
    ['from=2026-01-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: more than'],
  ])('%s is refused by name', async (query, named) => {
    const response = await get(`/api/v1/signals?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'BAD_PARAMETER', detail: expect.stringContaining(named) })
  })
})

describe('GET /api/v1/signals/{id}', () => {
  test('tells its evidence: both quotes with their places on the log, its life, each record', async () => {
    const survival = [
      { delayMs: 50, edgeBps: 9, executable: true },
      { delayMs: 500, edgeBps: undefined, executable: false },
    ]
    await signals.say(record(5, 'OPEN'), record(5, 'UPDATE', { edgeBps: 12 }))
    await signals.say(record(5, 'CLOSE', { executableAfter: survival }))
    await signals.store()
    const response = await get('/api/v1/signals/x:0:5:0')
    const body: unknown = await response.json()
    expect(DOCUMENTS.signal.safeParse(body).error).toBeUndefined()
    expect(body).toMatchObject({
      signal: {
        state: 'closed',
        reason: 'edge',
        openEdgeBps: 10,
        peakBps: 12,
        legs: [
          { exchange: 'binance', side: 'BUY', price: '100', evidence: { partition: 0, offset: 7, ask: '100' } },
          { exchange: 'kraken', symbol: 'BTC-USD', side: 'SELL', price: '101' },
        ],
        executableAfter: [
          { delayMs: 50, edgeBps: 9, executable: true },
          { delayMs: 500, executable: false },
        ],
      },
      records: [
        { phase: 'OPEN', edgeBps: 10 },
        { phase: 'UPDATE', edgeBps: 12 },
        { phase: 'CLOSE', edgeBps: 2 },
      ],
      isWhole: true,
    })
    const etag = response.headers.get('etag') ?? ''
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect((await get('/api/v1/signals/x:0:5:0', { headers: { 'if-none-match': etag } })).status).toBe(304)
    await rig.database.pool.query(`delete from opportunities where opportunity_id = 'x:0:5:0'`)
  })

  test('one that may still change is not kept', async () => {
    for (const id of ['x:0:3:0', 'x:0:4:0'])
      expect((await get(`/api/v1/signals/${id}`)).headers.get('cache-control')).toBe('no-cache')
  })

  test('an unknown one is a 404, what is no id a 400', async () => {
    expect(await (await get('/api/v1/signals/x:0:99:0')).json()).toMatchObject({ status: 404, code: 'UNKNOWN_SIGNAL' })
    expect(await (await get(`/api/v1/signals/x'y`)).json()).toMatchObject({ status: 400, code: 'BAD_PARAMETER' })
  })
})

test('the present of a recording is the moment of its newest record', async () => {
  const { pool } = rig.database
  const { rows } = await pool.query('select max(updated_at) as at from opportunities')
  const latest = await selectLatestSignal(pool)
  expect(Date.parse(latest ?? '')).toBe(rows[0].at.getTime())
})

test('statistics are those of the view: how many, how long, and what could still be had', async () => {
  const empty: unknown = await (await get('/api/v1/signals/stats')).json()
  expect(DOCUMENTS.signalStats.safeParse(empty).error).toBeUndefined()
  expect(empty).toMatchObject({ stats: [] })
  await rig.database.pool.query(`select ingest.refresh_view('opportunity_stats')`)
  const body: unknown = await (await get('/api/v1/signals/stats')).json()
  expect(DOCUMENTS.signalStats.safeParse(body).error).toBeUndefined()
  // Signals 1, 3 and 4, of which 1 has closed after a second; its greatest edge was 12.
  const pair = { kind: 'CROSS_EXCHANGE', base: 'BTC', buyExchange: 'binance', sellExchange: 'kraken' }
  expect(body).toMatchObject({
    asOf: expect.any(String),
    stats: [
      { ...pair, opportunities: 3, closed: 1, medianDurationMs: 1000, peakEdgeBps: 12 },
      { base: 'ETH', buyExchange: 'gate', sellExchange: 'okx', opportunities: 1, closed: 0 },
    ],
  })
})

test('the document of the detectors is the one in force, with its epoch and since when', async () => {
  const empty: unknown = await (await get('/api/v1/arbitrage/config')).json()
  expect(DOCUMENTS.arbitrageConfig.safeParse(empty).error).toBeUndefined()
  expect(empty).not.toHaveProperty('epoch')
  const add = (openBps: number) =>
    rig.database.pool.query(`select ingest.add_document('arbitrage', $1, 'hash', 'me@here', false)`, [{ openBps }])
  await add(12)
  await rig.database.pool.query(`update ingest.outbox set published_at = '2026-11-20 10:00:00.5Z'`)
  // The next version waits for the publisher.
  await add(20)
  const body: unknown = await (await get('/api/v1/arbitrage/config')).json()
  expect(DOCUMENTS.arbitrageConfig.safeParse(body).error).toBeUndefined()
  expect(body).toMatchObject({
    epoch: 1,
    since: '2026-11-20T10:00:00.500000Z',
    author: 'me@here',
    config: { openBps: 12, closeBps: 3, numeraire: 'USD' },
  })
})

test('the best quotes name both exchanges, with sizes and the age of each side', async () => {
  const { pool } = rig.database
  await pool.query(`
insert into sessions (exchange, session, feed, state, first_heartbeat, last_heartbeat, last_sequence)
select e, 1, 'SIMULATED', 'UP', now(), now() + interval '1 min', 0 from unnest('{kraken,gate,okx}'::text[]) e;
insert into symbols (exchange, symbol, base, quote, configured)
select e, s, split_part(s, '-', 1), 'USD', true from unnest('{kraken,gate,okx}'::text[]) e, unnest('{BTC-USD,ETH-USD}'::text[]) s;
insert into latest_quotes (exchange, symbol, bid, bid_size, ask, ask_size, source, feed, event_time, receive_time, session, ordinal, sequence, partition, log_offset, withdrawn)
values ('kraken', 'BTC-USD', 100.5, 2, 101, 3, 'STREAM', 'SIMULATED', now() - interval '3 s', now() - interval '2 s', 1, 1, 0, 0, 1, false),
       ('gate', 'BTC-USD', 100, 1, 100.7, 0.25, 'STREAM', 'SIMULATED', now(), now() - interval '1 s', 1, 2, 0, 0, 2, false),
       ('okx', 'BTC-USD', 99, 1, 102, null, 'STREAM', 'SIMULATED', now(), now(), 1, 3, 0, 0, 3, false),
       ('okx', 'ETH-USD', 10, null, 11, null, 'STREAM', 'SIMULATED', now(), now(), 1, 4, 0, 0, 4, false)`)
  const first = await get('/api/v1/quotes/best?limit=1')
  const body: unknown = await first.json()
  expect(DOCUMENTS.bestQuotes.safeParse(body).error).toBeUndefined()
  const sides = {
    bid: '100.5',
    bidSize: '2',
    bidExchange: 'kraken',
    ask: '100.7',
    askSize: '0.25',
    askExchange: 'gate',
  }
  expect(body).toMatchObject({ quotes: [{ symbol: 'BTC-USD', ...sides, exchanges: 3, feed: 'SIMULATED' }] })
  const ages = z.object({ quotes: z.array(z.looseObject({ bidAgeMs: z.number(), askAgeMs: z.number() })) }).parse(body)
  const [best] = ages.quotes
  // A second apart, however long the test takes to ask.
  expect((best?.bidAgeMs ?? 0) - (best?.askAgeMs ?? 0)).toBeCloseTo(1000, 0)
  expect(best?.askAgeMs).toBeGreaterThanOrEqual(1000)
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1]
  expect(await (await get(next ?? '')).json()).toMatchObject({ quotes: [{ symbol: 'ETH-USD', bidExchange: 'okx' }] })
  expect(await (await get('/api/v1/quotes/best?symbol=eth-usd')).json()).toMatchObject({
    quotes: [{ symbol: 'ETH-USD' }],
  })
})
