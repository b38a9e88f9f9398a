import type {
  CandleEvent,
  CommonFields,
  EventPlace,
  MatchEvent,
  OpportunityEvent,
  TradeEvent,
} from '../../../core/rules/events.ts'
import { micros } from '../../../core/time.ts'

const COMMON: EventPlace & CommonFields = {
  offset: 1,
  at: micros(1_700_000_000_000_000),
  feed: 'SIMULATED',
  exchange: 'kraken',
  symbol: 'BTC-USDT',
  base: 'BTC',
  quoteAsset: 'USDT',
  eventTime: 1_700_000_000_000_000,
  receiveTime: 1_700_000_000_000_000,
  sequence: NaN,
}

export const trade = (more: Partial<TradeEvent> = {}): TradeEvent => ({
  ...COMMON,
  stream: 'trade',
  id: '1',
  side: 'BUY',
  price: 100,
  size: 1,
  ...more,
})

export const candle = (more: Partial<CandleEvent> = {}): CandleEvent => ({
  ...COMMON,
  stream: 'candle',
  interval: '1m',
  openTime: 1_699_999_940_000_000,
  open: 100,
  high: 100,
  low: 100,
  close: 100,
  volume: 1,
  vwap: 100,
  trades: 1,
  logReturn: 0,
  ...more,
})

export const opportunity = (more: Partial<OpportunityEvent> = {}): OpportunityEvent => ({
  ...COMMON,
  stream: 'opportunity',
  opportunityId: 'o',
  kind: 'cross-exchange',
  phase: 'OPEN',
  buyExchange: 'binance',
  sellExchange: 'kraken',
  grossBps: 20,
  edgeBps: 10,
  size: 1,
  profit: 1,
  durationMs: 0,
  peakBps: 10,
  reason: undefined,
  ...more,
})

export const match = (more: Partial<MatchEvent> = {}): MatchEvent => ({
  ...COMMON,
  stream: 'match',
  ruleId: 'r',
  type: 'X',
  phase: 'FIRED',
  severity: 'info',
  ...more,
})
