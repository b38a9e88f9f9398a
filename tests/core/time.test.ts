import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromIso, micros, toIso } from '../../core/time.ts'

describe('time', () => {
  test('cuts nanoseconds to microseconds instead of rounding them', () => {
    expect(fromIso('2026-11-20T10:15:30.123456999Z')).toBe(1795169730123456)
  })

  test.each([
    ['2026-11-20T10:15:30Z', 1795169730000000],
    ['2026-11-20T10:15:30.1Z', 1795169730100000],
    ['1970-01-01T00:00:00Z', 0],
  ])('reads %s', (text, value) => expect(fromIso(text)).toBe(value))

  test.each([
    '',
    '2026-11-20',
    '2026-11-20T10:15:30',
    '2026-11-20T10:15:30+01:00',
    '2026-13-20T10:15:30Z',
    '0001-01-01T00:00:00Z',
    'now',
  ])('refuses %j', (text) => expect(fromIso(text)).toBeUndefined())

  test('prints what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (value) => {
        expect(fromIso(toIso(micros(value)))).toBe(value)
      }),
    )
  })

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('%d is no time', (value) =>
    expect(() => micros(value)).toThrow(RangeError),
  )
})
