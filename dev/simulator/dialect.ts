import type { SimulatedExchange } from './exchanges.ts'
import type { Micros } from '../../core/time.ts'
import type { Instrument } from './instruments.ts'
import type { Book, QuoteEvent, TradesEvent } from './book.ts'

/** What a frame needs besides its event: its number on the connection, and the moment it is sent. */
export type Wire = { readonly sequence: number; readonly now: Micros }

/** What one connection asked for; symbols are canonical. */
export type Subscription = {
  readonly trades: ReadonlySet<string>
  readonly quotes: ReadonlySet<string>
  readonly heartbeats: boolean
  /** Binance: times in microseconds instead of milliseconds. */
  readonly microseconds: boolean
  /** OKX, Gate: what the exchange calls the connection. */
  readonly name: string
}

export const NOTHING: Subscription = {
  trades: new Set(),
  quotes: new Set(),
  heartbeats: false,
  microseconds: false,
  name: '',
}

/** A frame that answers a client; `history` names the trades in it, which are no new ones. */
export type ReplyFrame = {
  readonly render: (wire: Wire) => string
  /** It takes no number on the connection. */
  readonly unnumbered?: true
  readonly history?: TradesEvent
}
export type Reply = { readonly subscription: Subscription; readonly frames: readonly ReplyFrame[] }

/** One exchange's protocol, pure. Frames have exactly the fields of the exchange's documentation. */
export type Dialect = {
  readonly exchange: SimulatedExchange
  /** Address of the WebSocket and of the instrument list, as at the exchange. */
  readonly socketPath: string
  readonly listPath: string
  nativeSymbol(instrument: Instrument): string
  /** Body of the instrument list. */
  list(books: readonly Book[], now: Micros): string
  /** A client connects; `query` is that of its address, `connection` a number of its own. */
  open(query: URLSearchParams, books: Books, connection: number): Reply
  /** A client says something. */
  receive(subscription: Subscription, text: string, books: Books, received: Micros): Reply
  trades(event: TradesEvent, wire: Wire, subscription: Subscription): string
  quote(event: QuoteEvent, wire: Wire, subscription: Subscription): string
  /** Due each second; `beats` counts them, `idle`: nothing else was sent since the last. */
  heartbeat(subscription: Subscription, beats: number, idle: boolean): ReplyFrame | undefined
  /** A client must subscribe within this time of connecting. */
  readonly subscribeWithinMs?: number
  /** How often the server pings, and how long it waits for the pong. */
  readonly ping?: { readonly everyMs: number; readonly withinMs: number }
  /** A connection on which nobody says anything for so long is closed. */
  readonly idle?: { readonly withinMs: number; readonly code: number; readonly reason: string }
  /** Whether what a client said counts as a message where messages are limited; absent: all do. */
  isCounted?(text: string): boolean
  /** What a client is told that sends too many messages, and whether its connection ends. */
  tooMany(subscription: Subscription): {
    readonly frame?: ReplyFrame
    readonly close?: { readonly code: number; readonly reason: string }
  }
  /** The announcement that the connection will soon be closed; absent: the exchange makes none. */
  shutdown?(subscription: Subscription, now: Micros): ReplyFrame
}

/** An exchange's books by native symbol. */
export type Books = ReadonlyMap<string, Book>

/** A frame that needs neither number nor time. */
export const fixed = (text: string): ReplyFrame => ({ render: () => text, unnumbered: true })

/** JSON of a client as an object; `undefined` if it is none. */
export function parseRequest(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** Members added or taken away. */
export function changed(set: ReadonlySet<string>, members: readonly string[], add: boolean): ReadonlySet<string> {
  return add ? set.union(new Set(members)) : set.difference(new Set(members))
}
