import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { DOCUMENTS, problem } from '../../api/documents.ts'
import { LOCAL } from '../../api/access.ts'
import type { Rule } from '../../core/rules/document.ts'
import { toIso, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { ruleOf } from '../support/rules.ts'

const KEY = 'a-key-that-may-write-01234567'
const RULES = '/api/v1/rules'
const symbol = 'BTC-USD'

let rig: ApiRig
/** Before the first trade, after the last one. */
let [began, ended]: [Micros, Micros] = [now(), now()]

beforeAll(async () => {
  rig = await startApiRig({ access: { ...LOCAL, localKeyHash: createHash('sha256').update(KEY).digest('hex') } })
  const kraken = rig.mouth('kraken')
  // Of the same asset, so in the same partition.
  const other = { kind: 'trade', id: '9', side: 'BUY', price: 500, size: 1 } as const
  began = now()
  for (const [at, price] of [100, 101, 102, 99.5].entries())
    await kraken.say(symbol, { kind: 'trade', id: String(at), side: 'BUY', price, size: 1 })
  await kraken.say('BTC-USDT', other)
  await kraken.beat()
  ended = now()
})
afterAll(() => rig.stop())

async function send(method: string, path: string, body?: unknown) {
  const response = await fetch(`${rig.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${KEY}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  return { status: response.status, body: answer }
}
const dear = (id: string, rest: Partial<Rule> = {}): Rule =>
  ruleOf(id, 1, 1, { on: 'trade', when: 'price > 101.5', ...rest })
const tried = async (body: unknown, path = `${RULES}/test`) => {
  const told = await send('POST', path, body)
  if (told.status !== 200) throw new Error(JSON.stringify(told.body))
  return DOCUMENTS.ruleTest.parse(told.body)
}

describe('a document is tried', () => {
  test('on what the log holds, by the steps of market: matches, and what was missing where it did not fire', async () => {
    const range = { symbol, from: toIso(began), to: toIso(ended) }
    const { explanation, range: read } = await tried({ rule: dear('dear'), range })
    expect(explanation?.matches.map(({ phase, key, feed }) => ({ phase, key, feed }))).toEqual([
      { phase: 'FIRED', key: { symbol }, feed: expect.any(String) },
    ])
    // 101 came nearest: (101 - 101.5) / 101.5
    expect(explanation?.misses[0]?.lacks).toEqual([
      { pointer: '/when', from: 0, to: 13, text: 'price > 101.5', left: 101, right: 101.5, margin: -0.5 / 101.5 },
    ])
    expect([explanation?.events, explanation?.passed, read?.isCut, read?.reaches]).toEqual([4, 4, false, true])
  })

  test('on all symbols of an asset', async () => {
    const range = { base: 'btc', from: toIso(began), to: toIso(ended) }
    const { explanation } = await tried({ rule: dear('dear'), range })
    expect(explanation?.matches.map(({ key }) => key)).toEqual([{ symbol }, { symbol: 'BTC-USDT' }])
    expect(explanation?.events).toBe(5)
  })

  test('a range begins where it says: what is before only fills windows', async () => {
    const rule = dear('counted', { let: { n: { agg: 'count', over: { sliding: '10m' } } }, when: 'n >= 4' })
    const { explanation } = await tried({ rule, range: { base: 'BTC', from: toIso(ended), to: toIso(now()) } })
    expect([explanation?.matches, explanation?.events]).toEqual([[], 0])
  })

  test('on records made up', async () => {
    const given = [{ at: '1s', stream: 'trade', set: { symbol, price: '=100 + i' }, repeat: 3, every: '1s' }]
    const { explanation } = await tried({ rule: dear('dear'), given })
    expect(explanation?.matches.map(({ at }) => at)).toEqual(['2024-01-01T00:00:03.000000Z'])
    expect(explanation?.coverage.conditions.map(({ text, isTrue, isFalse }) => [text, isTrue, isFalse])).toEqual([
      ['price > 101.5', true, true],
    ])
  })

  test('a pattern tells how far it got, a hold how long it lasted, a cool-down what it held back', async () => {
    const steps = [
      { as: 'a', if: 'price > 100' },
      { as: 'b', if: 'price > 2 * a.price' },
    ]
    const rest = { ...dear('stepped'), when: undefined }
    const trades = (...prices: readonly (number | null)[]) =>
      prices.map((price, at) => ({ at: `${at}s`, stream: 'trade', set: { symbol, price } }))
    const stepped = await tried({ rule: { ...rest, pattern: { within: '10s', steps } }, given: trades(101, 110) })
    expect(
      stepped.explanation?.patterns.map(({ waitedFor, why, nearest }) => [waitedFor, why, nearest?.at]),
    ).toContainEqual(['b', 'within', '2024-01-01T00:00:01.000000Z'])
    const held = dear('held', { hold: '3s', cooldown: { for: '1h' } })
    const kept = await tried({ rule: held, given: trades(102, 99, null, 102, 102, 102, 102, 99, 102, 102, 102, 102) })
    expect(kept.explanation).toMatchObject({
      matches: [{ phase: 'FIRED', at: '2024-01-01T00:00:06.000000Z' }],
      holds: [{ from: '2024-01-01T00:00:00.000000Z', lastedMicros: 1_000_000, wantedMicros: 3_000_000, isOpen: false }],
      absent: [{ pointer: '/when', reason: 'this trade has no `price`', times: 1 }],
      heldBack: [{ key: { symbol }, times: 1, until: '2024-01-01T01:00:06.000000Z' }],
    })
  })

  test('by its own tests, if nothing else is given', async () => {
    const trade = { at: '1s', stream: 'trade', set: { symbol, price: 102 } } as const
    const tests = [
      { name: 'fires', given: [trade], expect: [{ at: '1s' }] },
      { name: 'does not', given: [trade], expect: [] },
    ]
    const told = await tried({ rule: dear('dear', { tests }) })
    expect(told.tests?.tests.map(({ name, passed, expected, got }) => ({ name, passed, expected, got }))).toEqual([
      { name: 'fires', passed: true, expected: undefined, got: undefined },
      { name: 'does not', passed: false, expected: 'no match', got: 'FIRED spread at 1s' },
    ])
  })

  test.each<readonly [string, unknown, number, string]>([
    ['a rule with errors', { rule: dear('dear', { when: 'pric > 1' }) }, 422, 'INVALID_RULE'],
    [
      'a range of more than an hour',
      { rule: dear('dear'), range: { symbol, from: '2026-01-01T00:00:00Z', to: '2026-01-01T02:00:00Z' } },
      400,
      'BAD_PARAMETER',
    ],
    ['a range of no asset', { rule: dear('dear'), range: {} }, 400, 'BAD_PARAMETER'],
    [
      'a field that there is not',
      { rule: dear('dear'), given: [{ at: '1s', stream: 'trade', set: { pric: 1 } }] },
      400,
      'BAD_PARAMETER',
    ],
    [
      'a range for a rule that does not run on it',
      { rule: dear('dear', { scope: 'exchange', by: ['exchange'] }), range: { symbol } },
      400,
      'BAD_PARAMETER',
    ],
    ['both', { rule: dear('dear'), given: [], range: { symbol } }, 400, 'BAD_PARAMETER'],
  ])('%s is refused', async (_, body, status, code) => {
    const told = await send('POST', `${RULES}/test`, body)
    expect([told.status, problem.parse(told.body).code]).toEqual([status, code])
  })
})

test('one rule at a time is tried for each', async () => {
  const given = [{ at: '1s', stream: 'trade', set: { symbol, price: 1 } }]
  const all = await Promise.all([1, 2, 3].map(() => send('POST', `${RULES}/test`, { rule: dear('dear'), given })))
  expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 429, 429])
})

describe('a rule that is stored', () => {
  beforeAll(async () => {
    const trade = { at: '1s', stream: 'trade', set: { symbol, price: 103 } } as const
    const tests = [
      { name: 'fires', given: [trade], expect: [{}] },
      { name: 'does not', given: [], expect: [] },
    ]
    const told = await send('POST', RULES, dear('stored', { when: 'price > 102.5', tests }))
    if (told.status !== 201) throw new Error(JSON.stringify(told.body))
  })

  test('is tried by its id', async () => {
    const told = await tried({}, `${RULES}/stored/test`)
    expect(told.tests?.tests.map(({ passed }) => passed)).toEqual([true, true])
    expect(told).toMatchObject({ ruleId: 'stored', ruleVersion: 1 })
  })

  test('says why it did not fire for a key', async () => {
    const { status, body } = await send('GET', `${RULES}/stored/why-not?key=symbol:${symbol}&at=${toIso(ended)}`)
    expect(status).toBe(200)
    const { explanation } = DOCUMENTS.whyNot.parse(body)
    expect(explanation?.matches).toEqual([])
    // 102 came nearest.
    expect(explanation?.misses[0]?.lacks.map(({ left, right }) => [left, right])).toEqual([[102, 102.5]])
  })

  test('a key of other fields, and a rule that there is not, are refused', async () => {
    const strange = await send('GET', `${RULES}/stored/why-not?key=exchange:kraken`)
    const unknown = await send('GET', `${RULES}/none/why-not?key=symbol:${symbol}`)
    expect([strange, unknown].map(({ status, body }) => [status, problem.parse(body).code])).toEqual([
      [400, 'BAD_PARAMETER'],
      [404, 'UNKNOWN_RULE'],
    ])
  })

  test('whose tests fail cannot be activated', async () => {
    const trade = { at: '1s', stream: 'trade', set: { symbol, price: 103 } } as const
    const told = await send('POST', RULES, dear('failing', { tests: [{ name: 'x', given: [trade], expect: [] }] }))
    expect(told.status).toBe(422)
    expect(problem.parse(told.body).diagnostics?.map(({ code, pointer }) => [code, pointer])).toContainEqual([
      'E701',
      '/tests/0',
    ])
  })
})
