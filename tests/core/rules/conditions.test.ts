import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readExpression } from '../../../core/rules/expression/read-expression.ts'
import { namesOf } from '../../../core/rules/compile/lets.ts'
import { validateRule } from '../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD } from '../../../core/rules/validate/world.ts'
import { aggregate, whenRule } from './documents.ts'
import { trade } from './some-events.ts'

const codesOf = (more: Readonly<Record<string, unknown>>): readonly string[] =>
  validateRule(whenRule({ emit: { type: 'X', evidence: { inputs: true } }, ...more }), EMPTY_WORLD).diagnostics.map(
    ({ code, pointer }) => `${code} ${pointer}`,
  )

const LETS = {
  s: aggregate('sd', 'price'),
  v: aggregate('sum', 'size'),
  m: aggregate('mean', 'price'),
  n: { agg: 'count', over: { sliding: '10s' } },
  d: aggregate('delta', 'price'),
  z: 'd / s',
}

describe('contradictions (E407)', () => {
  test.each([
    'price > 2 && price < 1',
    'price > 2 && price <= 2',
    'price == 2 && price == 3',
    'size > 2 && 2 * size < 4',
    'abs(d) < 1 && d > 1',
    "side == 'BUY' && side == 'SELL'",
    "symbol in ['A', 'B'] && symbol in ['C']",
    'price > size && size > 5 && price < 5',
    '!(price > 1 || size > 1) && size > 2',
    'n >= 10 && n < 10',
  ])('%s', (when) => {
    expect(codesOf({ let: LETS, when })).toEqual(['E407 /when'])
  })

  test.each([
    'price > 2 || price < 1',
    'price >= 2 && price <= 2',
    'size > 2 && 2 * size < 5',
    'abs(d) < 1 && d > 0.5',
    "side == 'BUY' || side == 'SELL'",
    "symbol in ['A', 'B'] && symbol in ['B', 'C']",
    'price > size && size > 5 && price < 6',
    'n >= 10 && n <= 10',
  ])('not %s', (when) => {
    expect(codesOf({ let: LETS, when })).toEqual([])
  })

  test('between `where` and `when`', () => {
    expect(codesOf({ where: 'price > 2', when: 'price < 1' })).toEqual(['E407 /when'])
  })
})

describe('divisions (W803)', () => {
  test.each([
    'd / s > 1',
    'z > 1',
    's >= 0 && d / s > 1',
    's > 0 || d / s > 1',
    'd / (s - 1) > 1',
    'bps(price, d) > 1',
    's < 0 || d / v > 1',
  ])('%s', (when) => {
    expect(codesOf({ let: LETS, when })).toContain('W803 /when')
  })

  test.each([
    's > 0 && d / s > 1',
    'd / s > 1 && s > 0',
    's > 0 && z > 1',
    's != 0 && z > 1',
    's <= 0 || z > 1',
    '!(s == 0) && z > 1',
    's > 0 ? z > 1 : false',
    'd / price > 1',
    'bps(price, m) > 1',
    'd / 2 > 1',
    's > 1e-9 && size > 1 && d / (s * size) > 1',
  ])('not %s', (when) => {
    expect(codesOf({ let: LETS, when })).toEqual([])
  })

  test('what `where` says of fields holds in `when`, and what `when` says where a severity is chosen', () => {
    expect(codesOf({ where: 'size > 0', when: 'price / size > 1' })).toEqual([])
    const severity = { cases: [{ if: 'z > 8', then: 'critical' }], else: 'info' }
    expect(codesOf({ let: LETS, when: 's > 0 && z > 4', severity })).toEqual([])
    expect(codesOf({ let: LETS, when: 's > 0 && z > 4', release: { when: 'z < 1' } })).toEqual(['W803 /release/when'])
  })
})

describe('judging', () => {
  test('comes to an end, however much there is to judge', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 62 }, (_, i) => [
        `a${i + 2}`,
        Array.from({ length: 40 }, () => `a${i + 1} / a${i}`).join(' + '),
      ]),
    )
    const when = Array.from({ length: 30 }, (_, i) => `a${i} / a63 > ${i}`).join(' && ')
    const severity = { cases: Array.from({ length: 16 }, () => ({ if: when, then: 'info' })), else: 'info' }
    expect(codesOf({ let: { a0: 'price', a1: 'size', ...chain }, when, severity })).toEqual([])
  })

  test('an aggregate gets only what passes `where`, and none if its stream lacks what that asks for', () => {
    const more = {
      on: 'candle',
      let: { t: { agg: 'sum', of: 'size', on: 'trade', over: { sliding: '10s' } } },
      when: 'close > t',
    }
    expect(codesOf({ ...more, where: "interval == '1m' && base == 'BTC'" })).toEqual(['W804 /let/t'])
    expect(codesOf({ ...more, where: "interval == '1m' || base == 'BTC'" })).toEqual([])
    expect(codesOf({ ...more, where: "orElse(interval, '1m') == '1m'" })).toEqual([])
    expect(codesOf({ ...more, where: "base == 'BTC'" })).toEqual([])
  })
})

describe('what is always the same (W804)', () => {
  test.each([
    'price > 0',
    'n >= 0',
    's < 0',
    '1 < 2',
    'abs(d) < 0',
    "side == 'BUY' && price > -5",
    'hourUtc(clock()) < 24',
  ])('%s', (when) => {
    expect(codesOf({ let: LETS, when })).toEqual(['W804 /when'])
  })

  test.each(['true', 'size > 0', 'n > 0', 'd < 0', 'hourUtc(clock()) < 23', "side == 'BUY'"])('not %s', (when) => {
    expect(codesOf({ let: LETS, when })).toEqual([])
  })
})

describe('what is said of conditions', () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 4 }).map(String), fc.constantFrom('0.5', '2.5'))
  const term = fc.constantFrom(
    'price',
    'size',
    'price * 2',
    'price - size',
    'abs(price - 2)',
    '-size',
    'min(price, size)',
    'price / size',
  )
  const comparison = fc
    .tuple(term, fc.constantFrom('<', '<=', '>', '>=', '==', '!='), fc.oneof(number, term))
    .map(([a, op, b]) => `${a} ${op} ${b}`)
  const { condition } = fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      comparison,
      fc
        .tuple(tie('condition'), fc.constantFrom('&&', '&&', '||'), tie('condition'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('condition').map((one) => `!(${one})`),
    ),
  }))

  const VALUES = [1e-9, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4, 5, 1000]
  /** All that a condition is over a grid of prices and sizes. */
  function seenOf(text: string): ReadonlySet<boolean | undefined> {
    const read = readExpression(
      text,
      namesOf(['trade'], () => undefined),
      'bool',
    )
    if ('problems' in read || read.expression.type !== 'bool') throw new TypeError(text)
    const { expression } = read
    return new Set(
      VALUES.flatMap((price) =>
        VALUES.map((size) => {
          const event = trade({ price, size })
          return expression.read({ event, now: event.at, stamp: 1, slots: [], taken: undefined, earlier: [] })
        }),
      ),
    )
  }

  test('is never said of one that can hold', () => {
    fc.assert(
      fc.property(condition, (when) => {
        const { diagnostics } = validateRule(whenRule({ when }), EMPTY_WORLD)
        const isRefused = diagnostics.some(({ code }) => code === 'E407')
        expect(isRefused && seenOf(when).has(true)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test('always true and always false are so', () => {
    fc.assert(
      fc.property(comparison, (when) => {
        const { diagnostics } = validateRule(whenRule({ when }), EMPTY_WORLD)
        const said = diagnostics.find(({ code }) => code === 'W804')?.message
        const seen = seenOf(when)
        expect(said?.includes('always true') === true && seen.has(false)).toBe(false)
        expect(said?.includes('always false') === true && seen.has(true)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
