import type { Alert } from '../../core/alert.ts'
import { ARBITRAGE_DOCUMENT } from '../../core/arbitrage/config.ts'
import { arrivals, type ArrivalsState, type OpenTick } from '../../core/arrivals.ts'
import type { Candle } from '../../core/candle.ts'
import type { Finding } from '../../core/finding.ts'
import type { Match } from '../../core/match.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import { tickKey } from '../../core/partition.ts'
import { MEMORY, SESSION_MEMORY } from '../../core/partition-clock.ts'
import { beside, passing, pipe } from '../../core/pipe.ts'
import type { Emitted, Logged, Processor, Stage } from '../../core/processor.ts'
import { BEST_HORIZON, bestQuotes, type BestState } from './best-quotes.ts'
import { CANDLES_HORIZON, candles, type CandlesState } from './candles.ts'
import { CROSS_HORIZON, crossExchange } from './cross-exchange/stage.ts'
import type { CrossState } from './cross-exchange/state.ts'
import { gathered } from './gathered.ts'
import { quality, type QualityState } from './quality.ts'
import { marketRules, rulesHorizon, type MarketRulesState, type Told } from './rules.ts'

/** What the market sub-topology writes. */
export type MarketOutput =
  | { readonly kind: 'candle'; readonly candle: Candle }
  | { readonly kind: 'opportunity'; readonly opportunity: Opportunity }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'match'; readonly match: Match }
  | { readonly kind: 'alert'; readonly alert: Alert }

/** Where each kind goes, and which symbols are keyed by their quote asset. */
export type MarketSettings = {
  readonly ticks: string
  readonly candles: string
  readonly opportunities: string
  readonly system: string
  readonly matches: string
  readonly alerts: string
  readonly inverses: ReadonlySet<string>
}

type Detected = readonly [readonly [BestState, CrossState], CandlesState]
type Written = readonly [MarketRulesState, undefined]
type State = readonly [ArrivalsState, readonly [readonly [QualityState, Detected], Written]]

/** Raised whenever the same log gives other bytes. */
const CODE_VERSION = 4

/**
 * A run that begins later may take a dead session's repeat for a first copy for 11 min of T, and by that judge copies of its
 * trades otherwise for 10 min more: only then do the steps after it see the same ticks.
 */
const SIEVES = SESSION_MEMORY + MEMORY
/** Without rules; what those ask for comes on top. */
const HORIZON = SIEVES + Math.max(CANDLES_HORIZON, CROSS_HORIZON, BEST_HORIZON)

/** Whether a tick carries the configuration, without which no opportunity is looked for. */
export const configuresMarket = ({ value: { payload } }: Logged<OpenTick>): boolean =>
  payload.kind === 'control' && payload.documentId === ARBITRAGE_DOCUMENT

/** What makes best quotes, opportunities and candles of judged ticks; each lets pass what it was given. */
export const detectors = passing(beside(beside(bestQuotes, crossExchange), candles))

/**
 * Ticks to candles, opportunities, findings, and what rules match in all of these; all steps of one partition in one process,
 * without a topic between them.
 */
export function market(settings: MarketSettings): Processor<State, OpenTick, MarketOutput> {
  return {
    name: 'market',
    codeVersion: CODE_VERSION,
    input: settings.ticks,
    outputs: [settings.candles, settings.opportunities, settings.system, settings.matches, settings.alerts],
    horizon: HORIZON,
    horizonAt: ([, [, [rules]]]) => HORIZON + rulesHorizon(rules),
    ...pipe(
      arrivals,
      pipe(gathered(pipe(quality, detectors)), pipe(marketRules(settings.inverses), outputs(settings))),
    ),
  }
}

/** Addresses what is written. */
const outputs = (settings: MarketSettings): Stage<undefined, Told, Emitted<MarketOutput>> => ({
  initial: () => undefined,
  step(_, { now, event }, { emit }) {
    const to = (topic: string, key: string): void => emit({ topic, key, time: now, value: event })
    switch (event.kind) {
      case 'candle':
        return to(settings.candles, tickKey(event.candle.symbol, settings.inverses))
      case 'opportunity':
        return to(settings.opportunities, event.opportunity.base)
      case 'finding':
        return to(settings.system, 'market')
      case 'match':
        return to(settings.matches, event.match.base)
      case 'alert':
        return to(settings.alerts, event.alert.alertKey)
    }
  },
})
