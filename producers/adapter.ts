import type { Exchange, Quote, Tick, Trade } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import type { Backfill } from './backfill.ts'
import type { CloseRule } from './close-codes.ts'
import { Unreadable } from './read.ts'
import type { Limit } from './token-bucket.ts'

/**
 * One trade or quote of a frame, not yet a tick: the exchange's spelling of the symbol, the exchange's numbers.
 * `history`: sent at subscribe for what was before. Its own frames' order is oldest first.
 */
export type Entry = Pick<Tick, 'eventTime' | 'timeSource' | 'sequence'> & {
  readonly nativeSymbol: string
  readonly history: boolean
  readonly payload: Trade | Quote
}

/** A quote not worth emitting: the last one no longer holds. */
export type Withdrawal = Pick<Entry, 'nativeSymbol' | 'eventTime' | 'timeSource' | 'sequence'> & {
  readonly finding: 'one_sided' | 'crossed'
}

/**
 * What one frame says. `frameSequence` where the exchange numbers the frames of a connection; `unreadable` the symbols with
 * a quote among its faults, since their last one no longer holds.
 */
export type Decoded = {
  readonly frameSequence?: number | undefined
  readonly unreadable?: readonly string[] | undefined
  /** When the exchange sent the frame, where it says so on frames that nothing else delays. */
  readonly serverTime?: Micros | undefined
} & (
  | {
      readonly kind: 'ticks'
      readonly ticks: readonly Entry[]
      readonly withdrawals: readonly Withdrawal[]
      readonly faults: readonly string[]
      /** Sizes that were rounded to a double. */
      readonly inexact: number
      /** Quotes without sizes. */
      readonly unsized: number
    }
  /** More subscriptions than were asked for are no fault. */
  | { readonly kind: 'ack'; readonly subscriptions: readonly Subscription[] }
  | { readonly kind: 'heartbeat' }
  /** The exchange says that it will close the connection soon. */
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'ignored'; readonly channel: string }
  /** `reason` is one of few; `detail` may hold values; `nativeSymbol` if a subscription was refused. */
  | {
      readonly kind: 'fault'
      readonly reason: string
      readonly detail?: string | undefined
      readonly nativeSymbol?: string | undefined
    }
)

export type Subscription = { readonly channel: string; readonly nativeSymbol: string }

/** Frames to send one by one, and the subscriptions whose acknowledgement must follow. */
export type Subscribe = { readonly frames: readonly string[]; readonly awaits: readonly Subscription[] }

export type Instrument = { readonly symbol: string; readonly nativeSymbol: string }

/** One exchange's protocol, pure. The file of each is a dialect checked against the documentation on `checkedOn`. */
export type Adapter = {
  readonly exchange: Exchange
  readonly checkedOn: string
  /** Addresses without query that speak this dialect: recordings of others have no adapter. */
  readonly addresses: readonly string[]
  connect(nativeSymbols: readonly string[]): Subscribe & { readonly url: string }
  /** On a socket that is open. */
  subscribe(nativeSymbols: readonly string[]): Subscribe
  /** The frames; that one was carried out shows in nothing but silence. */
  unsubscribe(nativeSymbols: readonly string[]): readonly string[]
  /** May throw; only {@link decode} calls it. `frame` is parsed JSON, numbers as their text if `numericJson`. */
  decode(frame: unknown, receiveTime: Micros): Decoded
  readonly numericJson: boolean
  /** The channels it may ignore; a frame of any other is a fault. */
  readonly ignored: readonly string[]
  /** Whether trade sequences of a symbol ascend by one. */
  readonly numberedTrades: boolean
  /** Whether a symbol's first frame of trades after a subscription holds the newest there is, unmarked, however old. */
  readonly beginsWithHistory?: boolean
  readonly silenceMs: number
  /** A frame that keeps the connection alive, beside the protocol's own pings; `answer` if that is no JSON. */
  readonly ping: { readonly frame: string; readonly everyMs: number; readonly answer?: string } | undefined
  /** How its REST tells past trades; absent: what a gap misses stays missing. */
  readonly backfill?: Backfill
  /** Documented codes with which the exchange closes a socket, where they say more than RFC 6455. */
  readonly closeCodes?: Readonly<Record<number, CloseRule>>
  readonly instruments: { readonly url: string; readonly parse: (body: unknown) => readonly Instrument[] }
  readonly limits: {
    /** Between two frames that we send. */
    readonly paceMs: number
    /** Documented limit of frames that (un)subscribe on one connection, `undefined` if pacing is enough. */
    readonly requests: Limit | undefined
    /** Documented limit of connection attempts, counted per host. */
    readonly connects: Limit
    /** Documented number of subscriptions on one connection, two for each symbol; `undefined` if there is none. */
    readonly subscriptionsPerSocket: number | undefined
    /** After which the exchange closes a connection, `undefined` if it has no such rule. */
    readonly lifetimeMs: number | undefined
  }
}

/** Decodes one frame. A throw of the adapter becomes a fault: a surprise is data. */
export function decode(adapter: Adapter, frame: string, receiveTime: Micros): Decoded {
  if (frame === adapter.ping?.answer) return { kind: 'heartbeat' }
  let parsed: unknown
  try {
    parsed = parseJson(adapter, frame)
  } catch (error) {
    return { kind: 'fault', reason: 'frame: no JSON', detail: error instanceof Error ? error.message : undefined }
  }
  try {
    const decoded = adapter.decode(parsed, receiveTime)
    if (decoded.kind !== 'ticks' || decoded.faults.length === 0) return decoded
    if (decoded.ticks.length + decoded.withdrawals.length > 0) return decoded
    const { faults, frameSequence, unreadable } = decoded
    return { kind: 'fault', reason: [...new Set(faults)].join('; '), frameSequence, unreadable }
  } catch (error) {
    // Whatever else an adapter stumbles over must not stop the others' frames; its text could hold anything.
    if (error instanceof Unreadable) return { kind: 'fault', reason: error.message }
    return { kind: 'fault', reason: 'adapter failed', detail: String(error) }
  }
}

/** An exchange's JSON; numbers as their digits where its numbers need that. Throws SyntaxError. */
export const parseJson = ({ numericJson }: Pick<Adapter, 'numericJson'>, text: string): unknown =>
  numericJson ? JSON.parse(text, digits) : JSON.parse(text)

/** The simulator's address in place of an exchange's: `http://host:1` and the exchange's name before path and query. */
export function simulated(url: string, exchange: Exchange, base: string): string {
  const real = new URL(url)
  const stand = new URL(base)
  const secure = stand.protocol === 'https:' ? 's' : ''
  const scheme = real.protocol.startsWith('ws') ? `ws${secure}:` : `http${secure}:`
  return `${scheme}//${stand.host}/${exchange}${real.pathname === '/' ? '' : real.pathname}${real.search}`
}

/** Node gives a reviver the number's own digits: ids above 2^53 and prices exactly as written. */
function digits(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value
}
