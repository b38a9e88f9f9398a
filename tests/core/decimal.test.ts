import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDecimal, printsBack } from '../../core/decimal.ts'

describe('decimal', () => {
  test.each([
    ['91234.50000000', 91234.5],
    ['0.00000123', 0.00000123],
    ['1e-7', 1e-7],
    ['.5', 0.5],
    ['100', 100],
  ])('reads %s, and it prints back', (text, value) => {
    expect(parseDecimal(text)).toBe(value)
    expect(printsBack(text, value)).toBe(true)
  })

  test.each(['', ' 1', '1 ', 'NaN', 'Infinity', '1e400', '0x10', '1,5', '--1', '1.2.3', '1e', 'null'])(
    'refuses %j',
    (text) => expect(parseDecimal(text)).toBeUndefined(),
  )

  test('tells a price that would become another price', () => {
    expect(printsBack('0.1234567890123456789', Number('0.1234567890123456789'))).toBe(false)
    expect(printsBack('9007199254740993', Number('9007199254740993'))).toBe(false)
  })

  test('keeps a long price that is its double', () =>
    expect(printsBack('9007199254740992.0000', 9007199254740992)).toBe(true))

  test('reads every price of at most fifteen significant digits exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 999_999_999_999_999n), fc.integer({ min: 0, max: 14 }), (digits, places) => {
        const text = digits.toString().padStart(places + 1, '0')
        const price = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
        const padded = `${price}${places === 0 ? '.' : ''}000`
        const value = parseDecimal(padded)
        // BigInt arithmetic is the outside judge: the double's own decimal text must denote the same number.
        expect(value).toBe(Number(price))
        expect(printsBack(price, Number(price))).toBe(true)
        expect(printsBack(padded, Number(price))).toBe(true)
        const [mantissa = '', exponent = '0'] = String(value).split('e')
        const [whole = '', fraction = ''] = mantissa.split('.')
        const scale = BigInt(places + 30)
        const asInteger = BigInt(whole + fraction) * 10n ** (scale + BigInt(exponent) - BigInt(fraction.length))
        expect(asInteger).toBe(digits * 10n ** (scale - BigInt(places)))
      }),
    )
  })
})
