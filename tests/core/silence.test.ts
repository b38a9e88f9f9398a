import { describe, expect, test } from 'vitest'
import { isMatched, readMatcher, silenceOf, type Silence } from '../../core/silence.ts'

const alert = {
  ruleId: 'spike',
  type: 'PRICE_SPIKE',
  symbol: 'BTC-USD',
  exchange: 'kraken',
  severity: 'warning',
} as const

describe('a matcher', () => {
  test('matches what has each of its values', () => {
    expect(isMatched({ ruleId: 'spike' }, alert)).toBe(true)
    expect(isMatched({ ...alert }, alert)).toBe(true)
    for (const [name, value] of Object.entries({
      ruleId: 'x',
      type: 'x',
      symbol: 'x',
      exchange: 'x',
      severity: 'info',
    }))
      expect(isMatched({ ...alert, [name]: value }, alert)).toBe(false)
  })

  test('does not match what has no such value', () => {
    expect(isMatched({ ruleId: 'spike' }, { ...alert, ruleId: undefined })).toBe(false)
    expect(isMatched({ symbol: 'BTC-USD' }, { ...alert, symbol: undefined })).toBe(false)
  })

  test.each([
    [undefined, 'not an object'],
    [[], 'not an object'],
    [{}, 'every alert'],
    [{ rule: 'x' }, 'rule: unknown'],
    [{ symbol: '' }, 'symbol'],
    [{ symbol: 5 }, 'symbol'],
    [{ symbol: 'x'.repeat(201) }, 'symbol'],
    [{ severity: 'fatal' }, 'severity'],
    [JSON.parse('{"__proto__": "x"}'), '__proto__'],
  ])('%j is none', (value, problem) =>
    expect(readMatcher(value)).toEqual({ problem: expect.stringContaining(problem) }),
  )

  test('is read as it is written', () => expect(readMatcher({ ...alert })).toEqual({ matcher: alert }))
})

test('a silence holds from its beginning, not at its end; the first one counts', () => {
  const silences: readonly Silence[] = [
    { silenceId: 1, matcher: { ruleId: 'other' }, fromMs: 0, untilMs: 1000 },
    { silenceId: 2, matcher: { symbol: 'BTC-USD' }, fromMs: 100, untilMs: 200 },
    { silenceId: 3, matcher: { ruleId: 'spike' }, fromMs: 100, untilMs: 300 },
  ]
  expect([99, 100, 199, 200, 299, 300].map((now) => silenceOf(silences, alert, now)?.silenceId)).toEqual([
    undefined,
    2,
    2,
    3,
    3,
    undefined,
  ])
})
