import type { Evidence, Match } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import { origin } from './derived.ts'
import { MINUTE } from './logged.ts'

/** Builders of what rules write. */
export const evidence = (change: Partial<Evidence> = {}): Evidence => ({
  stream: 'trade',
  offset: 7,
  at: MINUTE,
  exchange: 'binance',
  symbol: 'BTC-USDT',
  ...change,
})

export const match = (change: Partial<Derived<Match>> = {}): Derived<Match> => ({
  ruleId: 'price-spike',
  ruleVersion: 1,
  ruleSetHash: '9f86d081',
  shadow: false,
  type: 'PRICE_SPIKE',
  phase: 'FIRED',
  reason: undefined,
  severity: 'warning',
  key: { exchange: 'binance', symbol: 'BTC-USDT' },
  base: 'BTC',
  exchange: 'binance',
  symbol: 'BTC-USDT',
  at: MINUTE,
  feed: 'LIVE',
  fields: { changeBps: 52.25 },
  inputs: { mean: 100.5 },
  evidence: [evidence()],
  suppressed: 0,
  origin: origin(),
  ...change,
})
