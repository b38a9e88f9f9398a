import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { noRecentIds, remember } from '../../producers/recent-ids.ts'

const MINUTE = 60_000_000
const START = 30_000_000 * MINUTE
const at = (minutes: number) => micros(START + Math.round(minutes * MINUTE))

describe('recent ids', () => {
  test('know a number as long as a plain set would that is emptied by age', () => {
    const ids = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 3 })), { maxLength: 200 })
    fc.assert(
      fc.property(ids, (list) => {
        const recent = noRecentIds()
        const seen = new Map<number, number>()
        let minute = 0
        for (const [id, later] of list) {
          minute += later
          const last = seen.get(id)
          const isNew = last === undefined || last < minute - 10
          expect(remember(recent, id, String(id), at(minute))).toBe(isNew)
          if (isNew) seen.set(id, minute)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('know ids that are no numbers by their text', () => {
    const recent = noRecentIds()
    const news = ['a', 'b', 'a', 'USDC-40369182', 'USDC-40369182'].map((id) => remember(recent, 0, id, at(0)))
    expect(news).toEqual([true, true, false, true, false])
  })

  test('keep a million contiguous ids in a few runs', () => {
    const recent = noRecentIds()
    for (let id = 1; id <= 1_000_000; id++) remember(recent, id, '', at(id / 100_000))
    expect(recent.buckets.reduce((sum, { runs }) => sum + runs.length, 0)).toBeLessThanOrEqual(22)
    expect(remember(recent, 999_999, '', at(10))).toBe(false)
  })

  test('stay bounded by time when ids leave holes', () => {
    const recent = noRecentIds()
    for (let minute = 0; minute < 100; minute++)
      for (let i = 0; i < 100; i++) remember(recent, (minute * 100 + i) * 7 + 1, '', at(minute))
    expect(recent.buckets.reduce((sum, { runs }) => sum + runs.length, 0)).toBeLessThanOrEqual(11 * 200)
  })

  test('survive a clock that steps back', () => {
    const recent = noRecentIds()
    expect([5, 4, 3].map((minute) => remember(recent, 1, '1', at(minute)))).toEqual([true, false, false])
  })
})
