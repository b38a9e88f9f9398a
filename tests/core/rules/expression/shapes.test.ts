import { describe, expect, test } from 'vitest'
import { frameOf, place, trade, valueOf } from './place.ts'
import type { Expression } from '../../../../core/rules/frame.ts'

// A closure is chosen by what its operands are: a field, a constant, anything else. All must mean the same.
const number = (value: number): Expression => ({ type: 'number', read: () => value })
const text = (value: string | undefined): Expression => ({ type: 'string', read: () => value })
const truth = (value: boolean | undefined): Expression => ({ type: 'bool', read: () => value })

const ARITHMETIC = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
}
const RELATIONS = {
  '<': (a: number | string, b: number | string) => a < b,
  '<=': (a: number | string, b: number | string) => a <= b,
  '>': (a: number | string, b: number | string) => a > b,
  '>=': (a: number | string, b: number | string) => a >= b,
  '==': (a: number | string, b: number | string) => a === b,
  '!=': (a: number | string, b: number | string) => a !== b,
}
const PAIRS = [
  [6, 4],
  [4, 6],
  [5, 5],
  [0, 3],
] as const

function shapes(a: number, b: number) {
  const lets = new Map([
    ['a', number(a)],
    ['b', number(b)],
    ['none', number(NaN)],
  ])
  const value = (written: string) => valueOf(written, place(['trade'], lets), frameOf(trade({ price: a, size: b })))
  const lefts = ['price', 'a', String(a), `(price + 0)`]
  const rights = ['size', 'b', String(b), `(0 + size)`]
  return { value, pairs: lefts.flatMap((left) => rights.map((right) => [left, right] as const)) }
}

describe.each(PAIRS)('of %d and %d', (a, b) => {
  const { value, pairs } = shapes(a, b)
  test.each(Object.entries(ARITHMETIC))('%s gives one number, whatever its operands are', (op, apply) => {
    expect(pairs.map(([left, right]) => value(`${left} ${op} ${right}`))).toEqual(pairs.map(() => apply(a, b)))
  })
  test.each(Object.entries(RELATIONS))('%s gives one answer, whatever its operands are', (op, apply) => {
    expect(pairs.map(([left, right]) => value(`${left} ${op} ${right}`))).toEqual(pairs.map(() => apply(a, b)))
  })
  test.each([...Object.keys(ARITHMETIC), ...Object.keys(RELATIONS)])('%s is absent if a side is', (op) => {
    const absent = ['none', 'sequence', '(0 / 0)']
    const one = absent.flatMap((left) => ['size', 'b', '3', 'none'].map((right) => value(`${left} ${op} ${right}`)))
    const other = absent.flatMap((right) => ['price', 'a', '3', 'none'].map((left) => value(`${left} ${op} ${right}`)))
    const nothing = Object.hasOwn(ARITHMETIC, op) ? NaN : undefined
    expect([...one, ...other]).toEqual(Array.from({ length: 24 }, () => nothing))
  })
})

describe.each([
  ['BTC', 'BUY'],
  ['BUY', 'BTC'],
  ['BUY', 'BUY'],
])('of the texts %s and %s', (a, b) => {
  const value = (written: string) =>
    valueOf(
      written,
      place(
        ['trade'],
        new Map([
          ['a', text(a)],
          ['b', text(b)],
        ]),
      ),
      frameOf(trade({ symbol: a, id: b })),
    )
  test.each(Object.entries(RELATIONS))('%s gives one answer, whatever its operands are', (op, apply) => {
    const pairs = ['symbol', 'a', `'${a}'`].flatMap((left) =>
      ['id', 'b', `"${b}"`].map((right) => `${left} ${op} ${right}`),
    )
    expect(pairs.map(value)).toEqual(pairs.map(() => apply(a, b)))
  })
  test('`in` gives one answer, whatever is asked for', () => {
    const asked = ['symbol', 'a', `'${a}'`].map((one) => value(`${one} in ['${b}', 'x']`))
    expect(asked).toEqual([a === b, a === b, a === b])
  })
})

describe('conditions joined', () => {
  const LETS = new Map([
    ['yes', truth(true)],
    ['no', truth(false)],
    ['none', truth(undefined)],
  ])
  const value = (written: string) => valueOf(written, place(['trade'], LETS))
  /** All words of a length over the three values. */
  const words = (length: number): readonly (readonly string[])[] =>
    length === 0 ? [[]] : words(length - 1).flatMap((word) => ['yes', 'no', 'none'].map((one) => [...word, one]))

  test.each([1, 2, 3, 4, 5, 6])('%d by && are false if one is false, else absent if one is absent', (length) => {
    const expected = (word: readonly string[]) =>
      word.includes('no') ? false : word.includes('none') ? undefined : true
    expect(words(length).map((word) => value(word.join(' && ')))).toEqual(words(length).map(expected))
  })

  test.each([1, 2, 3, 4])('%d by || are true if one is true, else absent if one is absent', (length) => {
    const expected = (word: readonly string[]) =>
      word.includes('yes') ? true : word.includes('none') ? undefined : false
    expect(words(length).map((word) => value(word.join(' || ')))).toEqual(words(length).map(expected))
  })

  test('many by && are one condition, whichever way they are bracketed', () => {
    const word = ['yes', 'yes', 'none', 'yes', 'yes', 'yes', 'yes', 'yes', 'yes']
    const bracketed = (parts: readonly string[]) =>
      `(${parts.slice(0, 4).join(' && ')}) && (${parts.slice(4).join(' && ')})`
    for (const [at] of word.entries()) {
      const spoilt = word.with(at, 'no')
      expect([value(spoilt.join(' && ')), value(bracketed(spoilt))]).toEqual([false, false])
    }
    expect([value(word.join(' && ')), value(bracketed(word))]).toEqual([undefined, undefined])
  })
})
