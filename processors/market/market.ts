import { ARBITRAGE_DOCUMENT } from '../../core/arbitrage/config.ts'
import { arrivals, type ArrivalsState, type OpenTick } from '../../core/arrivals.ts'
import type { Candle } from '../../core/candle.ts'
import type { Finding } from '../../core/finding.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import { tickKey } from '../../core/partition.ts'
import { MEMORY, SESSION_MEMORY } from '../../core/partition-clock.ts'
import { beside, passing, pipe } from '../../core/pipe.ts'
import type { Emitted, Logged, Processor, Stage } from '../../core/processor.ts'
import { micros, type Micros } from '../../core/time.ts'
import { BEST_HORIZON, bestQuotes, type BestState } from './best-quotes.ts'
import { CANDLES_HORIZON, candles, type CandlesState } from './candles.ts'
import { CROSS_HORIZON, crossExchange } from './cross-exchange/stage.ts'
import type { CrossState } from './cross-exchange/state.ts'
import type { MarketEvent } from './events.ts'
import { quality, type QualityState } from './quality.ts'

/** What the market sub-topology writes. */
export type MarketOutput =
  | { readonly kind: 'candle'; readonly candle: Candle }
  | { readonly kind: 'opportunity'; readonly opportunity: Opportunity }
  | { readonly kind: 'finding'; readonly finding: Finding }

/** Where each kind goes, and which symbols are keyed by their quote asset. */
export type MarketSettings = {
  readonly ticks: string
  readonly candles: string
  readonly opportunities: string
  readonly system: string
  readonly inverses: ReadonlySet<string>
}

type Detected = readonly [readonly [BestState, CrossState], CandlesState]
type State = readonly [ArrivalsState, readonly [QualityState, readonly [Detected, OutputsState]]]
/** T at the tick that is being processed. */
type OutputsState = { now: Micros }

/** Raised whenever the same log gives other bytes. */
const CODE_VERSION = 2

/**
 * A run that begins later may take a dead session's repeat for a first copy for 11 min of T, and by that judge copies of its
 * trades otherwise for 10 min more: only then do the steps after it see the same ticks.
 */
const SIEVES = SESSION_MEMORY + MEMORY

/** Whether a tick carries the configuration, without which no opportunity is looked for. */
export const configuresMarket = ({ value: { payload } }: Logged<OpenTick>): boolean =>
  payload.kind === 'control' && payload.documentId === ARBITRAGE_DOCUMENT

/** Ticks to candles, opportunities and findings; all steps of one partition in one process, without a topic between them. */
export function market(settings: MarketSettings): Processor<State, OpenTick, MarketOutput> {
  return {
    name: 'market',
    codeVersion: CODE_VERSION,
    input: settings.ticks,
    outputs: [settings.candles, settings.opportunities, settings.system],
    horizon: SIEVES + Math.max(CANDLES_HORIZON, CROSS_HORIZON, BEST_HORIZON),
    ...pipe(
      arrivals,
      pipe(quality, pipe(passing(beside(beside(bestQuotes, crossExchange), candles)), outputs(settings))),
    ),
  }
}

/** Addresses what is written; all else ends here. */
const outputs = (settings: MarketSettings): Stage<OutputsState, MarketEvent, Emitted<MarketOutput>> => ({
  initial: () => ({ now: micros(0) }),
  step(state, event, { emit }) {
    const at = (topic: string, key: string, value: MarketOutput): void => emit({ topic, key, time: state.now, value })
    switch (event.kind) {
      case 'tick':
        state.now = event.now
        break
      case 'best':
        break
      case 'candle':
        at(settings.candles, tickKey(event.candle.symbol, settings.inverses), event)
        break
      case 'opportunity':
        at(settings.opportunities, event.opportunity.base, event)
        break
      case 'finding':
        // Found before its tick is passed on.
        state.now = event.finding.at
        at(settings.system, 'market', event)
        break
    }
  },
})
