import { describe, expect, test } from 'vitest'
import { readExpression } from '../../../../core/rules/expression/read-expression.ts'
import { nearest } from '../../../../core/rules/expression/nearest.ts'
import { place, told } from './place.ts'

function messages(text: string) {
  const read = readExpression(text, place(), 'bool')
  return 'problems' in read ? told(read.problems) : []
}

// What is said of a slip names the slip and the way out; the places are characters of the text.
describe('slips of writing', () => {
  test.each([
    ['', 'E101 0-0: The expression is empty.'],
    ['price = 5', 'E101 6-7: `=` is not an operator: write `==` to compare.'],
    ['price => 5', 'E101 6-8: `=>` means nothing here: write `>=`.'],
    ['price <> 5', 'E101 6-8: `<>` means nothing here: write `!=`.'],
    ['price === 5', 'E101 6-9: `===` means nothing here: write `==`.'],
    ['price ≥ 5', 'E101 6-7: `≥` means nothing here: write `>=`.'],
    ['1 < price < 3', 'E101 10-11: `<` does not chain: write `1 < price && price < 3`.'],
    ['price > 5 and size > 1', 'E101 10-13: Found `and`, but an operator or the end was expected: write `&&`.'],
    ['price > 5 & size > 1', 'E101 10-11: `&` means nothing here: write `&&` for "and".'],
    ["side == 'BUY", "E101 8-12: This text has no end: a second ' is missing."],
    ['side == ‘BUY’', 'E101 8-9: `‘` means nothing here: write texts in plain quotes: \'…\' or "…".'],
    ['clock() - eventTime > 5s', "E101 22-24: `5s` is no number: write duration('5s') for a length of time."],
    ['price > 1_000', 'E101 8-13: `1_000`: write numbers without `_`.'],
    ['price > 10k', 'E101 8-11: `10k`: write numbers out, for example 5000 or 5e3.'],
    [
      'price > 5%',
      'E101 9-10: `%` means nothing here: there is no `%`; of a percentage write the number, for example `0.05`.',
    ],
    ['(price > 5', 'E101 10-10: The expression ends here, but `)` was expected.'],
    ["symbol.startsWith('BTC')", 'E101 0-17: Functions are written in front: `startsWith(symbol, …)`.'],
    ['price > 5 // high', 'E101 10-12: `//` means nothing here: there are no comments in an expression.'],
    ['symbol in [symbol]', 'E101 11-17: Found `symbol`, but a list holds numbers, texts, true or false only.'],
  ])('%s', (text, expected) => expect(messages(text)).toEqual([expected]))
})

describe('slips of meaning', () => {
  test.each([
    ['pric > 1', 'E102 0-4: `pric` is no field of the stream trade and no `let` name (did you mean `price`?).'],
    ['bid > 1', 'E102 0-3: `bid` is a field of quote, best, but this reads the stream trade.'],
    [
      'side == BUY',
      "E102 8-11: `BUY` is no field of the stream trade and no `let` name; a text stands in quotes: `'BUY'`.",
    ],
    [
      'side == null',
      'E102 8-12: There is no `null`: `has(x)` asks whether a value is there, `orElse(x, y)` takes another if not.',
    ],
    ['clock > eventTime', 'E102 0-5: `clock` is a function: write `clock()`.'],
    ['symbol > 3', 'E103 0-10: `>` cannot take a text and a number: `symbol` is a text, `3` is a number.'],
    ["price in ['a']", 'E103 0-14: `price` is a number, but the list holds texts: it can never be in it.'],
    [
      'price > 5 && size',
      'E103 13-17: `&&` joins conditions, but `size` is a number: compare it, for example `size > 0`.',
    ],
    ["startsWith(price, '6')", 'E103 11-16: `startsWith(text, start)` takes a text, but `price` is a number.'],
    ['round(price, 2) > 1', 'E104 0-15: `round(x)` takes one value, but 2 are given.'],
    ['roud(price) > 1', 'E104 0-4: There is no function `roud` (did you mean `round`?).'],
    [
      'price',
      'E105 0-5: A condition (true or false) is wanted here, but `price` is a number: compare it, for example `price > 0`.',
    ],
    ["'yes'", "E105 0-5: A condition (true or false) is wanted here, but `'yes'` is a text."],
  ])('%s', (text, expected) => expect(messages(text)).toEqual([expected]))

  test('an average over time is said to be an aggregate, with an example', () => {
    const [message] = messages('price > avg(price)')
    expect(message).toContain('E104 8-11: There is no function `avg`')
    expect(message).toContain('{"agg":"mean","of":"price","over":{"sliding":"60s"}}')
  })

  test('all of them are told at once, from left to right', () => {
    const places = messages("pric > 1 && siz > 2 && (symbol > 3 || foo(1)) && price > 'x'").map(
      (one) => one.split(':')[0],
    )
    expect(places).toEqual(['E102 0-4', 'E102 12-15', 'E103 24-34', 'E104 38-41', 'E103 49-60'])
  })

  test('what a part is missing is told once, not again for all around it', () => {
    expect(messages('abs(bps(pric, 100) + 1) * 2 > 3 && !(pric == 1) ').map((one) => one.slice(0, 4))).toEqual([
      'E102',
      'E102',
    ])
  })
})

describe('the nearest word', () => {
  const KNOWN = ['price', 'size', 'symbol', 'spreadBps', 'id', 'eventTime']
  test.each([
    ['prcie', 'price'],
    ['Price', 'price'],
    ['spread_bps', 'spreadBps'],
    ['i', 'id'],
    ['eventtime', 'eventTime'],
    ['volume', undefined],
    ['x', undefined],
    ['', undefined],
    ['price'.repeat(1000), undefined],
  ])('to %j is %s', (word, expected) => expect(nearest(word, KNOWN)).toBe(expected))
})
