import { describe, expect, test } from 'vitest'
import { ageText, durationText, priceText, rateText, spreadText } from '../../api/page/format.ts'

describe('numbers on the page', () => {
  test.each([
    ['64000.5', 2, '64,000.50'],
    ['1234567', 0, '1,234,567'],
    ['0.0000001', 2, '0.0000001'],
    ['999.10', 1, '999.10'],
    [undefined, 2, '–'],
  ])('the price %s with %d digits is shown as %s', (text, digits, shown) => expect(priceText(text, digits)).toBe(shown))

  test.each([
    [-5, '0.0 s'],
    [140, '0.1 s'],
    [9940, '9.9 s'],
    [9960, '10 s'],
    [119_000, '119 s'],
    [121_000, '2 min'],
    [7_200_000, '2 h'],
    [3 * 86_400_000, '3 d'],
  ])('the age of %d ms is shown as %s', (ms, shown) => expect(ageText(ms)).toBe(shown))

  test('durations, rates and spreads keep about three digits', () => {
    expect([0.42, 18.4, 999, 1500].map(durationText)).toEqual(['0.4 ms', '18 ms', '999 ms', '1.5 s'])
    expect([0.21, 99.94, 1234.5].map(rateText)).toEqual(['0.2', '99.9', '1,235'])
    expect([0.014, 12.34, 250, undefined].map(spreadText)).toEqual(['0.01', '12.3', '250', '–'])
  })
})
