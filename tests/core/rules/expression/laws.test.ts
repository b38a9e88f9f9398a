import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodesIn } from '../../../../core/rules/expression/node.ts'
import { readExpression } from '../../../../core/rules/expression/read-expression.ts'
import { codesOf, frameOf, place, trade, valueOf } from './place.ts'
import { values, written } from './written.ts'
import type { Values } from './written.ts'
import type { Expression, Value } from '../../../../core/rules/frame.ts'

const isAbsent = (value: Value) => value === undefined || Number.isNaN(value)
const same = (a: Value, b: Value) => (isAbsent(a) ? isAbsent(b) : a === b)
const wellTyped = (type: Expression['type'], value: Value) => {
  if (type === 'bool') return value === undefined || typeof value === 'boolean'
  if (type === 'string') return value === undefined || typeof value === 'string'
  return typeof value === 'number' && (Number.isFinite(value) || Number.isNaN(value))
}

/** Whether what was read is a value of its type, or else problems that lie within the text. */
function isSound(text: string): boolean {
  const read = readExpression(text, place(['trade', 'quote', 'candle']))
  if ('node' in read)
    return nodesIn(read.node).every(({ type, expression }) => wellTyped(type, expression.read(frameOf())))
  return (
    read.problems.length > 0 &&
    read.problems.every(
      ({ code, from, to, message }) =>
        /^E10[1-7]$/.test(code) &&
        from >= 0 &&
        from <= to &&
        to <= text.length &&
        message.length > 10 &&
        message.length < 600,
    )
  )
}

describe('any text is either an expression or has problems, and nothing throws', () => {
  const PIECES = [
    ...Array.from('?:<>=!&|+-*/.,()[]\'"\\%^{};_ \n\t0123456789eE'),
    ...`&& || == != <= >= in true false 1.5 1e308 1e-320 'a' "b" \\u0041 price size symbol eventTime bid close`.split(
      ' ',
    ),
    ...`constructor __proto__ toString hasOwnProperty s s.price x.price null and not abs( min( first( last(`.split(' '),
    ...`count( prev( bps( duration('5s') duration( seconds( clock() has( orElse( exp( ln( startsWith( (( ))`.split(' '),
    ...`[1,2] ['a','b'] \u2028 \u{1F600} \uD800`.split(' '),
  ]

  test('of any characters', () => {
    expect(isSound('\u0000')).toBe(true)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), isSound), { numRuns: 3000 })
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), isSound), { numRuns: 1000 })
  })

  test('of pieces of the grammar', () => {
    const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(''))
    expect(isSound('s.price > constructor')).toBe(true)
    fc.assert(fc.property(texts, isSound), { numRuns: 6000 })
  })

  test('of expressions with one piece put in or taken out', () => {
    const spoilt = fc
      .tuple(written.truth, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', ...PIECES))
      .map(([{ own }, at, length, piece]) => {
        const from = at % (own.text.length + 1)
        return own.text.slice(0, from) + piece + own.text.slice(from + length)
      })
    expect(isSound('price >')).toBe(true)
    fc.assert(fc.property(spoilt, isSound), { numRuns: 2000 })
  })
})

describe('limits', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}1${')'.repeat(depth)}`
  test.each([
    ['4,096 characters', `1${' '.repeat(4095)}`, `1${' '.repeat(4096)}`],
    ['256 parts', `${'-1 + '.repeat(85)}1`, `${'-1 + '.repeat(85)}-1`],
    ['32 levels of brackets', nested(31), nested(32)],
    ['32 levels of signs', `${'!'.repeat(31)}true`, `${'!'.repeat(32)}true`],
    ['32 levels of calls', `${'abs('.repeat(31)}1${')'.repeat(31)}`, `${'abs('.repeat(32)}1${')'.repeat(32)}`],
    ['32 levels of choices', `${'true ? 1 : '.repeat(31)}1`, `${'true ? 1 : '.repeat(32)}1`],
    ['256 values of a list', `1 in [${'1, '.repeat(255)}1]`, `1 in [${'1, '.repeat(256)}1]`],
  ])('%s are read, one more is E106', (_, most, more) => {
    expect(codesOf(most)).toEqual([])
    expect(codesOf(more)).toEqual(['E106'])
  })

  test('a name of 64 characters is looked up, a longer one is E106', () => {
    expect(codesOf('n'.repeat(64))).toEqual(['E102'])
    expect(codesOf('n'.repeat(65))).toEqual(['E106'])
  })

  test('a long chain of one operator is one level', () => {
    expect(
      valueOf(
        Array.from({ length: 127 }, () => 'price > 1')
          .slice(0, 63)
          .join(' && '),
      ),
    ).toBe(true)
    expect(valueOf(`0${' + 1'.repeat(127)}`)).toBe(127)
  })

  test('the greatest texts that are refused are refused at once', () => {
    for (const piece of ['(', '[', '!', '-', '1+', 'a.', "'", '\\', '"\\', 'f(', 'a?', '1<', '&&', '9', '.', 'a'])
      expect(isSound(piece.repeat(Math.floor(4096 / piece.length)))).toBe(true)
    expect(codesOf('x'.repeat(10_000_000))).toEqual(['E106'])
  })
})

const NOTHING = new Map<string, Expression>()
const number = (value: number | undefined): Expression => ({ type: 'number', read: () => value ?? NaN })
const text = (value: string | undefined): Expression => ({ type: 'string', read: () => value })
const asLets = ({ price, size, eventMs, symbol, side, id }: Values): ReadonlyMap<string, Expression> =>
  new Map([
    ['price', number(price)],
    ['size', number(size)],
    ['eventMs', number(eventMs)],
    ['sequence', number(undefined)],
    ['symbol', text(symbol)],
    ['side', text(side)],
    ['id', text(id)],
  ])

function writtenOut(own: string, of: Values): string {
  const { price, size, eventMs, symbol, side, id } = of
  const absentText = "(1 / 0 > 1 ? 'a' : 'b')"
  const words = new Map([
    ['price', `(${price})`],
    ['size', `(${size})`],
    ['eventMs', eventMs === undefined ? '(0 / 0)' : `(${eventMs})`],
    ['sequence', '(1 / 0)'],
    ['symbol', `'${symbol}'`],
    ['side', side === undefined ? absentText : `'${side}'`],
    ['id', `'${id}'`],
  ])
  return own.replaceAll(/'(?:[^'\\]|\\.)*'|"[^"]*"|[A-Za-z]\w*/g, (word) => words.get(word) ?? word)
}

describe('one meaning', () => {
  const every = (law: (own: string, of: Values) => boolean) =>
    fc.assert(
      fc.property(fc.oneof(written.truth, written.number, written.text), values, ({ own }, of) => {
        fc.pre(!codesOf(own.text, place(['trade'], asLets(of))).includes('E106'))
        return law(own.text, of)
      }),
      { numRuns: 1000 },
    )
  const withFields = (own: string, { eventMs, side, ...fields }: Values) =>
    valueOf(own, place(['trade'], new Map([['eventMs', number(eventMs)]])), frameOf(trade({ ...fields, side })))

  test('a name means the same as a field, as a `let` value and written out', () => {
    expect(writtenOut("price > 'price'", { price: 2, size: 1, eventMs: 1, symbol: '', side: undefined, id: '' })).toBe(
      "(2) > 'price'",
    )
    every((own, of) => {
      const expected = withFields(own, of)
      const constant = writtenOut(own, of)
      const folded = codesOf(constant, place([], NOTHING)).includes('E106')
        ? expected
        : valueOf(constant, place([], NOTHING))
      return same(valueOf(own, place(['trade'], asLets(of))), expected) && same(folded, expected)
    })
  })

  test('a part read alone gives what it gives within the whole', () => {
    expect(valueOf('1 + 2')).toBe(3)
    every((own, of) => {
      const names = place(['trade'], asLets(of))
      const read = readExpression(own, names)
      if (!('node' in read)) return false
      return nodesIn(read.node).every(({ from, to, expression }) =>
        same(valueOf(own.slice(from, to), names), expression.read(frameOf())),
      )
    })
  })

  test('spaces and line ends between the tokens mean nothing', () => {
    const spaced = (own: string) => own.replaceAll(/'(?:[^'\\]|\\.)*'|"[^"]*"|[()<>=!?:+*&|,[\]-]+/g, '\n$& \t')
    expect(valueOf(spaced('1<2'))).toBe(true)
    every((own, of) => {
      const names = place(['trade'], asLets(of))
      const wide = own.replaceAll(/ (?=(?:[^'"]*['"][^'"]*['"])*[^'"]*$)/g, ' \n\t ')
      return wide.length > 4096 || own.includes('\\') || same(valueOf(wide, names), valueOf(own, names))
    })
  })
})
