import type { Candle } from '../../core/candle.ts'
import type { Leg, Life, Opportunity } from '../../core/opportunity.ts'
import type { Derived, Origin } from '../../core/processor.ts'
import { MINUTE } from './logged.ts'

/** Builders of what the market processor writes. */
export const origin = (change: Partial<Origin> = {}): Origin => ({
  processor: 'market',
  version: 1,
  partition: 0,
  offset: 0,
  ordinal: 0,
  ...change,
})

export const candle = (change: Partial<Derived<Candle>> = {}): Derived<Candle> => ({
  exchange: 'binance',
  symbol: 'BTC-USDT',
  interval: '1m',
  openTime: MINUTE,
  feed: 'LIVE',
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  volume: 4,
  quoteVolume: 43,
  vwap: 10.75,
  trades: 3,
  origin: origin(),
  ...change,
})

export const leg = (change: Partial<Leg> = {}): Leg => ({
  exchange: 'binance',
  symbol: 'BTC-USDT',
  side: 'BUY',
  price: 100,
  size: 2,
  feeBps: 10,
  feeIn: 'base',
  rate: 1,
  quoteAgeMs: 5,
  confirmedAgeMs: 1,
  lagMs: 2,
  evidence: { partition: 0, offset: 7, eventTime: MINUTE, bid: 99.5, bidSize: 1, ask: 100, askSize: 2 },
  ...change,
})

export const life = (change: Partial<Life> = {}): Life => ({
  openedAt: MINUTE,
  durationMs: 1000,
  updates: 0,
  peakBps: 12,
  peakProfit: 3,
  timeWeightedBps: 9.5,
  profitTime: 2.5,
  ...change,
})

export const opportunity = (change: Partial<Derived<Opportunity>> = {}): Derived<Opportunity> => ({
  opportunityId: 'x:0:1:0',
  kind: 'CROSS_EXCHANGE',
  phase: 'OPEN',
  at: MINUTE,
  feed: 'LIVE',
  base: 'BTC',
  legs: [leg(), leg({ exchange: 'kraken', symbol: 'BTC-USD', side: 'SELL', price: 101 })],
  grossBps: 30,
  edgeBps: 10,
  size: 2,
  notional: 200,
  profit: 0.2,
  numeraire: 'USD',
  costsEpoch: 1,
  ttlMs: 600_000,
  restricted: false,
  life: undefined,
  reason: undefined,
  executableAfter: [],
  origin: origin(),
  ...change,
})
