import type { Feed } from '../tick.ts'
import type { Micros } from '../time.ts'

export const STREAMS = ['trade', 'quote', 'best', 'candle', 'opportunity', 'spread', 'match', 'gap'] as const
export type Stream = (typeof STREAMS)[number]

/**
 * What a rule sees of one thing that happened: flat, one shape per stream, since a condition reads it millions of times a
 * second. **Absent** is NaN in numbers and times, `undefined` in texts and truths. Times are microseconds.
 */
export type RuleEvent =
  | TradeEvent
  | QuoteEvent
  | BestEvent
  | CandleEvent
  | OpportunityEvent
  | SpreadEvent
  | MatchEvent
  | GapEvent

/** `offset` and `at`: the input record it came of, and T there. They and `feed` are no names of the language. */
export type EventPlace = { readonly offset: number; readonly at: Micros; readonly feed: Feed }

/** `undefined` and NaN where a stream has no such thing. */
export type CommonFields = {
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly base: string | undefined
  readonly quoteAsset: string | undefined
  readonly eventTime: number
  readonly receiveTime: number
  readonly sequence: number
}

export type TradeEvent = EventPlace &
  CommonFields & {
    readonly stream: 'trade'
    readonly id: string | undefined
    readonly side: string | undefined
    readonly price: number
    readonly size: number
  }

export type QuoteEvent = EventPlace &
  CommonFields & {
    readonly stream: 'quote'
    readonly bid: number
    readonly bidSize: number
    readonly ask: number
    readonly askSize: number
    readonly source: string | undefined
  }

export type BestEvent = EventPlace &
  CommonFields & {
    readonly stream: 'best'
    readonly bid: number
    readonly bidSize: number
    readonly bidExchange: string | undefined
    readonly ask: number
    readonly askSize: number
    readonly askExchange: string | undefined
  }

/** `logReturn` is made with the event: it needs the close of the interval before. */
export type CandleEvent = EventPlace &
  CommonFields & {
    readonly stream: 'candle'
    readonly interval: string | undefined
    readonly openTime: number
    readonly open: number
    readonly high: number
    readonly low: number
    readonly close: number
    readonly volume: number
    readonly vwap: number
    readonly trades: number
    readonly logReturn: number
  }

/** `kind` as `cross-exchange`, `triangular`, `statistical`. */
export type OpportunityEvent = EventPlace &
  CommonFields & {
    readonly stream: 'opportunity'
    readonly opportunityId: string | undefined
    readonly kind: string | undefined
    readonly phase: string | undefined
    readonly buyExchange: string | undefined
    readonly sellExchange: string | undefined
    readonly grossBps: number
    readonly edgeBps: number
    readonly size: number
    readonly profit: number
    readonly durationMs: number
    readonly peakBps: number
    readonly reason: string | undefined
  }

export type SpreadEvent = EventPlace &
  CommonFields & {
    readonly stream: 'spread'
    readonly pair: string | undefined
    readonly alpha: number
    readonly beta: number
    readonly z: number
    readonly halfLife: number
    readonly cointT: number
  }

export type MatchEvent = EventPlace &
  CommonFields & {
    readonly stream: 'match'
    readonly ruleId: string | undefined
    readonly type: string | undefined
    readonly phase: string | undefined
    readonly severity: string | undefined
  }

/** A gap of a whole session has the symbol ''. */
export type GapEvent = EventPlace &
  CommonFields & {
    readonly stream: 'gap'
    readonly reason: string | undefined
    readonly from: number
    readonly to: number
    readonly backfilled: boolean | undefined
  }
