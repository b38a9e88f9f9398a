import { describe, expect, test } from 'vitest'
import type { Rule, RuleTest } from '../../../../core/rules/document.ts'

import { holesOf } from '../../../../core/rules/testing/coverage.ts'
import { failedTests, testRule } from '../../../../core/rules/testing/test-rule.ts'
import { validateRule } from '../../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD } from '../../../../core/rules/validate/world.ts'
import { rule } from '../engine/rig.ts'

type Given = RuleTest['given'][number]
type Body = Omit<RuleTest, 'name'>

const ABOVE: Partial<Rule> = { when: 'price > 100' }
const symbol = 'BTC-USDT'
const trade = (at: string, set: Given['set'], more: Partial<Given> = {}): Given => ({
  at,
  stream: 'trade',
  set: { symbol, ...set },
  ...more,
})

const tested = (more: Partial<Rule>, ...tests: readonly Body[]) =>
  testRule(rule({ id: 'r', ...more, tests: tests.map((one, at) => ({ name: `test ${at}`, ...one })) }))
/** What became of one test: 'passed', or the two halves of the sentence. */
const outcome = (more: Partial<Rule>, one: Body): string => {
  const [result] = tested(more, one).tests
  return result?.failure === undefined ? 'passed' : `${result.failure.expected} | ${result.failure.got}`
}

describe('what is expected', () => {
  const given = [trade('0s', { price: 99 }), trade('1500ms', { price: 101 })]

  test('a rule that fires as it says passes', () => {
    const fired = { at: '1500ms', type: 'R', phase: 'FIRED', severity: 'info', key: { symbol } } as const
    expect(outcome(ABOVE, { given, expect: [fired] })).toBe('passed')
  })

  test('what an expectation does not name is not compared', () => {
    expect(outcome(ABOVE, { given, expect: [{}] })).toBe('passed')
  })

  test('a match more, a match less and another match are told', () => {
    expect(outcome(ABOVE, { given, expect: [] })).toBe('no match | FIRED R at 1.5s')
    expect(outcome(ABOVE, { given, expect: [{}, { at: '2s', phase: 'FIRED' }] })).toBe('FIRED at 2s | one match only')
    expect(outcome({ ...ABOVE, edge: 'every' }, { given: [...given, trade('2s', { price: 102 })], expect: [{}] })).toBe(
      'one match only | also FIRED R at 2s',
    )
    expect(outcome(ABOVE, { given, expect: [{ at: '1s', severity: 'critical' }] })).toBe(
      'time "1s", severity "critical" of the match at 1.5s | time "1.5s", severity "info"',
    )
  })

  test('the order of matches counts', () => {
    const every: Partial<Rule> = { ...ABOVE, edge: 'every', emit: { type: 'R', fields: { price: 'price' } } }
    const both = [trade('0s', { price: 101 }), trade('1s', { price: 102 })]
    expect(outcome(every, { given: both, expect: [{ fields: { price: 101 } }, { fields: { price: 102 } }] })).toBe(
      'passed',
    )
    expect(outcome(every, { given: both, expect: [{ fields: { price: 102 } }, { fields: { price: 101 } }] })).toBe(
      'field price 102 of the match at 0s | field price 101',
    )
  })

  test.each([
    [3.3333333333, 'passed'],
    [3.33333333, 'field x 3.33333333 of the match at 1.5s | field x 3.3333333333333335'],
    ['=10 / 3', 'passed'],
    [null, 'field x null of the match at 1.5s | field x 3.3333333333333335'],
  ])('numbers are the same within 1e-9 of their size: %j', (x, told) => {
    const thirds: Partial<Rule> = { ...ABOVE, emit: { type: 'R', fields: { x: '10 / 3' } } }
    expect(outcome(thirds, { given, expect: [{ fields: { x } }] })).toBe(told)
  })

  test('what is absent is expected as null', () => {
    const absent: Partial<Rule> = { ...ABOVE, emit: { type: 'R', fields: { x: 'price / 0' } } }
    expect(outcome(absent, { given, expect: [{ fields: { x: null } }] })).toBe('passed')
  })
})

describe('what is given', () => {
  test('a repeat counts i from 0 on, and steps by every', () => {
    const given = [trade('1s', { price: '=99 + i' }, { repeat: 4, every: '500ms' })]
    const every: Partial<Rule> = { ...ABOVE, edge: 'every', emit: { type: 'R', fields: { price: 'price' } } }
    expect(outcome(every, { given, expect: [{ at: '2s', fields: { price: 101 } }, { at: '2500ms' }] })).toBe('passed')
  })

  test('records come by time, of one time as they are written', () => {
    const given = [trade('2s', { price: 101 }), trade('1s', { price: 102 }), trade('1s', { price: 103 })]
    const every: Partial<Rule> = { ...ABOVE, edge: 'every', emit: { type: 'R', fields: { price: 'price' } } }
    expect(tested(every, { given, expect: [] }).tests[0]?.matches.map(({ fields }) => fields['price'])).toEqual([
      102, 103, 101,
    ])
  })

  test('what is not set is absent, but for what follows from the symbol and the clock', () => {
    const told = tested(
      {
        when: 'price > 100',
        emit: {
          type: 'R',
          fields: {
            base: 'base',
            quote: 'quoteAsset',
            side: 'side',
            exchange: 'exchange',
            isNow: 'eventTime == clock() && receiveTime == clock()',
          },
        },
      },
      { given: [trade('1s', { price: 101 })], expect: [] },
    )
    expect(told.tests[0]?.matches[0]?.fields).toEqual({
      base: 'BTC',
      quote: 'USDT',
      side: null,
      exchange: null,
      isNow: true,
    })
  })

  test('a time is microseconds, or a length since the clock started', () => {
    const told = tested(
      { when: 'price > 0', edge: 'every', emit: { type: 'R', fields: { ago: 'seconds(clock() - eventTime)' } } },
      {
        given: [
          trade('90s', { price: 1, eventTime: '1m' }),
          trade('90s', { price: 1, eventTime: Date.UTC(2024, 0, 1) * 1000 + 2_000_000 }),
        ],
        expect: [],
      },
    )
    expect(told.tests[0]?.matches.map(({ fields }) => fields)).toEqual([{ ago: 30 }, { ago: 88 }])
  })

  test('a candle is of the last whole interval, and its return follows from the one before', () => {
    const candle = (at: string, close: number): Given => ({
      at,
      stream: 'candle',
      set: { symbol, exchange: 'kraken', interval: '1m', close },
    })
    const told = tested(
      {
        on: 'candle',
        when: 'close > 0',
        edge: 'every',
        emit: { type: 'R', fields: { open: 'seconds(clock() - openTime)', r: 'logReturn' } },
      },
      // The fourth does not follow the third: a minute without trades has no candle.
      { given: [candle('60s', 100), candle('121s', 110), candle('180s', 99), candle('300s', 99)], expect: [] },
    )
    // ln 1.1 and ln 0.9 of a table.
    expect(told.tests[0]?.matches.map(({ fields }) => fields)).toEqual([
      { open: 60, r: null },
      { open: 61, r: expect.closeTo(0.0953101798, 9) },
      { open: 60, r: expect.closeTo(-0.1053605157, 9) },
      { open: 60, r: null },
    ])
  })

  test.each<readonly [Given, string]>([
    [
      trade('0s', { pric: 1 }),
      'fields of the stream trade: `pric` is none (did you mean `price`?) | something else at /given/0/set/pric',
    ],
    [
      trade('0s', { notional: 1 }),
      '`notional` to follow from other fields: set those | something else at /given/0/set/notional',
    ],
    [trade('0s', { price: '1' }), '`price` to be a number, not "1" | something else at /given/0/set/price'],
    [
      trade('0s', { price: '=j' }),
      '`j` means nothing in a test: there is only `i`, which counts repeats. | something else at /given/0/set/price',
    ],
    [
      trade('0s', { price: 1 }, { repeat: 50_000, every: '4s' }),
      'records of at most 48 h | something else at /given/0',
    ],
  ])('what means nothing fails the test: %j', (one, told) => {
    expect(outcome(ABOVE, { given: [one], expect: [] })).toMatch(
      new RegExp(`^${told.replaceAll(/[.*+?^${}()|[\]\\`]/g, String.raw`\$&`)}$`, 'i'),
    )
  })

  test('more records than someone can wait for are refused, in one test and in all', () => {
    const many = trade('0s', { price: 1 }, { repeat: 50_000 })
    expect(outcome(ABOVE, { given: [many, trade('1s', { price: 1 })], expect: [] })).toBe(
      'at most 50000 records, but these are 50001 | something else at /given',
    )
    const half = { given: [trade('0s', { price: 1 }, { repeat: 25_001 })], expect: [] }
    expect(tested(ABOVE, half, half).tests.map(({ failure }) => failure)).toEqual([
      undefined,
      { expected: 'at most 50000 records in all tests together', got: 'more' },
    ])
  })

  test('a pattern with many partials may be given fewer', () => {
    const steps = [{ as: 'a', if: 'price > 100' }]
    const pattern = { within: '10s', maxPartials: 4000, steps }
    expect(outcome({ pattern }, { given: [trade('0s', { price: 1 }, { repeat: 5001 })], expect: [] })).toBe(
      'at most 5000 records in all tests together | more',
    )
  })
})

describe('after the last record', () => {
  const silent: Partial<Rule> = {
    pattern: {
      within: '10s',
      steps: [
        { as: 'x', if: "exchange == 'binance'" },
        { not: { if: "exchange == 'binance'" }, for: '5s' },
      ],
    },
  }
  const binance = trade('1s', { exchange: 'binance' })

  test('a hold that the clock meets comes out', () => {
    const given = [trade('1s', { price: 101 })]
    expect(outcome({ ...ABOVE, hold: '5s' }, { given, expect: [{ at: '6s' }] })).toBe('passed')
    expect(outcome({ ...ABOVE, hold: '5s' }, { given, until: '5999ms', expect: [] })).toBe('passed')
  })

  test('a release comes out', () => {
    const given = [trade('1s', { price: 101 }), trade('2s', { price: 99 })]
    const expected = [{ at: '1s' }, { at: '5s', phase: 'RESOLVED' }]
    expect(outcome({ ...ABOVE, release: { after: '3s' } }, { given, expect: expected })).toBe('passed')
  })

  test('an absence comes out, unless the test ends before', () => {
    expect(outcome(silent, { given: [binance], expect: [{ at: '6s' }] })).toBe('passed')
    expect(outcome(silent, { given: [binance], until: '5s', expect: [] })).toBe('passed')
  })

  test('until is at least the last record', () => {
    expect(outcome(ABOVE, { given: [trade('3s', { price: 101 })], until: '1s', expect: [{ at: '3s' }] })).toBe('passed')
  })

  test('a partial that runs out of time comes out', () => {
    const pattern = {
      within: '10s',
      onTimeout: true,
      steps: [
        { as: 'a', if: 'price > 100' },
        { as: 'b', if: 'price > 200' },
      ],
    }
    const given = [trade('1s', { price: 101 })]
    expect(outcome({ pattern }, { given, expect: [{ at: '11s', phase: 'TIMEOUT' }] })).toBe('passed')
  })

  test('no renewal comes, as it does among the records', () => {
    const lasting: Partial<Rule> = { ...ABOVE, renew: '15m', release: { after: '5s' } }
    const at = [trade('899s', { price: 101 })]
    expect(outcome(lasting, { given: at, expect: [{ at: '899s' }] })).toBe('passed')
    expect(
      outcome(lasting, {
        given: [...at, trade('901s', { price: 101 })],
        expect: [{ at: '899s' }, { at: '900s', phase: 'RESOLVED' }, { at: '901s', phase: 'FIRED' }],
      }),
    ).toBe('passed')
  })

  test('a hold that began before a renewal is met after it', () => {
    const given = [trade('898s', { price: 101 })]
    expect(outcome({ ...ABOVE, renew: '15m', hold: '5s' }, { given, expect: [{ at: '903s' }] })).toBe('passed')
  })
})

test('a rule speaks from the first record on, also one that is not enabled', () => {
  const averaged: Partial<Rule> = {
    enabled: false,
    let: { m: { agg: 'mean', of: 'price', over: { sliding: '1h' } } },
    when: 'm > 100',
  }
  expect(outcome(averaged, { given: [trade('0s', { price: 101 })], expect: [{ at: '0s' }] })).toBe('passed')
})

test('tests know nothing of each other', () => {
  const counted: Partial<Rule> = { let: { n: { agg: 'count', over: { sliding: '1h' } } }, when: 'n >= 2' }
  const one = { given: [trade('0s', { price: 101 })], expect: [] }
  expect(tested(counted, one, one).tests.map(({ failure }) => failure)).toEqual([undefined, undefined])
})

describe('coverage', () => {
  const both: Partial<Rule> = { when: "price > 100 && side == 'BUY'", where: 'size > 1' }
  const holes = (more: Partial<Rule>, ...given: readonly Given[]) => {
    const { conditions, steps } = holesOf(tested(more, { given, expect: [] }).coverage)
    return [
      ...conditions.map(({ text, isTrue, isFalse }) => `${text}${isTrue ? '' : ' true'}${isFalse ? '' : ' false'}`),
      ...steps.map(({ name }) => name),
    ]
  }

  test('each part of a condition is to be seen true and false, also where it decides nothing', () => {
    expect(holes(both, trade('0s', { price: 99, side: 'BUY', size: 2 }))).toEqual([
      'size > 1 false',
      "price > 100 && side == 'BUY' true",
      'price > 100 true',
      "side == 'BUY' false",
    ])
    expect(
      holes(
        both,
        trade('0s', { price: 99, side: 'SELL', size: 2 }),
        trade('1s', { price: 101, side: 'BUY', size: 2 }),
        trade('2s', { price: 101, side: 'BUY', size: 1 }),
      ),
    ).toEqual([])
  })

  test('what is absent is neither', () => {
    expect(holes({ when: 'price > 100' }, trade('0s', {}))).toEqual(['price > 100 true false'])
  })

  test('conditions of aggregates count', () => {
    const bought: Partial<Rule> = {
      let: { n: { agg: 'sum', of: "side == 'BUY' ? size : -size", where: 'size > 1', over: { sliding: '1h' } } },
      when: 'n > 0',
    }
    expect(holes(bought, trade('0s', { side: 'BUY', size: 2 }))).toEqual([
      "side == 'BUY' false",
      'size > 1 false',
      'n > 0 false',
    ])
    expect(holes(bought, trade('0s', { side: 'SELL', size: 1 }), trade('1s', { side: 'SELL', size: 2 }))).toEqual([
      "side == 'BUY' true",
      'n > 0 true',
    ])
  })

  test('a step takes nothing for which its until holds', () => {
    const steps = [{ as: 'a', if: 'price > 100', times: [1, 3] as const, until: 'size > 5' }]
    const pattern = { within: '10s', steps }
    expect(holes({ pattern }, trade('0s', { price: 101, size: 6 }))).toContain('a')
    expect(holes({ pattern }, trade('0s', { price: 101, size: 5 }))).not.toContain('a')
  })

  test('steps that took nothing are told', () => {
    const steps = [
      { as: 'a', if: 'price > 100' },
      { as: 'b', if: 'price > a.price' },
      { as: 'c', if: 'price < b.price' },
    ]
    const pattern = { within: '10s', steps }
    expect(holes({ pattern }, trade('0s', { price: 101 }), trade('1s', { price: 102 }))).toEqual([
      'price > 100 false',
      'price > a.price false',
      'price < b.price true false',
      'c',
    ])
  })
})

test('a rule whose tests fail is refused, with the place of each', () => {
  const given = [trade('0s', { price: 101 })]
  const one = rule({
    id: 'r',
    ...ABOVE,
    tests: [
      { name: 'fires', given, expect: [{}] },
      { name: 'does not', given, expect: [] },
    ],
  })
  const { diagnostics } = validateRule(one, { ...EMPTY_WORLD, runTests: failedTests })
  expect(diagnostics.filter(({ code }) => code === 'E701')).toEqual([
    {
      code: 'E701',
      pointer: '/tests/1',
      from: undefined,
      to: undefined,
      message: 'The test "does not" expects no match, but got FIRED R at 0s.',
    },
  ])
})
