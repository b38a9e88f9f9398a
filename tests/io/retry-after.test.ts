import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retryAfterMs } from '../../io/retry-after.ts'

const NOW = Date.UTC(2026, 10, 21, 15, 0, 0)
const wait = (retryAfter: string | null | undefined, date?: string) => retryAfterMs({ retryAfter, date }, NOW)

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['1.2345', 1235],
    ['Sat, 21 Nov 2026 15:02:00 GMT', 120_000],
    ['Saturday, 21-Nov-26 15:02:00 GMT', 120_000],
    ['Sat Nov 21 15:02:00 2026 GMT', 120_000],
    ['Sat, 21 Nov 2026 14:00:00 GMT', 0],
    ['9'.repeat(400), 30 * 24 * 3_600_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 30 * 24 * 3_600_000],
  ])('%j is %d ms', (header, ms) => {
    expect(wait(header)).toBe(ms)
  })

  test.each([null, undefined, '', 'soon', '-1', '1e9', 'NaN', '0x10', 'Someday, 99 Nov 2026'])(
    '%j says nothing',
    (header) => {
      expect(wait(header)).toBeUndefined()
    },
  )

  test('as a date is measured by the server’s clock where ours is ahead of it', () => {
    expect(wait('Sat, 21 Nov 2026 15:02:00 GMT', 'Sat, 21 Nov 2026 14:55:00 GMT')).toBe(7 * 60_000)
    expect(wait('Sat, 21 Nov 2026 15:02:00 GMT', 'never')).toBe(2 * 60_000)
  })

  test('never ends before the date, whichever clock is ahead', () => {
    const minutes = fc.integer({ min: 0, max: 10_000 })
    fc.assert(
      fc.property(minutes, fc.integer({ min: -600, max: 600 }), (later, skew) => {
        const text = (ms: number) => new Date(ms).toUTCString()
        const server = NOW + skew * 1000
        const until = server + later * 60_000
        expect(wait(text(until), text(server))).toBeGreaterThanOrEqual(later * 60_000)
      }),
    )
  })

  test('of any text is nothing or a wait of at most thirty days', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (header, date) => {
        const ms = retryAfterMs({ retryAfter: header, date }, NOW) ?? 0
        expect(ms >= 0 && ms <= 30 * 24 * 3_600_000).toBe(true)
      }),
    )
  })
})
