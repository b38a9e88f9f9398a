import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { connectAllowedAt, delayMs, refusedDelayMs } from '../../producers/backoff.ts'

describe('back-off', () => {
  test.each([
    [0, 500],
    [1, 1000],
    [5, 16_000],
    [6, 30_000],
    [60, 30_000],
    [5000, 30_000],
  ])('after %i failures waits up to %i ms', (attempt, most) => {
    expect(delayMs(attempt, 0)).toBe(0)
    expect(delayMs(attempt, 1)).toBe(most)
    expect(delayMs(attempt, 0.5)).toBe(most / 2)
  })

  test('obeys what a refusing exchange names, else waits one to ten minutes', () => {
    expect(refusedDelayMs(1500, 0.7)).toBe(1500)
    expect([0, 1].map((random) => refusedDelayMs(undefined, random))).toEqual([60_000, 600_000])
  })

  test('never lets more than four fifths of the documented connects happen in their span', () => {
    const spans = fc.array(fc.integer({ min: 0, max: 20_000_000 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(spans, (pauses) => {
        const limit = { count: 5, perMs: 10_000 }
        const attempts: ReturnType<typeof micros>[] = []
        let time = 1_000_000_000
        for (const pause of pauses) {
          time = Math.max(time + pause, connectAllowedAt(attempts, limit, micros(time + pause)))
          attempts.push(micros(time))
        }
        const crowded = attempts.filter(
          (start) => attempts.filter((one) => one >= start && one < start + 10_000_000).length > 4,
        )
        expect(crowded).toEqual([])
      }),
    )
  })
})
