import { expect, test } from 'vitest'
import { at, beat, brief, configured, edge, FREE, free, quoted, runCross, type Row } from './rig.ts'

const beats = (...millis: readonly number[]): readonly Row[] =>
  millis.flatMap((when) => [beat(when, 'binance'), beat(when, 'kraken'), beat(when, 'coinbase')])
const fees = (bps: number) => ({
  ...FREE,
  exchanges: {
    binance: free({ takerFeeBps: bps }),
    kraken: free({ takerFeeBps: bps, restricted: true }),
    coinbase: free({ takerFeeBps: bps }),
  },
})

test('a record says all that is needed to check it', () => {
  const { written } = runCross(
    configured(-1, fees(10)),
    ...beats(-1),
    quoted(0, 'binance', { bid: 99.9, bidSize: 7, ask: 100, askSize: 2 }, { eventTime: at(-40), feed: 'RECORDED' }),
    quoted(10, 'kraken', { bid: 100.5, bidSize: 1, ask: 100.6, askSize: 3 }, { eventTime: at(-20), feed: 'SIMULATED' }),
    beat(100, 'binance'),
    beat(300, 'gate'),
  )
  // X1 of arbitrage.md: C 100.1, P 100.3995; sizes 2 and 1: size 1, profit 0.2995, below the least of 1.
  expect(written).toEqual([])
  const paid = runCross(
    configured(-1, { ...fees(10), minProfit: 0.25 }),
    ...beats(-1),
    quoted(0, 'binance', { bid: 99.9, bidSize: 7, ask: 100, askSize: 2 }, { eventTime: at(-40), feed: 'RECORDED' }),
    quoted(10, 'kraken', { bid: 100.5, bidSize: 1, ask: 100.6, askSize: 3 }, { eventTime: at(-20), feed: 'SIMULATED' }),
    beat(100, 'binance'),
    beat(300, 'gate'),
  ).written
  expect(paid).toEqual([
    {
      // Offsets: 0 control, 1 to 3 heartbeats, 4 and 5 the quotes.
      opportunityId: 'x:2:5:0',
      kind: 'CROSS_EXCHANGE',
      phase: 'OPEN',
      at: at(210),
      feed: 'SIMULATED',
      base: 'BTC',
      legs: [
        {
          exchange: 'binance',
          symbol: 'BTC-USDT',
          side: 'BUY',
          price: 100,
          size: 2,
          feeBps: 10,
          feeIn: 'quote',
          rate: 1,
          quoteAgeMs: 210,
          confirmedAgeMs: 110,
          lagMs: 0,
          evidence: { partition: 2, offset: 4, eventTime: at(-40), bid: 99.9, bidSize: 7, ask: 100, askSize: 2 },
        },
        {
          exchange: 'kraken',
          symbol: 'BTC-USDT',
          side: 'SELL',
          price: 100.5,
          size: 1,
          feeBps: 10,
          feeIn: 'quote',
          rate: 1,
          quoteAgeMs: 200,
          confirmedAgeMs: 200,
          lagMs: 0,
          evidence: { partition: 2, offset: 5, eventTime: at(-20), bid: 100.5, bidSize: 1, ask: 100.6, askSize: 3 },
        },
      ],
      grossBps: 50,
      edgeBps: expect.closeTo(29.9200799201, 9),
      size: 1,
      notional: expect.closeTo(100.1, 9),
      profit: expect.closeTo(0.2995, 9),
      // Nothing is converted, so amounts are in what both sides are quoted in.
      numeraire: 'USDT',
      costsEpoch: 7,
      ttlMs: 600_000,
      restricted: true,
      life: undefined,
      reason: undefined,
      executableAfter: [],
    },
  ])
})

test('a life is summed up by what was last evaluated', () => {
  const { written } = runCross(configured(-1), ...beats(-1), ...edge(0, 20), ...edge(300, 30), ...edge(500, 1))
  // 100 ms at 20 and 200 ms at 30 bps of 10,000 x 1: profit 20 and 30.
  expect(written.at(-1)).toMatchObject({
    life: {
      openedAt: at(200),
      durationMs: 300,
      updates: 1,
      peakBps: expect.closeTo(30, 9),
      peakProfit: expect.closeTo(30, 9),
      timeWeightedBps: expect.closeTo(8000 / 300, 9),
      profitTime: expect.closeTo(0.1 * 20 + 0.2 * 30, 9),
    },
  })
})

test('the cap bounds what is put in, lots what is left, of both exchanges the coarser', () => {
  const lot = (size: number) => ({ 'BTC-USDT': { lot: size, minQty: 0, minNotional: 0 } })
  const exchanges = { binance: free({ symbols: lot(0.01) }), kraken: free({ symbols: lot(0.3) }) }
  const { written } = runCross(
    configured(-1, { ...FREE, exchanges, cap: 8500 }),
    ...beats(-1),
    ...edge(0, 20),
    beat(300, 'gate'),
  )
  // 8,500 / 10,000 = 0.85; two lots of 0.3 are 0.6 (2 / (1 / 0.3) in doubles).
  expect(written[0]?.size).toBeCloseTo(0.6, 12)
  expect(written[0]?.notional).toBeCloseTo(6000, 6)
})

test('a size that changed by a fifth is news, one by less is none', () => {
  const sized = (millis: number, bidSize: number): Row =>
    quoted(millis, 'kraken', { bid: 10_020, bidSize, ask: 20_000 })
  const { written } = runCross(
    configured(-1),
    ...beats(-1),
    ...edge(0, 20),
    sized(300, 0.81),
    sized(400, 0.79),
    sized(500, 0.94),
    sized(600, 0.95),
  )
  expect(brief(written)).toEqual(['OPEN 200 20', 'UPDATE 400 20', 'UPDATE 600 20'])
  expect(written.map(({ size }) => size)).toEqual([1, 0.79, 0.95])
})

test('one quote makes candidates in the order of routes: buying exchange and symbol, then selling ones', () => {
  const { written } = runCross(
    configured(-1),
    ...beats(-1),
    quoted(0, 'kraken', { bid: 10_030, ask: 10_040 }),
    quoted(0, 'coinbase', { bid: 10_020, ask: 10_040 }),
    quoted(0, 'binance', { bid: 9990, ask: 10_000 }),
    beat(300, 'gate'),
  )
  expect(written.map(({ opportunityId, legs }) => [opportunityId, legs[1]?.exchange])).toEqual([
    ['x:2:6:0', 'coinbase'],
    ['x:2:6:1', 'kraken'],
  ])
})

test('without a hold it opens with the record that makes it', () => {
  const { written } = runCross(configured(-1, { ...FREE, minHoldMs: 0 }), ...beats(-1), ...edge(0, 20))
  expect(brief(written)).toEqual(['OPEN 0 20'])
})

test('an inverse symbol is turned: buying A sells B at its bid, in its own units', () => {
  // BTC-ETH (inverse of ETH-BTC) with bid 20: one ETH costs 1/20 = 0.05 BTC. ETH-BTC bid 0.0501: 20 bps more.
  const inverse = { symbol: 'BTC-ETH' }
  const { written } = runCross(
    configured(-1, { ...FREE, inverses: ['BTC-ETH'], currencies: { BTC: { cap: 10, minProfit: 0, transferCost: 0 } } }),
    ...beats(-1),
    quoted(0, 'binance', { bid: 20, bidSize: 3, ask: 40, askSize: 1 }, inverse),
    quoted(0, 'kraken', { bid: 0.0501, bidSize: 100, ask: 0.06, askSize: 1 }, { symbol: 'ETH-BTC' }),
    beat(300, 'gate'),
  )
  expect(written).toHaveLength(1)
  expect(written[0]).toMatchObject({
    base: 'ETH',
    numeraire: 'BTC',
    // Three BTC at 20 are 60 ETH.
    size: 60,
    legs: [
      { exchange: 'binance', symbol: 'BTC-ETH', side: 'BUY', price: 20, size: 60 },
      { exchange: 'kraken', symbol: 'ETH-BTC', side: 'SELL', price: 0.0501, size: 100 },
    ],
  })
  expect(written[0]?.edgeBps).toBeCloseTo(20, 9)
})

test('a fee in base leaves less to sell', () => {
  const exchanges = { binance: free({ takerFeeBps: 1, feeIn: 'base' }), kraken: free() }
  const { written } = runCross(
    configured(-1, { ...FREE, exchanges, cap: 1e9 }),
    ...beats(-1),
    ...edge(0, 20),
    beat(300, 'gate'),
  )
  // Of one bought 0.9999 arrive.
  expect(written[0]?.size).toBeCloseTo(0.9999, 12)
})

test('a new configuration is in force for the next evaluation, with its epoch', () => {
  const { written } = runCross(
    configured(-1),
    ...beats(-1),
    ...edge(0, 20),
    beat(300, 'gate'),
    configured(300, { ...FREE, openBps: 15 }, { epoch: 8 }),
    ...edge(400, 14),
    ...edge(700, 16),
    beat(1000, 'gate'),
  )
  expect(brief(written)).toEqual(['OPEN 200 20', 'CLOSE 300 20 config', 'OPEN 900 16'])
  expect(written.map(({ costsEpoch }) => costsEpoch)).toEqual([7, 7, 8])
  // Cut by us: whether it would still have been there nobody knows.
  expect(written[1]?.executableAfter).toEqual([
    { delayMs: 50, edgeBps: expect.closeTo(20, 9), executable: true },
    { delayMs: 100, edgeBps: expect.closeTo(20, 9), executable: true },
    { delayMs: 250, edgeBps: undefined, executable: undefined },
    { delayMs: 500, edgeBps: undefined, executable: undefined },
  ])
})
