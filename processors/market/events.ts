import type { Arrival } from '../../core/arrivals.ts'
import type { Candle } from '../../core/candle.ts'
import type { Finding } from '../../core/finding.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Micros } from '../../core/time.ts'

/** A tick that the quality step let through. A flagged quote is no ground for an opportunity or a best quote. */
export type MarketTick = Arrival & { readonly isFlagged: boolean }

/** Best bid and ask of a symbol over the exchanges whose quotes hold; `undefined` where no side holds. */
export type BestQuote = {
  readonly symbol: string
  readonly at: Micros
  readonly bid: BestSide | undefined
  readonly ask: BestSide | undefined
}
export type BestSide = {
  readonly exchange: string
  readonly price: number
  readonly size: number | undefined
  /** Age of the quote in milliseconds of T. */
  readonly ageMs: number
}

/**
 * What the steps of the market sub-topology pass on: a tick, then what each step made of it, in the order of the steps.
 * Each step sees all that the steps before it added.
 */
export type MarketEvent =
  | MarketTick
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'best'; readonly best: BestQuote }
  | { readonly kind: 'opportunity'; readonly opportunity: Opportunity }
  | { readonly kind: 'candle'; readonly candle: Candle }
