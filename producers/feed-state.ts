import { partitionOf, tickKey } from '../core/partition.ts'
import type { Feed, Gap, GapReason, Quote, Tick } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Adapter, Instrument } from './adapter.ts'
import { waitingLink, type Connects, type Link, type Next, type Session } from './links.ts'
import { noOffset, type ClockOffset } from './clock-offset.ts'
import { noRecentIds, type RecentIds } from './recent-ids.ts'
import { FULL_BUCKET } from './token-bucket.ts'

/** What one connection's feed is made of; fixed for its life. */
export type FeedSettings = {
  readonly adapter: Adapter
  readonly feed: Feed
  /** At its start; {@link FeedState.markets} has those of now. */
  readonly instruments: readonly Instrument[]
  readonly partitions: number
  readonly inverses: ReadonlySet<string>
  readonly conversions: ReadonlySet<string>
  /** Replaces the exchange's address by the simulator's. */
  readonly address: (url: string) => string
  /** By partition: time of the exchange's last trade on the log when the process started, `undefined` if none. */
  readonly lastTrades: readonly (Micros | undefined)[]
  /** Added to the exchange's times: a recording's shift, else 0. */
  readonly shift: number
}

/** A raw frame, or part of one, that could not be read or trusted. `error` is of a bounded set, `detail` is not. */
export type Letter = {
  readonly raw: string
  readonly error: string
  readonly detail: string | undefined
  readonly session: Micros
  readonly receiveTime: Micros
}

/** What a feed asks of its shell, in order. */
export type FeedOutput =
  | { readonly kind: 'tick'; readonly key: string; readonly partitions: readonly number[]; readonly tick: Tick }
  | { readonly kind: 'letter'; readonly letter: Letter }
  /** `socket` numbers the feed's sockets. */
  | { readonly kind: 'connect'; readonly url: string; readonly socket: number }
  | { readonly kind: 'send'; readonly frame: string; readonly socket: number }
  | { readonly kind: 'terminate'; readonly socket: number }
  | {
      readonly kind: 'event'
      readonly event: 'CONNECTED' | 'DISCONNECTED' | 'GAP' | 'FAULT' | 'NOTE'
      readonly symbol: string | undefined
      readonly message: string
      readonly details: Readonly<Record<string, string>>
    }

/** One symbol of the exchange, over all sessions. */
export type Market = {
  readonly nativeSymbol: string
  readonly symbol: string
  readonly key: string
  readonly home: readonly number[]
  readonly conversion: boolean
  readonly ids: RecentIds
  /** Session of its last record. */
  session: Micros | undefined
  /** Session whose trade numbering `tradeSequence` belongs to. */
  numbering: Micros | undefined
  tradeSequence: number
  tradeTime: Micros | undefined
  /** What is missing after the last trade is later than this: its time or its receipt, whichever is earlier. */
  missedFrom: Micros | undefined
  /** The quote that stands, `undefined` once withdrawn by a gap or a DOWN. */
  quote: Quote | undefined
  /** Whether a quote of it was put out that no gap has withdrawn since. */
  shown: boolean
  quoteHead: Pick<Tick, 'eventTime' | 'timeSource' | 'sequence'> | undefined
  /** The last rate written, of a conversion symbol; `rateAt` 0 after a gap. */
  rateBid: number
  rateAsk: number
  rateAt: number
  /** Time of the last data, or of the subscription while there was none. */
  lastData: number
  /** Longest recent time between its data: a peak that decays by one percent each. */
  usual: number
  /** How often it was found stale since its last data. */
  stale: number
  /** Until when a found stale subscription has time to answer. */
  staleUntil: number
  /** The newest price, 0 before it: the middle of a quote that is not too wide for that, or a trade's; and its receipt. */
  price: number
  priceAt: number
  /** Its price is not that of the other exchanges: nothing of it is put out. */
  isQuarantined: boolean
}

/** One partition of the ticks topic. `owed` by symbol ('' the session's): gaps to write before anything else there. */
export type SlotState = { lastTradeTime: Micros | undefined; readonly owed: Map<string, Gap> }

const FRAME_RESULTS = ['tick', 'ack', 'heartbeat', 'ignored', 'fault', 'oversized'] as const
export type FrameResult = (typeof FRAME_RESULTS)[number]
const ENTRY_OUTCOMES = ['in', 'out', 'duplicate', 'fault', 'history', 'withdrawn', 'overflow', 'ignored'] as const
export type EntryOutcome = (typeof ENTRY_OUTCOMES)[number]
const FINDINGS = ['inexact', 'unsized', 'one_sided', 'crossed', 'skewed'] as const
export type Finding = (typeof FINDINGS)[number]

/**
 * Counted from the start of the feed, or of those in whose place it came. Law: frames = the sum of their results; in = the
 * sum of the other outcomes.
 */
export type FeedCounts = {
  received: number
  readonly frames: Record<FrameResult, number>
  readonly entries: Record<EntryOutcome, number>
  readonly findings: Record<Finding, number>
  readonly ignored: Map<string, number>
  readonly gaps: Record<GapReason, number>
  readonly reconnects: Map<string, number>
  subscriptionFaults: number
}

/** A feed's state. Large: mutated in place by its step, see feed.ts. As a {@link Link} it is the present socket's. */
export type FeedState = Link & {
  readonly settings: FeedSettings
  readonly markets: Map<string, Market>
  /** Symbols that were unsubscribed: until then the exchange may still send them. */
  readonly former: Map<string, { readonly market: Market; readonly until: number }>
  readonly slots: readonly SlotState[]
  readonly everywhere: readonly number[]
  readonly counts: FeedCounts
  readonly connects: Connects
  /** The socket that is to follow the present one, while there are two. */
  next: Next | undefined
  /** When the present socket is to be followed by another, `undefined` until that is drawn. */
  rotateAt: number | undefined
  /** The highest number of a socket. */
  sockets: number
  /** The open socket's session. */
  current: Session | undefined
  /** The session whose heartbeats are written: the last one's, as DOWN, until the next has written its START. */
  speaking: Session | undefined
  nextStaleCheck: number
  readonly clock: ClockOffset
}

/** `counts` of a feed in whose place this one comes, since counters do not fall. */
export function initialFeed(
  settings: FeedSettings,
  connects: Connects = { bucket: FULL_BUCKET },
  counts: FeedCounts = noCounts(),
): FeedState {
  const everywhere = Array.from({ length: settings.partitions }, (_, partition) => partition)
  return {
    ...waitingLink(0, 0),
    settings,
    markets: new Map(settings.instruments.map((one) => [one.nativeSymbol, marketOf(one, settings)])),
    former: new Map(),
    slots: everywhere.map((partition) => ({ lastTradeTime: settings.lastTrades[partition], owed: new Map() })),
    everywhere,
    counts,
    connects,
    next: undefined,
    rotateAt: undefined,
    sockets: 0,
    current: undefined,
    speaking: undefined,
    nextStaleCheck: 0,
    clock: noOffset(),
  }
}

const noCounts = (): FeedCounts => ({
  received: 0,
  frames: { tick: 0, ack: 0, heartbeat: 0, ignored: 0, fault: 0, oversized: 0 },
  entries: { in: 0, out: 0, duplicate: 0, fault: 0, history: 0, withdrawn: 0, overflow: 0, ignored: 0 },
  findings: { inexact: 0, unsized: 0, one_sided: 0, crossed: 0, skewed: 0 },
  ignored: new Map(),
  gaps: { START: 0, DISCONNECT: 0, SEQUENCE: 0, STALL: 0, OVERFLOW: 0, WITHDRAWN: 0 },
  reconnects: new Map(),
  subscriptionFaults: 0,
})

/** Subscriptions that were found stale and have not delivered since. */
export const staleMarkets = (state: FeedState): number =>
  [...state.markets.values()].filter(({ stale }) => stale > 0).length

export function marketOf(
  { nativeSymbol, symbol }: Instrument,
  settings: Pick<FeedSettings, 'inverses' | 'partitions' | 'conversions'>,
): Market {
  const key = tickKey(symbol, settings.inverses)
  return {
    nativeSymbol,
    symbol,
    key,
    home: [partitionOf(key, settings.partitions)],
    conversion: settings.conversions.has(symbol),
    ids: noRecentIds(),
    session: undefined,
    numbering: undefined,
    tradeSequence: 0,
    tradeTime: undefined,
    missedFrom: undefined,
    quote: undefined,
    shown: false,
    quoteHead: undefined,
    rateBid: 0,
    rateAsk: 0,
    rateAt: 0,
    lastData: 0,
    usual: 0,
    stale: 0,
    staleUntil: 0,
    price: 0,
    priceAt: 0,
    isQuarantined: false,
  }
}
