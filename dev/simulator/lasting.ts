import { micros } from '../../core/time.ts'
import type { QuoteEvent, TradesEvent } from './book.ts'
import type { SimulatedExchange } from './exchanges.ts'
import type { Books } from './dialect.ts'
import type { Connection } from './outbox.ts'

/** Misbehaviour that lasts for a while; it ends when {@link expire} is told that its time is over. */
export type Lasting = {
  /** By exchange and symbol: until when it is not sent. */
  readonly muted: Map<string, number>
  /** By exchange and symbol: until when it cannot be subscribed. */
  readonly refused: Map<string, number>
  readonly handshakes: Map<
    SimulatedExchange,
    { readonly status: number; readonly retryAfterS: number | undefined; readonly untilMs: number }
  >
  /** Microseconds that an exchange's clock is ahead. */
  readonly clocks: Map<SimulatedExchange, { readonly micros: number; readonly untilMs: number }>
  /** Announced ends of connections. */
  closing: readonly { readonly connection: Connection; readonly atMs: number }[]
}

export const nothingLasts = (): Lasting => ({
  muted: new Map(),
  refused: new Map(),
  handshakes: new Map(),
  clocks: new Map(),
  closing: [],
})

export const lastingKey = (exchange: string, symbol: string): string => `${exchange} ${symbol}`

/** Ends what is over, and closes what was announced. Changes its argument and the connections. */
export function expire(lasting: Lasting, connections: Iterable<Connection>, nowMs: number): void {
  for (const times of [lasting.muted, lasting.refused])
    for (const [key, untilMs] of times) if (untilMs <= nowMs) times.delete(key)
  for (const states of [lasting.handshakes, lasting.clocks])
    for (const [exchange, { untilMs }] of states) if (untilMs <= nowMs) states.delete(exchange)
  for (const connection of connections) {
    if (connection.stalledUntilMs !== 0 && connection.stalledUntilMs <= nowMs) connection.stalledUntilMs = 0
    connection.ahead = lasting.clocks.get(connection.dialect.exchange)?.micros ?? 0
  }
  if (lasting.closing.length === 0) return
  const due = lasting.closing.filter(({ atMs }) => atMs <= nowMs)
  lasting.closing = lasting.closing.filter(({ atMs }) => atMs > nowMs)
  for (const { connection } of due) connection.socket.close(1001)
}

/** An event as an exchange tells it whose clock is ahead. */
export function shifted<Event extends TradesEvent | QuoteEvent>(event: Event, ahead: number): Event {
  if (event.kind === 'quote') return { ...event, eventTime: micros(event.eventTime + ahead) }
  return { ...event, trades: event.trades.map((one) => ({ ...one, eventTime: micros(one.eventTime + ahead) })) }
}

/** The books that an exchange lets subscribe now. */
export function openBooks({ refused }: Lasting, exchange: SimulatedExchange, books: Books): Books {
  if (refused.size === 0) return books
  return new Map([...books].filter(([, { instrument }]) => !refused.has(lastingKey(exchange, instrument.symbol))))
}
