import type { Micros } from './time.ts'

/** The exchanges an adapter exists for. Adding one is adding its name here and its adapter in `producers/`. */
export const EXCHANGES = ['binance', 'coinbase', 'kraken', 'okx', 'gate'] as const
export type Exchange = (typeof EXCHANGES)[number]

export const FEEDS = ['LIVE', 'SIMULATED', 'RECORDED', 'BACKFILL'] as const
export type Feed = (typeof FEEDS)[number]

export const TIME_SOURCES = ['EXCHANGE', 'RECEIVED'] as const
export type TimeSource = (typeof TIME_SOURCES)[number]

export const SIDES = ['BUY', 'SELL'] as const
export type Side = (typeof SIDES)[number]

export const QUOTE_SOURCES = ['STREAM', 'TICKER', 'BOOK'] as const
export type QuoteSource = (typeof QUOTE_SOURCES)[number]

export const HEARTBEAT_STATES = ['UP', 'DOWN'] as const
export type HeartbeatState = (typeof HEARTBEAT_STATES)[number]

export const GAP_REASONS = ['START', 'DISCONNECT', 'SEQUENCE', 'STALL', 'OVERFLOW', 'WITHDRAWN'] as const
export type GapReason = (typeof GAP_REASONS)[number]

/** `side` is the aggressor's, `undefined` where there was none (an auction). Size in base units. */
export type Trade = {
  readonly kind: 'trade'
  readonly id: string
  readonly side: Side | undefined
  readonly price: number
  readonly size: number
}

/** Top of book of one exchange. A size the channel does not give is `undefined`. */
export type Quote = {
  readonly kind: 'quote'
  readonly bid: number
  readonly bidSize: number | undefined
  readonly ask: number
  readonly askSize: number | undefined
  readonly source: QuoteSource
}

/** Written each second by every session to every partition; `lastSequence` is the last sequence the session saw, 0 if none. */
export type Heartbeat = { readonly kind: 'heartbeat'; readonly state: HeartbeatState; readonly lastSequence: number }

/** What may be missing: exchange time from `from` to `to`, both included. */
export type Gap = {
  readonly kind: 'gap'
  readonly from: Micros
  readonly to: Micros
  readonly reason: GapReason
  readonly backfilled: boolean
}

/** Whether a gap only takes back quotes: a WITHDRAWN, or the START of a session that followed another without a loss. */
export const missesNothing = ({ reason, from, to }: Gap): boolean =>
  reason === 'WITHDRAWN' || (reason === 'START' && from === to)

/** A configuration or rule-set change, in the log it governs. `body` is zstd, opened in `io/`. */
export type Control = {
  readonly kind: 'control'
  readonly documentId: string
  readonly epoch: number
  readonly hash: string
  readonly body: Uint8Array
}

/** The quote of a conversion symbol (USDT-USD, ...), in every partition. */
export type Rate = { readonly kind: 'rate'; readonly bid: number; readonly ask: number }

export type Payload = Trade | Quote | Heartbeat | Gap | Control | Rate

/** Where a re-keyed tick was copied from. */
export type TickOrigin = { readonly partition: number; readonly offset: number }

/**
 * Any record of the ticks topic.
 *
 * `exchange` and `symbol` are empty on Control, `symbol` on Heartbeat and on Gaps of a whole session.
 * `(exchange, session, ordinal)` is the tick's coordinate; the copies of a broadcast share one.
 * `sequence` is the exchange's own number (trade or update id), 0 where it has none.
 */
export type Tick = {
  readonly exchange: string
  readonly symbol: string
  readonly feed: Feed
  readonly eventTime: Micros
  readonly timeSource: TimeSource
  readonly receiveTime: Micros
  readonly session: Micros
  readonly ordinal: number
  readonly sequence: number
  readonly origin: TickOrigin | undefined
  readonly payload: Payload
}
