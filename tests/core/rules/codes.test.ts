import { describe, expect, test } from 'vitest'
import { readRule } from '../../../core/rules/read/read.ts'
import type { Rule } from '../../../core/rules/document.ts'
import { validateRule } from '../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../../../core/rules/validate/world.ts'
import { aggregate, patternRule, whenRule, without } from './documents.ts'

const STEP_A = { as: 'a', if: 'price > 1' }
const STEP_B = { as: 'b', if: 'price > 2' }
const NOT = { not: { if: 'price < 1' } }

function ruleOf(document: unknown): Rule {
  const read = readRule(document)
  if (!('rule' in read)) throw new TypeError(`no rule: ${JSON.stringify(read.diagnostics)}`)
  return read.rule
}

type Case = {
  readonly code: string
  readonly what: string
  readonly document: unknown
  readonly at: string
  /** The characters that the diagnostic points at. */
  readonly text?: string
  readonly says: RegExp
  readonly world?: Partial<World>
}

const score = { m: aggregate('mean', 'price'), s: aggregate('sd', 'price'), z: '(price - m) / s' }
const readsMatches = (id: string, type: string, emits: string) =>
  whenRule({ id, on: 'match', where: `type == '${type}'`, when: "severity == 'info'", emit: { type: emits } })

/** Each code with the example that stands beside it in the table of rules.md section 10. */
const CASES: readonly Case[] = [
  { code: 'E101', what: 'syntax', document: whenRule({ when: 'price >' }), at: '/when', says: /ends here.*expected/ },
  {
    code: 'E102',
    what: 'unknown name',
    document: whenRule({ when: 'pric > 1' }),
    at: '/when',
    text: 'pric',
    says: /did you mean `price`/,
  },
  {
    code: 'E102',
    what: 'a step alone',
    document: patternRule([STEP_A, { as: 'b', if: 'price > a' }]),
    at: '/pattern/steps/1/if',
    text: 'a',
    says: /`a` is a step.*`a\.price`/,
  },
  {
    code: 'E103',
    what: 'operand types',
    document: whenRule({ when: 'symbol > 3' }),
    at: '/when',
    text: 'symbol > 3',
    says: /`symbol` is a text/,
  },
  {
    code: 'E104',
    what: 'function',
    document: whenRule({ when: 'avg(price) > 1' }),
    at: '/when',
    text: 'avg',
    says: /no function `avg`.*`let`/,
  },
  {
    code: 'E105',
    what: 'result type',
    document: whenRule({ when: 'price' }),
    at: '/when',
    text: 'price',
    says: /condition.*is a number/,
  },
  {
    code: 'E106',
    what: '300 nodes',
    document: whenRule({ when: Array.from({ length: 100 }, () => 'price > 1').join(' && ') }),
    at: '/when',
    says: /256 parts/,
  },
  {
    code: 'E107',
    what: 'step 1 reads b.price',
    document: patternRule([{ as: 'a', if: 'b.price > 1' }, STEP_B]),
    at: '/pattern/steps/0/if',
    text: 'b.price',
    says: /`b` comes later/,
  },
  {
    code: 'E107',
    what: 'a step outside a pattern',
    document: whenRule({ when: 'a.price > 1' }),
    at: '/when',
    text: 'a.price',
    says: /only in a pattern/,
  },
  {
    code: 'E201',
    what: 'an unknown key',
    document: { ...without(whenRule(), 'when'), whenn: 'price > 1' },
    at: '/whenn',
    says: /means nothing in a rule \(did you mean `when`\?\)/,
  },
  { code: 'E201', what: 'a missing key', document: without(whenRule(), 'by'), at: '', says: /"by" is missing/ },
  { code: 'E201', what: 'a wrong type', document: whenRule({ version: 'one' }), at: '/version', says: /not "one"/ },
  {
    code: 'E202',
    what: 'both when and pattern',
    document: { ...patternRule([STEP_A]), when: 'price > 1' },
    at: '/pattern',
    says: /not both/,
  },
  { code: 'E202', what: 'neither', document: without(whenRule(), 'when'), at: '', says: /neither/ },
  {
    code: 'E203',
    what: 'asset on spread',
    document: whenRule({ on: 'spread', by: ['base'], when: 'z > 2' }),
    at: '/on',
    says: /no spread in the scope "asset"/,
  },
  {
    code: 'E203',
    what: 'a step on a stream that is not watched',
    document: patternRule([{ as: 'a', on: 'quote', if: 'bid > 1' }]),
    at: '/pattern/steps/0/on',
    says: /add quote to "on"/,
  },
  {
    code: 'E204',
    what: '`by` without its field',
    document: whenRule({ by: ['symbol', 'colour'] }),
    at: '/by/1',
    says: /"colour" is no text field of trade/,
  },
  {
    code: 'E204',
    what: '`by` a field that only one of the streams has: no suggestion',
    document: whenRule({ on: ['trade', 'candle'], by: ['symbol', 'interval'], when: 'has(symbol)' }),
    at: '/by/1',
    says: /"interval" is no text field of trade: the key of such a record would not be known\.$/,
  },
  {
    code: 'E204',
    what: 'let price',
    document: whenRule({ let: { price: 'size' } }),
    at: '/let/price',
    says: /field of trade already/,
  },
  {
    code: 'E204',
    what: 'two steps of one name',
    document: patternRule([STEP_A, STEP_A]),
    at: '/pattern/steps/1/as',
    says: /something else already/,
  },
  {
    code: 'E205',
    what: 'asset by exchange',
    document: whenRule({ by: ['exchange'] }),
    at: '/by',
    says: /"base" or "symbol"/,
  },
  {
    code: 'E206',
    what: 'a = b + 1, b = a',
    document: whenRule({ let: { a: 'b + 1', b: 'a' }, when: 'a > 1' }),
    at: '/let/b',
    text: 'a',
    says: /a → b → a/,
  },
  {
    code: 'E207',
    what: 'A reads B, B reads A',
    document: readsMatches('a', 'Y', 'X'),
    at: '/on',
    says: /a → b → a/,
    world: { others: [ruleOf(readsMatches('b', 'X', 'Y'))] },
  },
  {
    code: 'E207',
    what: 'a rule that reads itself',
    document: readsMatches('a', 'X', 'X'),
    at: '/on',
    says: /its own matches/,
  },
  {
    code: 'E208',
    what: 'same version, other content',
    document: whenRule({ when: 'price > 2' }),
    at: '/version',
    says: /make this version 2/,
    world: { versions: [ruleOf(whenRule())] },
  },
  {
    code: 'E208',
    what: 'a version that is not new',
    document: whenRule({ version: 2 }),
    at: '/version',
    says: /make it 4/,
    world: { versions: [ruleOf(whenRule({ version: 3 }))] },
  },
  {
    code: 'E208',
    what: 'keep with another condition',
    document: whenRule({ version: 2, when: 'price > 2', onUpdate: 'keep' }),
    at: '/onUpdate',
    says: /"when" differs/,
    world: { active: ruleOf(whenRule()) },
  },
  {
    code: 'E301',
    what: '["10m","7s"]',
    document: whenRule({ let: { m: aggregate('mean', 'price', { over: { hopping: ['10m', '7s'] } }) }, when: 'm > 1' }),
    at: '/let/m/over/hopping/1',
    says: /^7s does not divide 10m\.$/,
  },
  {
    code: 'E301',
    what: 'a window below 32 ms',
    document: whenRule({ let: { m: aggregate('mean', 'price', { over: { sliding: '31ms' } }) }, when: 'm > 1' }),
    at: '/let/m/over/sliding',
    says: /32ms to 24h/,
  },
  {
    code: 'E302',
    what: 'corr of one',
    document: whenRule({ let: { m: aggregate('corr', 'price') }, when: 'm > 1' }),
    at: '/let/m/of',
    says: /^Corr is of two expressions/,
  },
  {
    code: 'E302',
    what: 'mean of a text',
    document: whenRule({ let: { m: aggregate('mean', 'symbol') }, when: 'm > 1' }),
    at: '/let/m/of',
    says: /this is a text/,
  },
  {
    code: 'E303',
    what: 'quantile 1.5',
    document: whenRule({ let: { m: aggregate('quantile', 'price', { arg: 1.5 }) }, when: 'm > 1' }),
    at: '/let/m/arg',
    says: /from 0 to 1, not 1.5/,
  },
  {
    code: 'E303',
    what: 'ema 0',
    document: whenRule({ let: { m: aggregate('ema', 'price', { arg: 0 }) }, when: 'm > 1' }),
    at: '/let/m/arg',
    says: /above 0/,
  },
  {
    code: 'E304',
    what: '{"count":50} on trade',
    document: whenRule({ let: { m: aggregate('mean', 'price', { over: { count: 50 } }) }, when: 'm > 1' }),
    at: '/let/m/over/count',
    says: /not bounded in time/,
  },
  {
    code: 'E401',
    what: 'every step optional',
    document: patternRule([{ ...STEP_A, optional: true }]),
    at: '/pattern/steps',
    says: /nothing at all would match/,
  },
  {
    code: 'E402',
    what: '2h with renew 1h',
    document: patternRule([STEP_A], { within: '2h' }),
    at: '/pattern/within',
    says: /"renew": "6h"/,
  },
  {
    code: 'E402',
    what: 'no within',
    document: { ...whenRule(), ...without(patternRule([]), 'when'), pattern: { steps: [STEP_A] } },
    at: '/pattern',
    says: /"within" is missing/,
  },
  { code: 'E403', what: 'not, a', document: patternRule([NOT, STEP_A]), at: '/pattern/steps/0', says: /comes first/ },
  {
    code: 'E403',
    what: 'not after an optional step',
    document: patternRule([STEP_A, { ...STEP_B, optional: true }, NOT, { as: 'c', if: 'price > 3' }]),
    at: '/pattern/steps/2',
    says: /after an optional step/,
  },
  {
    code: 'E404',
    what: 'a+, not b',
    document: patternRule([
      { ...STEP_A, times: [1, null] },
      { ...NOT, for: '5s' },
    ]),
    at: '/pattern/steps/1',
    says: /a fixed number of times/,
  },
  { code: 'E404', what: 'no for', document: patternRule([STEP_A, NOT]), at: '/pattern/steps/1', says: /needs "for"/ },
  {
    code: 'E404',
    what: 'for > within',
    document: patternRule([STEP_A, { ...NOT, for: '11s' }]),
    at: '/pattern/steps/1/for',
    says: /longer than the pattern may last/,
  },
  {
    code: 'E405',
    what: 'a, b+ greedy',
    document: patternRule([STEP_A, { ...STEP_B, times: [1, null], greedy: true }]),
    at: '/pattern/steps/1/greedy',
    says: /Leave out "greedy"/,
  },
  {
    code: 'E405',
    what: "greedy with 'any'",
    document: patternRule([{ ...STEP_A, times: [1, null], greedy: true, follow: 'any' }, STEP_B]),
    at: '/pattern/steps/0/greedy',
    says: /only one of them/,
  },
  {
    code: 'E406',
    what: "toLast 'zz'",
    document: patternRule([STEP_A, STEP_B], { skip: { toLast: 'zz' } }),
    at: '/pattern/skip/toLast',
    says: /its steps are a, b/,
  },
  {
    code: 'E407',
    what: 'price > 2 && price < 1',
    document: patternRule([{ as: 'a', if: 'price > 2 && price < 1' }]),
    at: '/pattern/steps/0/if',
    text: 'price < 1',
    says: /can never hold/,
  },
  ...['[3,2]', '0', '5000'].map((times) => ({
    code: 'E408',
    what: times,
    document: patternRule([{ ...STEP_A, times: JSON.parse(times) }, STEP_B]),
    at: '/pattern/steps/0/times',
    says: /1 to 4096 times/,
  })),
  {
    code: 'E501',
    what: 'hold with pattern',
    document: patternRule([STEP_A], {}, { hold: '5s' }),
    at: '/hold',
    says: /with "when"/,
  },
  {
    code: 'E501',
    what: 'release with every',
    document: whenRule({ edge: 'every', release: { after: '5s' } }),
    at: '/release',
    says: /nothing to release/,
  },
  {
    code: 'E502',
    what: '[10,"7m"]',
    document: whenRule({ cooldown: { for: '10s', max: [10, '7m'] } }),
    at: '/cooldown/max/1',
    says: /7m does not divide/,
  },
  {
    code: 'E502',
    what: 'hold of 1h with renew 1h',
    document: whenRule({ hold: '1h', renew: '1h' }),
    at: '/hold',
    says: /would not fire again/,
  },
  {
    code: 'E601',
    what: 'sd of quotes over 24h',
    document: whenRule({
      on: 'quote',
      renew: '15m',
      let: { s: aggregate('sd', 'mid', { over: { sliding: '24h' } }) },
      when: 's > 1',
    }),
    at: '',
    says: /the limit is 64 MiB/,
  },
  {
    code: 'E602',
    what: 'ema over 2,000 candles of 1m',
    document: whenRule({
      on: 'candle',
      where: "interval == '1m'",
      let: { e: aggregate('ema', 'close', { arg: 9, over: { count: 2000 } }) },
      when: 'e > 1',
    }),
    at: '',
    says: /the limit is 25h/,
  },
  {
    code: 'E701',
    what: 'a test fails',
    document: whenRule(),
    at: '/tests/0',
    says: /"nothing" expects no match, but got FIRED at 5s/,
    world: { runTests: () => [{ test: 0, expected: 'no match', got: 'FIRED at 5s' }] },
  },
  {
    code: 'W801',
    what: '(price - m) / s',
    document: whenRule({ let: score, when: 's > 0 && z > 1' }),
    at: '/let/z',
    text: '(price - m) / s',
    says: /"lag": 1/,
  },
  {
    // (18 - 1) / sqrt(18) = 4.007, (17 - 1) / sqrt(17) = 3.881
    code: 'W802',
    what: 'abs(price - m) > 4 * s, n >= 10',
    document: whenRule({
      let: { m: score.m, s: score.s, n: { agg: 'count', over: { sliding: '10s' } } },
      when: 'n >= 10 && abs(price - m) > 4 * s',
    }),
    at: '/when',
    text: 'abs(price - m) > 4 * s',
    says: /at most 2.85.*at least 18 values/,
  },
  {
    code: 'W803',
    what: 'a / b > 2',
    document: whenRule({ let: { a: aggregate('sd', 'price'), b: aggregate('sd', 'size') }, when: 'a / b > 2' }),
    at: '/when',
    text: 'a / b',
    says: /`b > 0 && …`/,
  },
  {
    code: 'W804',
    what: 'spreadBps > -1e9',
    document: whenRule({ on: 'quote', when: 'spreadBps > -1e9' }),
    at: '/when',
    text: 'spreadBps > -1e9',
    says: /always true/,
  },
  {
    code: 'W804',
    what: 'a text that no field can be',
    document: whenRule({ on: 'candle', when: "interval == '5m'" }),
    at: '/when',
    text: "interval == '5m'",
    says: /always false/,
  },
  {
    code: 'W805',
    what: 'cool-down < hold',
    document: whenRule({ hold: '10s', cooldown: { for: '5s' } }),
    at: '/cooldown/for',
    says: /longer than "hold"/,
  },
  {
    code: 'W805',
    what: 'toFirst of the first step',
    document: patternRule([STEP_A, STEP_B], { skip: { toFirst: 'a' } }),
    at: '/pattern/skip/toFirst',
    says: /drops nothing/,
  },
  { code: 'W806', what: 'no test', document: without(whenRule(), 'tests'), at: '', says: /no tests/ },
  {
    code: 'W806',
    what: 'no test that must not fire',
    document: whenRule({ tests: [{ name: 'fires', given: [], expect: [{}] }] }),
    at: '/tests',
    says: /must not fire/,
  },
  {
    code: 'W807',
    what: 'a let that nothing asks for',
    document: whenRule({ let: { spare: 'price * 2', used: 'price * 3' }, when: 'used > 1' }),
    at: '/let/spare',
    says: /Nothing asks for "spare"/,
  },
  {
    code: 'W808',
    what: 'an alert of each record',
    document: whenRule({ edge: 'every', emit: { type: 'X', alert: true } }),
    at: '/emit/alert',
    says: /alert of its own/,
  },
]

const verdictOn = (document: unknown, world: Partial<World> = {}) =>
  validateRule(document, { ...EMPTY_WORLD, ...world })

describe('codes of rules.md section 10', () => {
  test.each(CASES)('$code: $what', ({ code, document, at, text, says, world }) => {
    const { diagnostics } = verdictOn(document, world)
    expect(diagnostics.map((one) => one.code)).toEqual([code])
    const [only] = diagnostics
    expect(only?.pointer).toBe(at)
    expect(only?.message).toMatch(says)
    expect(only?.message).toMatch(/^.*[.?`]$/)
    const place = at.split('/').slice(1)
    const written = place.reduce<unknown>(
      (value, name) => Object.entries(Object(value)).find(([one]) => one === name)?.[1],
      document,
    )
    const pointed = typeof written === 'string' ? written.slice(only?.from, only?.to) : undefined
    expect(text === undefined ? undefined : pointed).toBe(text)
  })

  test('a rule that is right in all has none, and is bounded', () => {
    const { diagnostics, bound } = verdictOn(whenRule())
    expect(diagnostics).toEqual([])
    expect(bound).toBeDefined()
  })
})

describe('all at once', () => {
  test('what is wrong with the shape hides nothing else', () => {
    const { diagnostics } = verdictOn(whenRule({ version: 'one', tags: 3, when: 'pric > 1', by: ['exchange'] }))
    expect(diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'E201 /version',
      'E201 /tags',
      'E205 /by',
      'E102 /when',
    ])
  })

  test('a wrong definition is told once, not wherever its name is used', () => {
    const { diagnostics } = verdictOn(
      whenRule({
        let: { m: aggregate('mean', 'symbol'), z: 'price - m' },
        when: 'z > 1 && m > 2',
        emit: { type: 'X', fields: { z: 'z' } },
      }),
    )
    expect(diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(['E302 /let/m/of'])
  })

  test('names are not unknown because what gives them has the wrong shape', () => {
    const lets = { m: { agg: 'men', of: 'price', over: { sliding: '10s' } } }
    expect(
      verdictOn(whenRule({ let: lets, when: 'price > m' })).diagnostics.map(
        ({ code, pointer }) => `${code} ${pointer}`,
      ),
    ).toEqual(['E201 /let/m/agg'])
    const misspelt = { ...whenRule({ when: 'price > m' }), lett: { m: '1' } }
    expect(verdictOn(misspelt).diagnostics.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(['E201 /lett'])
  })

  test('errors stand before warnings', () => {
    const { diagnostics } = verdictOn(without(whenRule({ when: 'price > 0 && pric > 1' }), 'tests'))
    expect(diagnostics.map(({ code }) => code)).toEqual(['E102', 'W806'])
  })

  test('tests of a rule that is wrong are not run', () => {
    let runs = 0
    const runTests = () => {
      runs++
      return []
    }
    verdictOn(whenRule({ when: 'pric > 1' }), { runTests })
    expect(runs).toBe(0)
    verdictOn(whenRule(), { runTests })
    expect(runs).toBe(1)
  })
})
