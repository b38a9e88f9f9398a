import { describe, expect, test } from 'vitest'
import { delayMs, longDelayMs, refusedDelayMs, restartDelayMs } from '../../producers/backoff.ts'

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

  test('gives a service that restarts five to thirty seconds', () => {
    expect([0, 1].map(restartDelayMs)).toEqual([5000, 30_000])
  })

  test('waits for a minute at least half, doubled to ten minutes, when what we do is objected to', () => {
    expect([0, 1, 2, 3, 4, 60].map((attempt) => longDelayMs(attempt, 1))).toEqual(
      [1, 2, 4, 8, 10, 10].map((minutes) => minutes * 60_000),
    )
    expect([0, 60].map((attempt) => longDelayMs(attempt, 0))).toEqual([30_000, 300_000])
  })
})
