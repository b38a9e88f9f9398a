import { describe, expect, test } from 'vitest'
import { conjunctsOf, namesIn, nodesIn, usesClock } from '../../../../core/rules/expression/node.ts'
import { readExpression } from '../../../../core/rules/expression/read-expression.ts'
import { frameOf, place } from './place.ts'
import type { Node } from '../../../../core/rules/expression/node.ts'

function nodeOf(text: string): Node {
  const read = readExpression(text, place())
  if ('node' in read) return read.node
  throw new Error(read.problems.map(({ message }) => message).join(' '))
}
const slice = (text: string, { from, to }: Node) => text.slice(from, to)

describe('conjuncts', () => {
  test.each([
    ['price > 1', ['price > 1']],
    ["price > 1 && (size > 2 && side == 'BUY') && true", ['price > 1', 'size > 2', "side == 'BUY'", 'true']],
    ['price > 1 || size > 2 && price < 3', ['price > 1 || size > 2 && price < 3']],
  ])('of %s are %j', (text, parts) => expect(conjunctsOf(nodeOf(text)).map((one) => slice(text, one))).toEqual(parts))

  test('can be evaluated one by one', () => {
    const parts = conjunctsOf(nodeOf("price > 1 && size > 2 && sequence > 3 && side == 'BUY'"))
    expect(parts.map(({ expression }) => expression.read(frameOf()))).toEqual([true, false, undefined, true])
  })
})

describe('names', () => {
  test('are found wherever a value depends on them', () => {
    const text = "has(price) ? s.size + last(s.price, 1) > prev(size, 2) : !(symbol in ['a']) && count(s) > 0"
    expect(namesIn(nodeOf(text)).map(({ kind }) => kind)).toEqual([
      'name',
      'member',
      'overStep',
      'previous',
      'name',
      'overStep',
    ])
    expect(namesIn(nodeOf("1 < 2 && duration('5s') > duration('1s')"))).toEqual([])
  })

  test('say what they are', () => {
    const [name, member, over, previous] = namesIn(nodeOf('price > s.size + first(s.price, 1) + prev(size)'))
    expect(name).toMatchObject({ kind: 'name', name: 'price', type: 'number' })
    expect(member).toMatchObject({ kind: 'member', step: 's', name: 'size' })
    expect(over).toMatchObject({ kind: 'overStep', call: 'first', step: 's', name: 'price', nth: 1 })
    expect(previous).toMatchObject({ kind: 'previous', name: 'size', nth: 1 })
  })

  test('the clock is no name, but asked for', () => {
    expect(namesIn(nodeOf('clock() > eventTime')).length).toBe(1)
    expect(usesClock(nodeOf('clock() > eventTime'))).toBe(true)
    expect(usesClock(nodeOf('price > 1'))).toBe(false)
  })
})

describe('what never changes', () => {
  test.each([
    ['2 * 3 == 6', true],
    ['price > 1 && false', false],
    ['true || price > 1', true],
    ['true ? 5 : price', 5],
    ['orElse(1 / 0, 7)', 7],
    ['1 / 0', NaN],
    ['1 / 0 > 1', undefined],
    ["base('BTC-USDT')", 'BTC'],
    ["duration('5s')", 5_000_000],
    ['-(2 + 3)', -5],
    ["'a' in ['a']", true],
  ])('%s is known beforehand: %s', (text, value) => expect(nodeOf(text).fixed).toEqual({ value }))

  test.each([
    'price > 1',
    'price > 1 && true',
    'price * 0',
    'clock()',
    "clock() - clock() == duration('1s')",
    'has(price)',
    's.price',
    'count(s)',
  ])('%s is not', (text) => expect(nodeOf(text).fixed).toBeUndefined())
})

test('every node knows its place and type', () => {
  const text = "abs(price - s.size) > 2 && symbol != 'x'"
  const found = nodesIn(nodeOf(text)).map((one) => `${slice(text, one)}: ${one.type}`)
  expect(found).toEqual([
    `${text}: bool`,
    'abs(price - s.size) > 2: bool',
    'abs(price - s.size): number',
    'price - s.size: number',
    'price: number',
    's.size: number',
    '2: number',
    "symbol != 'x': bool",
    'symbol: string',
    "'x': string",
  ])
})
