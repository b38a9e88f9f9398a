import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buyRate, conversionOf, sellRate } from '../../../core/arbitrage/conversion.ts'
import {
  boughtOf,
  costOf,
  edgeBpsOf,
  floorLot,
  fractionOf,
  grossBpsOf,
  proceedsOf,
  turned,
  type FeeLaw,
} from '../../../core/arbitrage/edge.ts'
import { walkDepth } from '../../../core/arbitrage/depth.ts'

const law = (bps: number, change: Partial<FeeLaw> = {}): FeeLaw => ({
  fee: fractionOf(bps),
  feeIn: 'quote',
  isInverse: false,
  ...change,
})

const route = (ask: number, bid: number, buy: FeeLaw, sell: FeeLaw, buyAt = 1, sellAt = 1) => {
  const cost = costOf(ask, buyAt, buy)
  const proceeds = proceedsOf(bid, sellAt, sell)
  return { cost, proceeds, grossBps: grossBpsOf(ask * buyAt, bid * sellAt), edgeBps: edgeBpsOf(cost, proceeds) }
}

const expectNear = (value: number, expected: number, relative = 1e-9): void =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(relative * Math.abs(expected))

// The tables of arbitrage.md section 7, typed from the document; the conversions of X4 and X5 bear no fee there.
describe('the golden vectors', () => {
  const usdt = { bid: 0.9985, ask: 0.9992, fee: 0 }

  test.each([
    ['X1', route(100, 100.5, law(10), law(10)), 100.1, 100.3995, 50, 29.9200799201],
    ['X2', route(100, 100.5, law(10, { feeIn: 'base' }), law(10)), 100.1001001001, 100.3995, 50, 29.91005],
    ['X3', route(100, 100.5, law(25), law(25)), 100.25, 100.24875, 50, -0.124688279302],
    ['X4', route(50000, 50150, law(10), law(10), 1, sellRate(usdt, false)), 50050, 50024.700225, 14.955, -5.0549000999],
    ['X4 with USDT = USD', route(50000, 50150, law(10), law(10)), 50050, 50099.85, 30, 9.96003996004],
    [
      'X5',
      route(50000, 50100, law(10), law(10), buyRate(usdt, false)),
      50009.96,
      50049.9,
      28.0224179343,
      7.98640910731,
    ],
    [
      'X7',
      route(1.1, turned({ bid: 0.8, bidSize: 1, ask: 0.9, askSize: 1 }).bid, law(10), law(10, { isInverse: true })),
      1.1011,
      // 1/0.9 = 1.1111...; less the fee by division: 1.11000111000111
      1.11000111000111,
      101.01010101,
      80.8383434848,
    ],
  ])('%s', (_name, got, cost, proceeds, grossBps, edgeBps) => {
    expectNear(got.cost, cost)
    expectNear(got.proceeds, proceeds)
    expectNear(got.grossBps, grossBps, 1e-8)
    expectNear(got.edgeBps, edgeBps, 1e-8)
  })

  test('X1: of sizes 2 and 1 the smaller, with a profit of 0.2995', () => {
    const { cost, proceeds } = route(100, 100.5, law(10), law(10))
    const size = floorLot(Math.min(boughtOf(2, law(10)), 1, 10_000 / cost), 0.001)
    expect(size).toBe(1)
    expectNear(size * (proceeds - cost), 0.2995)
  })

  test('X6: walks three steps of a half into the depth', () => {
    const asks = [100, 1, 100.1, 1, 100.3, 2]
    const bids = [100.6, 0.5, 100.4, 1, 100.2, 3]
    const levels = (flat: readonly number[]) =>
      [0, 2, 4].map((at) => ({ price: flat[at] ?? 0, size: flat[at + 1] ?? 0 }))
    const walked = walkDepth(
      { levels: levels(asks), rate: 1, law: law(10) },
      { levels: levels(bids), rate: 1, law: law(10) },
    )
    expect(walked).toMatchObject({ size: 1.5, steps: 3 })
    expectNear(walked.profit, 0.34925)
  })
})

describe('inverse symbols', () => {
  test('are turned with their sizes: bid 0.9 x 2 becomes ask 1/0.9 x 1.8', () => {
    expect(turned({ bid: 0.9, bidSize: 2, ask: 0.95, askSize: undefined })).toEqual({
      bid: 1 / 0.95,
      bidSize: undefined,
      ask: 1 / 0.9,
      askSize: 1.8,
    })
  })

  test('give up the fee of either kind: of what is bought by division, of what is sold as the exchange takes it', () => {
    // f = 10 %, price 2: buying costs 2/0.9; selling yields 2/1.1, or 2 x 0.9 where the fee is in B.
    const inverse = law(1000, { isInverse: true })
    expectNear(costOf(2, 1, inverse), 2.2222222222)
    expectNear(proceedsOf(2, 1, inverse), 1.8181818182)
    expectNear(proceedsOf(2, 1, { ...inverse, feeIn: 'base' }), 1.8)
    expectNear(boughtOf(5, inverse), 4.5)
  })
})

describe('laws', () => {
  const price = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
  const fee = fc.double({ min: 0, max: 0.05, noNaN: true })

  test('floorLot is a multiple of the lot, not above what it floors, and none lies between', () => {
    const lot = fc.constantFrom(1, 0.5, 0.1, 0.01, 0.001, 1e-5, 1e-8, 5, 10, 100, 0.3)
    const multiples = fc.integer({ min: 0, max: 1_000_000 })
    // On, just below and just above a multiple, where rounding decides.
    const nudge = fc.constantFrom(1, 1 - 2 ** -53, 1 + 2 ** -52, 1 - 2 ** -50, 1 + 2 ** -50, 1.3, 0.7)
    fc.assert(
      fc.property(lot, multiples, nudge, (one, k, by) => {
        const x = (k / (1 / one)) * by
        const floored = floorLot(x, one)
        const count = Math.round(floored / one)
        expect(floored).toBe(count / (1 / one))
        expect(floored).toBeLessThanOrEqual(x)
        expect((count + 1) / (1 / one)).toBeGreaterThan(x)
      }),
      { numRuns: 2000 },
    )
  })

  test('a higher fee of either kind never costs less nor yields more', () => {
    const kinds = fc.record({ feeIn: fc.constantFrom('quote' as const, 'base' as const), isInverse: fc.boolean() })
    fc.assert(
      fc.property(price, fee, fee, kinds, (at, one, other, kind) => {
        const [low, high] = one < other ? [one, other] : [other, one]
        const less = { fee: low, ...kind }
        const more = { fee: high, ...kind }
        expect(costOf(at, 1, more)).toBeGreaterThanOrEqual(costOf(at, 1, less))
        expect(proceedsOf(at, 1, more)).toBeLessThanOrEqual(proceedsOf(at, 1, less))
        expect(costOf(at, 1, less)).toBeGreaterThanOrEqual(at)
        expect(proceedsOf(at, 1, less)).toBeLessThanOrEqual(at)
      }),
    )
  })

  test('a fee in base costs more than the same fee in quote, by its square', () => {
    fc.assert(
      fc.property(price, fee, (ask, f) => {
        const inQuote = costOf(ask, 1, { fee: f, feeIn: 'quote', isInverse: false })
        const inBase = costOf(ask, 1, { fee: f, feeIn: 'base', isInverse: false })
        // a/(1-f) - a(1+f) = a f²/(1-f)
        expect(Math.abs(inBase - inQuote - (ask * f * f) / (1 - f))).toBeLessThanOrEqual(1e-12 * ask)
      }),
    )
  })

  test('a conversion is never better than the middle, turned or not, and worse by the fee', () => {
    fc.assert(
      fc.property(
        price,
        fc.double({ min: 1, max: 1.1, noNaN: true }),
        fee,
        fc.boolean(),
        (bid, spread, f, isTurned) => {
          const top = { bid, ask: bid * spread, fee: f }
          const mid = isTurned ? 1 / ((top.bid + top.ask) / 2) : (top.bid + top.ask) / 2
          expect(buyRate(top, isTurned)).toBeGreaterThanOrEqual(mid * (1 - 1e-15))
          expect(sellRate(top, isTurned)).toBeLessThanOrEqual(mid * (1 + 1e-15))
          expect(buyRate({ ...top, fee: 0.06 }, isTurned)).toBeGreaterThan(buyRate(top, isTurned))
          expect(sellRate({ ...top, fee: 0.06 }, isTurned)).toBeLessThan(sellRate(top, isTurned))
        },
      ),
    )
  })

  test('the walk never trades at a loss, nor more than what stands', () => {
    const level = fc.record({ price: fc.integer({ min: 90, max: 110 }), size: fc.integer({ min: 1, max: 5 }) })
    const levels = fc.array(level, { maxLength: 6 })
    fc.assert(
      fc.property(levels, levels, (up, down) => {
        const asks = up.toSorted((a, b) => a.price - b.price)
        const bids = down.toSorted((a, b) => b.price - a.price)
        const walked = walkDepth({ levels: asks, rate: 1, law: law(0) }, { levels: bids, rate: 1, law: law(0) })
        // Without fees: every unit that is asked below the bid it meets, by an independent unit-by-unit pairing.
        const units = (all: readonly { readonly price: number; readonly size: number }[]): readonly number[] =>
          all.flatMap(({ price: one, size }) => Array.from({ length: size }, () => one))
        const buys = units(asks)
        const gains = units(bids).map((bid, index) => bid - (buys[index] ?? Infinity))
        const good = gains.filter((gain) => gain > 0)
        expect(walked.size).toBe(good.length)
        expect(walked.profit).toBe(good.reduce((sum, gain) => sum + gain, 0))
      }),
    )
  })
})

test('an asset is valued by its own symbol, else by the turned one, never over a third', () => {
  expect(conversionOf('USDT', 'USD', ['USD-USDT', 'USDT-USD'])).toEqual({ symbol: 'USDT-USD', isTurned: false })
  expect(conversionOf('JPY', 'USD', ['USD-JPY'])).toEqual({ symbol: 'USD-JPY', isTurned: true })
  expect(conversionOf('KRW', 'USD', ['KRW-USDT', 'USDT-USD'])).toBeUndefined()
})
