import { describe, expect, test } from 'vitest'
import { EXTREMES, SUM, vwap, WEIGHTED, type Aggregate } from '../../../core/windows/aggregate.ts'
import {
  betaOf,
  CO_MOMENTS,
  correlationOf,
  meanOf,
  MOMENTS,
  sdOf,
  slopeTime,
  varianceOf,
} from '../../../core/windows/moments.ts'

const sumOf = <Acc, X>({ add, empty }: Aggregate<Acc, X>, values: readonly X[]): Acc =>
  values.reduce((acc, x) => add(acc, x), empty)
/** In three parts of which one is empty. */
const mergedOf = <Acc, X>(one: Aggregate<Acc, X>, values: readonly X[], cut: number): Acc =>
  one.merge(one.merge(sumOf(one, values.slice(0, cut)), one.empty), sumOf(one, values.slice(cut)))

/** NIST StRD, univariate summary statistics, NumAcc1 to NumAcc4: 1,001 values with a certified mean and standard deviation. */
const numAcc = (base: number, digit: number): readonly number[] => [
  base + 2 * digit,
  ...Array.from({ length: 1000 }, (_, i) => base + (i % 2 === 0 ? 1 : 3) * digit),
]

describe('moments', () => {
  test.each([
    ['NumAcc1', [10_000_001, 10_000_003, 10_000_002], 10_000_002, 1, 1e-15],
    ['NumAcc2', numAcc(1, 0.1), 1.2, 0.1, 1e-13],
    // Doubles next to 1,000,000.1 are 1e-10 apart: the certified value is reached as far as the input holds it.
    ['NumAcc3', numAcc(1_000_000, 0.1), 1_000_000.2, 0.1, 1e-8],
    ['NumAcc4', numAcc(10_000_000, 0.1), 10_000_000.2, 0.1, 1e-7],
  ] as const)(
    'have the mean and deviation that NIST certifies for %s, added or merged',
    (_, values, mean, sd, near) => {
      for (const one of [sumOf(MOMENTS, values), mergedOf(MOMENTS, values, 1), mergedOf(MOMENTS, values, 2)]) {
        expect(Math.abs((meanOf(one) ?? 0) / mean - 1)).toBeLessThan(1e-14)
        expect(Math.abs((sdOf(one) ?? 0) / sd - 1)).toBeLessThan(near)
      }
    },
  )

  test('have no mean of nothing and no deviation of one', () => {
    const one = sumOf(MOMENTS, [5])
    expect([meanOf(MOMENTS.empty), meanOf(one), varianceOf(one), sdOf(one)]).toEqual([
      undefined,
      5,
      undefined,
      undefined,
    ])
    expect([varianceOf(sumOf(MOMENTS, [1, 3])), sdOf(sumOf(MOMENTS, [4, 4]))]).toEqual([2, 0])
  })

  test('of pairs give the line and correlation of Anscombe, the first of his four', () => {
    // F. J. Anscombe, Graphs in Statistical Analysis, 1973; as R's lm and cor print them.
    const xs = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    const ys = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    const pairs = xs.map((x, index) => ({ x, y: ys[index] ?? 0 }))
    for (const one of [sumOf(CO_MOMENTS, pairs), mergedOf(CO_MOMENTS, pairs, 4)]) {
      expect(betaOf(one)).toBeCloseTo(0.500_090_9, 7)
      expect(correlationOf(one)).toBeCloseTo(0.816_420_5, 7)
      expect(one.mx).toBeCloseTo(9, 14)
    }
  })

  test('of pairs give nothing where a line has no slope', () => {
    const still = sumOf(CO_MOMENTS, [
      { x: 1, y: 1 },
      { x: 1, y: 2 },
    ])
    const flat = sumOf(CO_MOMENTS, [
      { x: 1, y: 1 },
      { x: 2, y: 1 },
    ])
    expect([betaOf(still), correlationOf(still)]).toEqual([undefined, undefined])
    expect([betaOf(flat), correlationOf(flat)]).toEqual([0, undefined])
    expect(betaOf(sumOf(CO_MOMENTS, [{ x: 1, y: 1 }]))).toBeUndefined()
  })

  test('count a slope in units per second', () => {
    const at = 1_795_169_700_000_000
    const rising = [0, 1, 2].map((s) => ({ x: slopeTime(at + s * 1_000_000), y: 100 + 3 * s }))
    expect(betaOf(sumOf(CO_MOMENTS, rising))).toBe(3)
  })
})

describe('aggregates', () => {
  test('add up, weigh and find the extremes', () => {
    expect(sumOf(SUM, [1, 2, 3.5])).toEqual({ n: 3, sum: 6.5 })
    // 10 x 1 + 12 x 3 = 46 for 4 units.
    const sold = sumOf(WEIGHTED, [
      { price: 10, size: 1 },
      { price: 12, size: 3 },
    ])
    expect([sold, vwap(sold), vwap(WEIGHTED.empty)]).toEqual([{ n: 2, volume: 4, quoteVolume: 46 }, 11.5, undefined])
    expect(sumOf(EXTREMES, [3, -1, 2])).toEqual({ n: 3, min: -1, max: 3 })
  })

  test('are not changed by merging with nothing, bit for bit', () => {
    for (const one of [sumOf(SUM, [0.1, 0.2]), { n: 1, sum: -0 }]) {
      expect(SUM.merge(SUM.empty, one)).toStrictEqual(one)
      expect(SUM.merge(one, SUM.empty)).toStrictEqual(one)
    }
    const pairs = sumOf(CO_MOMENTS, [{ x: 0.1, y: 0.3 }])
    expect([CO_MOMENTS.merge(CO_MOMENTS.empty, pairs), CO_MOMENTS.merge(pairs, CO_MOMENTS.empty)]).toStrictEqual([
      pairs,
      pairs,
    ])
    const moments = sumOf(MOMENTS, [0.1, 0.7])
    expect([MOMENTS.merge(MOMENTS.empty, moments), MOMENTS.merge(moments, MOMENTS.empty)]).toStrictEqual([
      moments,
      moments,
    ])
  })
})
