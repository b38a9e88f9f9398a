import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS } from '../../api/documents.ts'
import { selectLatestMatch, selectMatches } from '../../api/queries/matches.ts'
import { matchesStatement } from '../../consumers/matches-sink.ts'
import type { Match } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { origin } from '../support/derived.ts'
import { evidence, match } from '../support/matches.ts'

let rig: ApiRig
let start: Micros
const at = (seconds: number): Micros => micros(start + seconds * 1_000_000)
const list = z.looseObject({ matches: z.array(z.looseObject({ matchId: z.string() })) })

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)
const ids = async (query: string): Promise<readonly string[]> =>
  list.parse(await (await get(`/api/v1/matches?${query}`)).json()).matches.map(({ matchId }) => matchId)

/** Match `n`, `n` seconds after the start. */
const numbered = (n: number, change: Partial<Derived<Match>> = {}): Derived<Match> =>
  match({ at: at(n), feed: 'SIMULATED', origin: origin({ offset: n }), ...change })

let next = 0
/** By the statement of the sink. */
async function store(...values: readonly Derived<Match>[]): Promise<void> {
  const slot = { topic: rig.topics.matches.name, partition: 0 }
  const move = { consumer: 'sink-matches', slot, from: next, to: next + values.length, tail: undefined }
  if (next === 0)
    await rig.database.pool.query(
      "insert into ingest.offsets (consumer, topic, part, next_offset) values ('sink-matches', $1, 0, 0)",
      [slot.topic],
    )
  const entries = values.map((value, index) => {
    const offset = next + index
    return { record: { offset, key: null, value: null, timestampMs: 0 }, offset, value }
  })
  const { text, values: parameters } = matchesStatement(move, entries, [])
  const { rows } = await rig.database.pool.query(text, [...parameters])
  if (rows[0]?.moved !== 1 || rows[0]?.stored !== values.length) throw new Error('the sink did not store them')
  next = move.to
}

const [SPIKE1, SPIKE2, SURGE3, SPIKE4] = [
  'price-spike@1:0:1:0',
  'price-spike@2:0:2:0',
  'surge@1:0:3:0',
  'price-spike@2:0:4:0',
]

beforeAll(async () => {
  rig = await startApiRig()
  start = micros(now() - 3_600_000_000)
  const resolved = { ruleVersion: 2, phase: 'RESOLVED', reason: 'release' } as const
  await store(
    numbered(1),
    numbered(2, { ruleVersion: 2, severity: 'critical', exchange: 'kraken', symbol: 'ETH-USD', base: 'ETH' }),
    numbered(3, { ruleId: 'surge', severity: 'info', exchange: undefined, symbol: undefined, key: { base: 'BTC' } }),
    numbered(4, resolved),
  )
})
afterAll(() => rig.stop())

describe('GET /api/v1/matches', () => {
  test('lists the newest first, as it is documented', async () => {
    const body: unknown = await (await get('/api/v1/matches')).json()
    expect(DOCUMENTS.matches.safeParse(body).error).toBeUndefined()
    expect(list.parse(body).matches.map(({ matchId }) => matchId)).toEqual([SPIKE4, SURGE3, SPIKE2, SPIKE1])
  })

  test.each([
    ['ruleId=price-spike', [SPIKE4, SPIKE2, SPIKE1]],
    ['ruleId=none', []],
    ['symbol=btc-usdt', [SPIKE4, SPIKE1]],
    ['exchange=Kraken', [SPIKE2]],
    ['severity=warning', [SPIKE4, SPIKE1]],
    ['phase=FIRED', [SURGE3, SPIKE2, SPIKE1]],
    ['phase=TIMEOUT', []],
    ['ruleId=price-spike&phase=FIRED&severity=critical&symbol=ETH-USD&exchange=kraken', [SPIKE2]],
    ['limit=2', [SPIKE4, SURGE3]],
  ])('is filtered: %s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  test('a range holds its start and not its end', async () => {
    expect(await ids(`from=${toIso(at(2))}&to=${toIso(at(4))}`)).toEqual([SURGE3, SPIKE2])
  })

  test('pages neither repeat nor leave out a match while new ones come, those of one moment neither', async () => {
    const twins = [1, 2, 3].map((ordinal) => numbered(1, { origin: origin({ offset: 1, ordinal }) }))
    await store(...twins)
    const found: string[] = []
    let path: string | undefined = '/api/v1/matches?ruleId=price-spike&limit=1'
    for (let page = 0; path !== undefined && page < 20; page++) {
      const response: Response = await get(path)
      found.push(...list.parse(await response.json()).matches.map(({ matchId }) => matchId))
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      await store(numbered(100 + page))
    }
    const ofOneMoment = [3, 2, 1].map((ordinal) => `price-spike@1:0:1:${ordinal}`)
    expect(found).toEqual([SPIKE4, SPIKE2, ...ofOneMoment, SPIKE1])
    await rig.database.pool.query('delete from matches where origin_offset >= 100 or origin_ordinal > 0')
  })

  test.each([
    ['ruleId=Price', 'ruleId'],
    ['severity=high', 'severity'],
    ['phase=fired', 'phase'],
    ['type=SPIKE', 'type: unknown'],
    ['from=2026-11-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: before from'],
    ['from=2026-01-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: more than'],
  ])('%s is refused by name', async (query, named) => {
    const response = await get(`/api/v1/matches?${query}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'BAD_PARAMETER', detail: expect.stringContaining(named) })
  })

  test('a cursor that is not ours is refused', async () => {
    const cursor = Buffer.from(JSON.stringify(['2026-13-20T10:00:00.000000Z', 'x'])).toString('base64url')
    expect(await (await get(`/api/v1/matches?cursor=${cursor}`)).json()).toMatchObject({ code: 'BAD_CURSOR' })
  })

  test('is read by an index: of the rule, the symbol or the exchange, else of the time', async () => {
    await rig.database.pool.query(`
      insert into matches (match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, severity, key, base, exchange, symbol, at, feed,
             fields, inputs, evidence, suppressed, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal)
      select 'many@1:0:' || n || ':0', 'many', 1, '', false, 'T', 'FIRED', 'info', '{}', 'LTC', 'okx', 'LTC-USDT', now() - interval '2 days', 'LIVE',
             '{}', '{}', '[]', 0, 0, 0, 'market', 1, 0, n, 0
        from generate_series(1, 20000) n;
      analyze matches`)
    const filter = { ruleId: undefined, symbol: undefined, exchange: undefined, severity: undefined, phase: undefined }
    const plans = ['']
    const explaining = {
      async query(text: string, values: unknown[]) {
        const { rows } = await rig.database.pool.query(`explain ${text}`, values)
        plans.push(JSON.stringify(rows))
        return { rows: [] }
      },
    }
    for (const [index, one] of [
      ['matches_rule', { ruleId: 'price-spike' }],
      ['matches_symbol', { symbol: 'BTC-USDT' }],
      ['matches_exchange', { exchange: 'kraken' }],
      ['matches_at', {}],
    ] as const) {
      await selectMatches(explaining, {
        ...filter,
        ...one,
        from: at(-86_400),
        to: at(3600),
        after: undefined,
        limit: 2,
      })
      expect(plans.at(-1)).toContain(index)
    }
    await rig.database.pool.query("delete from matches where rule_id = 'many'")
  })
})

describe('GET /api/v1/matches/{matchId}', () => {
  test('tells all: what the rule tells, where the records lie that it rests on, what caused it', async () => {
    await store(
      numbered(5, {
        shadow: true,
        fields: { changeBps: 52.25, note: 'x', isFirst: false, z: null },
        evidence: [
          evidence({ offset: 4, at: at(4) }),
          evidence({ stream: 'best', offset: 5, at: at(5), exchange: undefined }),
        ],
        suppressed: 3,
        origin: origin({ partition: 4, offset: 5, ordinal: 9, version: 3 }),
      }),
    )
    const response = await get('/api/v1/matches/price-spike@1:4:5:9')
    const body: unknown = await response.json()
    expect(DOCUMENTS.match.safeParse(body).error).toBeUndefined()
    expect(body).toMatchObject({
      match: {
        matchId: 'price-spike@1:4:5:9',
        ruleId: 'price-spike',
        ruleVersion: 1,
        ruleSetHash: '9f86d081',
        shadow: true,
        type: 'PRICE_SPIKE',
        phase: 'FIRED',
        severity: 'warning',
        key: { exchange: 'binance', symbol: 'BTC-USDT' },
        at: toIso(at(5)),
        fields: { changeBps: 52.25, note: 'x', isFirst: false, z: null },
        inputs: { mean: 100.5 },
        evidence: [
          { stream: 'trade', partition: 4, offset: 4, at: toIso(at(4)), exchange: 'binance', symbol: 'BTC-USDT' },
          { stream: 'best', partition: 4, offset: 5, at: toIso(at(5)), symbol: 'BTC-USDT' },
        ],
        suppressed: 3,
        origin: { processor: 'market', version: 3, partition: 4, offset: 5, ordinal: 9 },
      },
    })
    // It never changes.
    const etag = response.headers.get('etag') ?? ''
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect((await get('/api/v1/matches/price-spike%401:4:5:9', { headers: { 'if-none-match': etag } })).status).toBe(
      304,
    )
    expect(await selectLatestMatch(rig.database.pool)).toBe(toIso(at(5)))
  })

  test('an unknown one is a 404, what is no id a 400', async () => {
    expect(await (await get('/api/v1/matches/price-spike@1:0:99:0')).json()).toMatchObject({
      status: 404,
      code: 'UNKNOWN_MATCH',
    })
    for (const id of ['price-spike', 'x@1:0:1', "x@1:0:1:0'", 'X@1:0:1:0'])
      expect((await get(`/api/v1/matches/${encodeURIComponent(id)}`)).status).toBe(400)
  })
})
