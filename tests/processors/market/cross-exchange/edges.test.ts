import { describe, expect, test } from 'vitest'
import type { ArbitrageConfig, SymbolTerms } from '../../../../core/arbitrage/config.ts'
import { at, beat, brief, configured, edge, FREE, free, missing, quoted, rated, runCross, type Row } from './rig.ts'

const beats = (...millis: readonly number[]): readonly Row[] =>
  millis.flatMap((when) => ['binance', 'coinbase', 'kraken'].map((exchange) => beat(when, exchange)))
const start = (change: Partial<ArbitrageConfig> = {}): readonly Row[] => [
  configured(-1, { ...FREE, ...change }),
  ...beats(-1),
]
const written = (...rows: readonly Row[]): readonly string[] => brief(runCross(...rows).written)
const closings = (...rows: readonly Row[]): readonly string[] =>
  written(...rows).filter((one) => one.startsWith('CLOSE'))

describe('guards that fail at one moment: the first in order is named', () => {
  const sold = (millis: number): Row => quoted(millis, 'kraken', { bid: 10_020, ask: 20_000 })
  const bought = (millis: number): Row => quoted(millis, 'binance', { bid: 9000, ask: 10_000 })

  test('of one leg', () => {
    // Kraken beat last at -1 and was quoted 1 s after: silent for 3 s and unconfirmed for 2 s at 2999.
    expect(closings(...start(), ...edge(0, 20), sold(999), beat(1500, 'binance'), beat(3500, 'gate'))).toEqual([
      'CLOSE 2999 20 down',
    ])
  })

  test('of both, whichever of them it is', () => {
    const until = [beat(999, 'kraken'), bought(1500), beat(3500, 'gate')]
    expect(closings(...start(), ...edge(0, 20), beat(999, 'binance'), sold(1500), beat(3500, 'gate'))).toEqual([
      'CLOSE 2999 20 down',
    ])
    expect(closings(...start(), ...edge(0, 20), ...until)).toEqual(['CLOSE 2999 20 down'])
  })
})

describe('bounds are where the document puts them', () => {
  test('a leg exactly maxLag behind holds, a millisecond more does not', () => {
    const late = (exchange: string, lag: number): readonly string[] => {
      const sides = exchange === 'kraken' ? { bid: 10_020, ask: 20_000 } : { bid: 9000, ask: 10_000 }
      const quote = quoted(700, exchange, sides, { eventTime: at(700 - lag) })
      return closings(...start({ maxSkewMs: 1000 }), ...edge(0, 20), quote)
    }
    expect(['binance', 'kraken'].map((exchange) => late(exchange, 500))).toEqual([[], []])
    expect(['binance', 'kraken'].map((exchange) => late(exchange, 501))).toEqual([
      ['CLOSE 700 20 lag'],
      ['CLOSE 700 20 lag'],
    ])
  })

  test('a size that changed by exactly updateSize is news', () => {
    const sized = (millis: number, bidSize: number): Row =>
      quoted(millis, 'kraken', { bid: 10_020, bidSize, ask: 20_000 })
    const bought = quoted(0, 'binance', { bid: 9000, ask: 10_000, askSize: 100 })
    const change = (bidSize: number): readonly string[] =>
      written(...start({ cap: 1e9 }), bought, sized(0, 50), sized(300, bidSize))
    expect([change(60), change(59)]).toEqual([['OPEN 200 20', 'UPDATE 300 20'], ['OPEN 200 20']])
  })

  test('a Rate of 60 s ago converts nothing', () => {
    const seconds = Array.from({ length: 60 }, (_, index) => 999 + index * 1000)
    const opening = (millis: number): readonly Row[] => [
      quoted(millis, 'binance', { bid: 9000, ask: 10_000 }),
      quoted(millis, 'coinbase', { bid: 10_020, ask: 20_000 }, { symbol: 'BTC-USD' }),
    ]
    const rows = [...start({ minHoldMs: 0 }), rated(0, 'kraken', { bid: 1, ask: 1 }), ...beats(...seconds)]
    expect(written(...rows.slice(0, -3), ...opening(59_998))).toEqual(['OPEN 59998 20'])
    expect(written(...rows, ...opening(60_000))).toEqual([])
  })
})

describe('money', () => {
  test('moving the asset is taken off the profit', () => {
    const [opening] = runCross(...start({ transferCost: 5 }), ...edge(0, 20), beat(300, 'gate')).written
    expect(opening?.profit).toBeCloseTo(15, 9)
  })

  test('a new configuration prices the Rates that stand, too', () => {
    const dear = { ...FREE, exchanges: { ...FREE.exchanges, kraken: free({ takerFeeBps: 10 }) } }
    const { written: all } = runCross(
      ...start({ minHoldMs: 0 }),
      rated(0, 'kraken', { bid: 1, ask: 1 }),
      quoted(1, 'binance', { bid: 9000, ask: 10_000 }),
      quoted(2, 'coinbase', { bid: 10_040, ask: 20_000 }, { symbol: 'BTC-USD' }),
      configured(3, { ...dear, minHoldMs: 0 }, { epoch: 8 }),
      beat(4, 'binance'),
    )
    expect(all.map(({ phase, legs }) => [phase, legs[0]?.rate])).toEqual([
      ['OPEN', 1],
      ['CLOSE', 1],
      ['OPEN', 1.001],
    ])
  })

  // BTC-ETH with bid 20: one ETH costs 0.05 BTC. Kraken takes one ETH, which is 0.05 BTC there, or one ETH's worth.
  const inverted = (terms: Partial<SymbolTerms>): readonly (readonly [string, number])[] => {
    const own = { 'BTC-ETH': { lot: 0, minQty: 0, minNotional: 0, ...terms } }
    const document: ArbitrageConfig = {
      ...FREE,
      inverses: ['BTC-ETH'],
      minHoldMs: 0,
      exchanges: { ...FREE.exchanges, binance: free({ symbols: own }) },
      currencies: { BTC: { cap: 10, minProfit: 0, transferCost: 0 } },
    }
    return runCross(
      ...start(document),
      quoted(0, 'binance', { bid: 20, bidSize: 3, ask: 40, askSize: 1 }, { symbol: 'BTC-ETH' }),
      quoted(0, 'kraken', { bid: 0.0501, bidSize: 1, ask: 0.06, askSize: 1 }, { symbol: 'ETH-BTC' }),
    ).written.map(({ phase, size }) => [phase, size])
  }

  test('of an inverse symbol lot, least quantity and least notional are tested in its own units, and nothing is rounded', () => {
    expect(inverted({ lot: 0.03, minQty: 0.03 })).toEqual([['OPEN', 1]])
    expect(inverted({ lot: 0.03, minQty: 0.04 })).toEqual([])
    expect(inverted({ minNotional: 0.9 })).toEqual([['OPEN', 1]])
    expect(inverted({ minNotional: 1.1 })).toEqual([])
  })
})

describe('what lives on one route', () => {
  test('goes on when another exchange is quoted for the first time', () => {
    const sold = (millis: number, bid: number): Row => quoted(millis, 'kraken', { bid, ask: 10_030 })
    const first = quoted(300, 'coinbase', { bid: 9995, ask: 10_025 })
    const bought = quoted(0, 'binance', { bid: 9990, ask: 10_000 })
    expect(written(...start(), bought, sold(0, 10_020), first, sold(400, 10_001))).toEqual([
      'OPEN 200 20',
      'CLOSE 400 1 edge',
    ])
  })

  test('opens in the order of names at one moment, whoever was quoted first', () => {
    const { written: all } = runCross(
      ...start({ closeBps: 0 }),
      quoted(0, 'kraken', { bid: 9990, ask: 10_000 }),
      quoted(0, 'coinbase', { bid: 10_030, ask: 10_031 }),
      quoted(0, 'binance', { bid: 10_060, ask: 10_061 }),
      beat(300, 'gate'),
    )
    expect(all.map(({ legs }) => legs.map(({ exchange }) => exchange).join(' '))).toEqual([
      'coinbase binance',
      'kraken binance',
      'kraken coinbase',
    ])
  })

  test('is told again after a while by heartbeats and its own evaluations, not by what befalls others', () => {
    const other = missing(1300, 'coinbase', { reason: 'STALL' })
    expect(written(...start(), ...edge(0, 20), other)).toEqual(['OPEN 200 20'])
    expect(written(...start(), ...edge(0, 20), other, beat(1301, 'coinbase'))).toEqual([
      'OPEN 200 20',
      'UPDATE 1301 20',
    ])
  })

  test('ends where the Rate it is converted by is taken back, be it by a gap of that symbol alone', () => {
    const converted = [
      ...start(),
      rated(0, 'coinbase', { bid: 1, ask: 1 }),
      quoted(0, 'binance', { bid: 9000, ask: 10_000 }),
      quoted(0, 'kraken', { bid: 10_020, ask: 20_000 }, { symbol: 'BTC-USD' }),
    ]
    const lost = (symbol: string): Row => missing(300, 'coinbase', { reason: 'SEQUENCE' }, { symbol })
    expect(closings(...converted, lost('USDT-USD'))).toEqual(['CLOSE 300 20 rate'])
    expect(closings(...converted, lost('ADA-USD'))).toEqual([])
  })
})
