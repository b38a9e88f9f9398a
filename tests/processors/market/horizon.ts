import type { Output } from '../../../core/processor.ts'
import { MICROS_PER_MINUTE } from '../../../core/time.ts'
import type { MarketOutput } from '../../../processors/market/market.ts'
import { MARKET } from './run.ts'

/** From when on each kind is right, after a start anywhere: the tick sieve 10 min, the ids of trades 10 min, then its own. */
export function marketHorizon({ value }: Output<MarketOutput>): number {
  switch (value.kind) {
    case 'finding':
      // One is told a minute.
      return 21 * MICROS_PER_MINUTE
    case 'candle':
      // Begun up to 10 min ahead, a minute long, 2 s of grace.
      return 31 * MICROS_PER_MINUTE + 2_000_000
    case 'opportunity':
    case 'match':
    case 'alert':
      return MARKET.horizon
  }
}
