import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { SimulatedExchange } from './exchanges.ts'
import { micros, type Micros } from '../../core/time.ts'
import type { Dialect, ReplyFrame, Subscription } from './dialect.ts'
import type { Journal } from './journal.ts'
import type { QuoteEvent, SimulatedTrade, TradesEvent } from './book.ts'
import type { Fault } from './fault-script.ts'

/** A client that does not read is let go once this much waits for it, as exchanges do. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** A text frame, even of bytes that are no text. */
const TEXT = { binary: false }

/** One client's socket; changed in place by the outbox and the server. */
export type Connection = {
  readonly id: number
  readonly dialect: Dialect
  readonly socket: WebSocket
  readonly raw: Duplex
  readonly openedAtMs: number
  /** Last trade frame of each symbol, to be sent again on script. */
  readonly lastTrades: Map<string, string>
  lastTradeSymbol: string | undefined
  subscription: Subscription
  /** Frames sent on it: the next one's number where the exchange numbers them. */
  sequence: number
  /** While half open, else 0. */
  stalledUntilMs: number
  /** Whether protocol pings are answered while half open. */
  pongs: boolean
  /** Microseconds that the exchange's clock is ahead. */
  ahead: number
  /** Whose connection it is. */
  readonly address: string
  /** When the client sent its last messages, where they are limited. */
  readonly messages: number[]
  /** When either side last said something. */
  activeAtMs: number
  pongAtMs: number
  beats: number
  idle: boolean
}

export type FrameKind = 'trade' | 'quote' | 'reply' | 'heartbeat' | 'fault'

/** Sends frames and journals them; each sent frame has a number `n`. */
export type Outbox = {
  trades(connection: Connection, event: TradesEvent): void
  quote(connection: Connection, event: QuoteEvent): void
  reply(connection: Connection, frame: ReplyFrame, kind: 'reply' | 'heartbeat'): void
  /** The same frame once more, or a broken one: text that no renderer made. */
  raw(connection: Connection, text: string | Buffer): void
  /** The exchange's own notice that the connection will soon be closed. */
  announceEnd(connection: Connection): void
  /** Numbers trades without sending them. */
  withhold(connection: Connection, event: TradesEvent): void
  /** Trades that happened and that no frame tells. */
  swallow(connection: Connection, event: TradesEvent): void
  fault(fault: Fault, details: Readonly<Record<string, unknown>>): void
  note(kind: string, details: Readonly<Record<string, unknown>>): void
}

export const isListening = ({ socket, stalledUntilMs }: Connection): boolean =>
  socket.readyState === WebSocket.OPEN && stalledUntilMs === 0

/** `count` is told of every frame sent. Without a journal nothing but frames is made. */
export function createOutbox(
  journal: Journal | undefined,
  count: (exchange: SimulatedExchange, kind: FrameKind) => void,
  now: () => Micros,
): Outbox {
  let n = 0

  function send(connection: Connection, text: string | Buffer, kind: FrameKind): void {
    const { socket, dialect } = connection
    n += 1
    connection.sequence += 1
    connection.idle = false
    count(dialect.exchange, kind)
    if (socket.bufferedAmount > MAX_WAITING_BYTES) {
      note('slow-client', { exchange: dialect.exchange, connection: connection.id })
      socket.terminate()
      return
    }
    socket.send(text, TEXT)
  }

  function note(kind: string, details: Readonly<Record<string, unknown>>): void {
    journal?.line(JSON.stringify({ kind, ...details, at: now() }))
  }

  const head = (connection: Connection, kind: string, symbol: string): string =>
    `{"n":${n},"exchange":"${connection.dialect.exchange}","connection":${connection.id},"kind":"${kind}","symbol":"${symbol}",`

  function journalTrades(
    connection: Connection,
    kind: 'trade' | 'history',
    { book, trades }: TradesEvent,
    tail: string,
  ): void {
    if (journal === undefined) return
    for (const trade of trades) {
      journal.line(`${head(connection, kind, book.instrument.symbol)}${tradeFields(trade)},${tail}}`)
    }
  }

  return {
    trades(connection, event) {
      const sentAt = now()
      const text = connection.dialect.trades(
        event,
        { sequence: connection.sequence, now: clockOf(connection, sentAt) },
        connection.subscription,
      )
      connection.lastTrades.set(event.book.instrument.symbol, text)
      connection.lastTradeSymbol = event.book.instrument.symbol
      send(connection, text, 'trade')
      journalTrades(connection, 'trade', event, `"sentAt":${sentAt}`)
    },

    quote(connection, event) {
      const sentAt = now()
      send(
        connection,
        connection.dialect.quote(
          event,
          { sequence: connection.sequence, now: clockOf(connection, sentAt) },
          connection.subscription,
        ),
        'quote',
      )
      journal?.line(
        `${head(connection, 'quote', event.book.instrument.symbol)}"bid":"${event.bid}","bidSize":"${event.bidSize}",` +
          `"ask":"${event.ask}","askSize":"${event.askSize}","eventTime":${event.eventTime},"sentAt":${sentAt}}`,
      )
    },

    reply(connection, { render, history, unnumbered }, kind) {
      const sentAt = now()
      send(connection, render({ sequence: connection.sequence, now: sentAt }), kind)
      if (unnumbered === true) connection.sequence -= 1
      if (history !== undefined) journalTrades(connection, 'history', history, `"sentAt":${sentAt}`)
    },

    raw: (connection, text) => send(connection, text, 'fault'),

    announceEnd(connection) {
      const { dialect, subscription } = connection
      const notice = dialect.shutdown?.(subscription, now())
      if (notice === undefined) return
      send(connection, notice.render({ sequence: connection.sequence, now: now() }), 'fault')
      connection.sequence -= 1
    },

    withhold(connection, event) {
      n += 1
      connection.sequence += 1
      journalTrades(connection, 'trade', event, '"sent":false')
    },

    swallow: (connection, event) => journalTrades(connection, 'trade', event, '"sent":false'),

    fault: ({ exchange, do: what, atMs }, details) => note('fault', { exchange, do: what, atMs, ...details }),

    note,
  }
}

const clockOf = ({ ahead }: Connection, time: Micros): Micros => (ahead === 0 ? time : micros(time + ahead))

const tradeFields = ({ id, side, price, size, eventTime }: SimulatedTrade): string =>
  `"id":"${id}","side":"${side}","price":"${price}","size":"${size}","eventTime":${eventTime}`
