import { describe, expect, test } from 'vitest'
import { micros } from '../../../../core/time.ts'
import { codesOf, frameOf, place, trade, valueOf } from './place.ts'
import type { Expression } from '../../../../core/rules/frame.ts'

const LETS = new Map<string, Expression>([
  ['n', { type: 'number', read: () => NaN }],
  ['x', { type: 'number', read: () => -2.5 }],
  ['t', { type: 'string', read: () => undefined }],
  ['yes', { type: 'bool', read: () => true }],
  ['d', { type: 'duration', read: () => 1_500_000 }],
])
const value = (text: string) => valueOf(text, place(['trade'], LETS))

describe('numbers', () => {
  test.each([
    ['abs(-3)', 3],
    ['abs(x)', 2.5],
    ['sign(-0.1)', -1],
    ['sign(0)', 0],
    ['sign(7)', 1],
    ['floor(x)', -3],
    ['ceil(x)', -2],
    ['round(x)', -3],
    ['round(0.5)', 1],
    ['round(-0.5)', -1],
    // 0.49999999999999994 + 0.5 is 1 in doubles: adding a half and cutting would give 1.
    ['round(0.49999999999999994)', 0],
    ['round(4503599627370497.5)', 4_503_599_627_370_498],
    ['sqrt(2.25)', 1.5],
    ['ln(1)', 0],
    ['exp(0)', 1],
    ['min(3, x, 2)', -2.5],
    ['max(3, x, 2)', 3],
    ['clamp(x, -1, 1)', -1],
    ['clamp(9, -1, 1)', 1],
    ['clamp(0.5, -1, 1)', 0.5],
    ['bps(99, 100)', -100],
    ['bps(price, 80)', 2500],
    ['1e3 + .5', 1000.5],
  ])('%s is %s', (text, expected) => expect(value(text)).toBe(expected))

  test.each([
    'exp(1000)',
    'ln(-1)',
    'bps(1, 0)',
    '1e308 * 10',
    '-1e308 - 1e308',
    '1e-320 / 1e-320 / 0',
    'min(1, n)',
    'clamp(1, n, 2)',
    'round(n)',
  ])('%s is absent', (text) => expect(value(text)).toBeNaN())
})

describe('texts', () => {
  test.each([
    ["startsWith(symbol, 'BTC')", true],
    ["endsWith(symbol, 'USDT')", true],
    ["contains(symbol, 'C-U')", true],
    ["contains(symbol, 'ETH')", false],
    ["startsWith(symbol, '')", true],
    ['base(symbol)', 'BTC'],
    ['quoteAsset(symbol)', 'USDT'],
    ["base('ETH-USD-PERP')", 'ETH'],
    ["quoteAsset('ETH-USD-PERP')", 'USD'],
    ["base('btcusdt')", undefined],
    ['base(t)', undefined],
    ["startsWith(t, 'B')", undefined],
    ["startsWith('B', t)", undefined],
    ["symbol == 'BTC-USDT'", true],
    ["'BTC-USDT' != symbol", false],
    ["t == 'x'", undefined],
    ["t != 'x'", undefined],
    ["t in ['x']", undefined],
    ['symbol in []', false],
    // Code units, not an alphabet: 'Z' is 0x5A, 'a' 0x61, 'ä' 0xE4.
    ["'Z' < 'a' && 'z' < 'ä'", true],
    [String.raw`'\u0042\'\\' == "B'\\"`, true],
    [String.raw`'a\n\t' == 'a\u000a\u0009'`, true],
  ])('%s is %s', (text, expected) => expect(value(text)).toBe(expected))
})

describe('times', () => {
  // 2026-11-21T18:29:08.5Z, a Saturday, by `date -u -d … +%s`.
  const now = micros(1_795_285_748_500_000)
  const at = (text: string) =>
    valueOf(text, place(['trade'], LETS), frameOf(trade({ eventTime: now - 1_000_000 }), now))

  test.each([
    ['hourUtc(clock())', 18],
    ['dayOfWeekUtc(clock())', 6],
    ["dayOfWeekUtc(clock() + duration('1d'))", 0],
    ["dayOfWeekUtc(clock() - duration('24h') * 5)", 1],
    ["hourUtc(clock() + duration('6h'))", 0],
    ['seconds(clock() - eventTime)', 1],
    ["clock() - eventTime >= duration('1s')", true],
    ["clock() - eventTime > duration('1000ms')", false],
    ['clock() > eventTime', true],
    ["eventTime + duration('1s') == clock()", true],
    ["duration('1s') + eventTime == clock()", true],
    ["duration('2m') == 2 * duration('60s')", true],
    ["duration('1h') / duration('15m')", 4],
    ["duration('1h') / 4 == duration('15m')", true],
    ["seconds(duration('1d') - duration('23h'))", 3600],
    ['seconds(abs(eventTime - clock()))', 1],
    ['seconds(-d)', -1.5],
    ["seconds(max(d, duration('1s')))", 1.5],
    ['max(eventTime, clock()) == clock()', true],
    ["seconds(duration('250ms'))", 0.25],
  ])('%s is %s', (text, expected) => expect(at(text)).toBe(expected))

  test.each([
    'clock() + clock()',
    'clock() * 2',
    '-clock()',
    'clock() > 5',
    "duration('5s') > 5",
    "duration('5s') * duration('5s')",
    "1 / duration('5s')",
    "duration('5s') - clock()",
    'seconds(5)',
    'hourUtc(5)',
    'abs(clock())',
    'clock() in [1]',
    "bps(duration('5s'), duration('1s'))",
  ])('%s does not fit', (text) => expect(codesOf(text)).toEqual(['E103']))
})

describe('what may be absent', () => {
  test.each([
    ['has(price)', true],
    ['has(sequence)', false],
    ['has(t)', false],
    ['has(symbol)', true],
    ['has(yes && n > 1)', false],
    ["orElse(t, 'none')", 'none'],
    ["orElse(symbol, 'none')", 'BTC-USDT'],
    ['orElse(n > 1, yes)', true],
    ['orElse(price, n)', 100],
    ['yes == (n > 1)', undefined],
    ['yes != false', true],
    ['yes in [true]', true],
    ['(n > 1) in [true]', undefined],
    ['n in [1, 2]', undefined],
    ['x in [1, -2.5]', true],
    ['n != 1', undefined],
    ['yes ? 1 : n', 1],
    ["yes ? 'a' : t", 'a'],
    ['!yes ? n > 1 : yes', true],
  ])('%s is %s', (text, expected) => expect(value(text)).toBe(expected))
})

describe('steps and earlier events', () => {
  // place.ts answers 100 times the letters of the function, 10 times those of the field, and n.
  test.each([
    ['first(s.price)', 550],
    ['first(s.price, 2)', 552],
    ['last(s.price, 1)', 451],
    ['count(s)', 500],
    ['sum(s.size)', 340],
    ['mean(s.price)', 450],
    ['min(s.price)', 350],
    ['max(s.price)', 350],
    ['max(s.price, 7)', 100],
    ['prev(price)', 100],
    ['prev(price, 8)', 100],
    ['s.price + price', 200],
  ])('%s asks the place: %s', (text, expected) => expect(value(text)).toBe(expected))

  test.each([
    ['count(s.price)', 'E104'],
    ['sum(s)', 'E104'],
    ['first(s.price, price)', 'E104'],
    ['first(s.price, -1)', 'E104'],
    ['first(s.price, 0.5)', 'E104'],
    ['sum(s.price, 1)', 'E104'],
    ['mean(price)', 'E104'],
    ['min(price)', 'E104'],
    ['prev(s.price)', 'E104'],
    ['prev(price, 0)', 'E104'],
    ['prev(price, 9)', 'E104'],
    ['prev(price + 1)', 'E104'],
    ['prev()', 'E104'],
    ['q.price', 'E107'],
    ['count(q)', 'E107'],
    ['last(q.price) > 1', 'E107'],
  ])('%s is refused as %s', (text, code) => expect(codesOf(text)).toEqual([code]))
})
