import { describe, expect, test } from 'vitest'
import { codesOf, place, valueOf } from './place.ts'
import type { Expression } from '../../../../core/rules/frame.ts'

// Every row of rules-goldens.md section 4. A is an absent value: of each type one that is known to be absent when the
// expression is read (folded), and one that turns out absent only when it is evaluated.
const ABSENT: ReadonlyMap<string, Expression> = new Map<string, Expression>([
  ['n', { type: 'number', read: () => NaN }],
  ['b', { type: 'bool', read: () => undefined }],
  ['s', { type: 'string', read: () => undefined }],
])
const value = (text: string) => valueOf(text, place(['trade'], ABSENT))
const NUMBERS = ['n', '(1 / 0)', 'sequence']
const TRUTHS = ['b', '(1 / 0 > 1)', '(sequence > 1)']

describe('what has no value', () => {
  test.each(['1 / 0', '0 / 0', 'sqrt(-1)', 'ln(0)'])('%s is absent', (text) => expect(value(text)).toBeNaN())

  test.each(NUMBERS)('%s stays absent in an operator', (a) => {
    expect(value(`${a} + 1`)).toBeNaN()
    expect(value(`${a} < 1`)).toBeUndefined()
    expect(value(`${a} == ${a}`)).toBeUndefined()
  })

  test.each(TRUTHS)('%s stays absent where it decides', (a) => {
    expect(value(`!${a}`)).toBeUndefined()
    expect(value(`${a} ? 1 : 2`)).toBeNaN()
    expect(value(`${a} && true`)).toBeUndefined()
    expect(value(`true && ${a}`)).toBeUndefined()
    expect(value(`${a} || false`)).toBeUndefined()
    expect(value(`false || ${a}`)).toBeUndefined()
  })

  test.each(TRUTHS)('%s does not matter where the other side decides', (a) => {
    expect(value(`${a} && false`)).toBe(false)
    expect(value(`false && ${a}`)).toBe(false)
    expect(value(`${a} || true`)).toBe(true)
    expect(value(`true || ${a}`)).toBe(true)
    expect(value(`${a} && price < 0`)).toBe(false)
    expect(value(`price > 0 || ${a}`)).toBe(true)
  })

  test.each(NUMBERS)('%s is asked for by has and orElse', (a) => {
    expect(value(`has(${a})`)).toBe(false)
    expect(value(`orElse(${a}, 7)`)).toBe(7)
  })
})

describe('values', () => {
  test.each([
    ['2 * 3 == 6.0', true],
    ["'b' in ['a', 'b']", true],
    ["'a' < 'B'", false],
    ['-2 - -3', 1],
    ['!!true', true],
    ['7 / 2', 3.5],
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
    ["eventTime + duration('5s') - eventTime == duration('5000ms')", true],
    ['bps(101, 100)', 100],
    ['clamp(5, 0, 3)', 3],
  ])('%s is %s', (text, expected) => expect(value(text)).toBe(expected))
})

test.each([
  ['1 < 2 < 3', 'E101'],
  ["price > 'x'", 'E103'],
  ['symbol + 1', 'E103'],
])('%s is refused as %s', (text, code) => expect(codesOf(text)).toEqual([code]))

// The column "refused · example" of rules.md section 10, as far as it concerns one expression.
test.each([
  ['price >', 'E101'],
  ['pric > 1', 'E102'],
  ['symbol > 3', 'E103'],
  ['avg(price)', 'E104'],
  [`${'1 + '.repeat(300)}1`, 'E106'],
  ['b.price > 1', 'E107'],
])('%s is refused as %s', (text, code) => expect(codesOf(text)).toEqual([code]))

test('a number is refused as E105 where a condition is wanted', () =>
  expect(codesOf('price', place(), 'bool')).toEqual(['E105']))
