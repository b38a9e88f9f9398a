import { fold, type Emitted } from '../../../core/processor.ts'
import type { Tick } from '../../../core/tick.ts'
import { market, type MarketOutput } from '../../../processors/market/market.ts'
import { logged } from '../../support/logged.ts'

export const MARKET = market({
  ticks: 'ticks',
  candles: 'candles',
  opportunities: 'opportunities',
  system: 'system',
  matches: 'matches',
  alerts: 'alerts',
  inverses: new Set(['BTC-ETH']),
})

/** The market processor over these ticks: what it wrote, and its counts. */
export function runMarket(...ticks: readonly Tick[]): {
  readonly outputs: readonly Emitted<MarketOutput>[]
  readonly tally: ReadonlyMap<string, number>
} {
  return fold(MARKET, logged(ticks))
}
