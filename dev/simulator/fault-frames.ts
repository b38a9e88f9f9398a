import { micros } from '../../core/time.ts'
import { quoteOf, type Book, type TradesEvent } from './book.ts'
import { drawTrades, type Market } from './market.ts'
import type { Connection, Outbox } from './outbox.ts'
import type { Fault } from './fault-script.ts'

type Of<What extends Fault['do']> = Extract<Fault, { do: What }>

/** The last trade frame once more, letter for letter. */
export function playDuplicate(fault: Of<'duplicate'>, connections: readonly Connection[], outbox: Outbox): boolean {
  const sent = connections.flatMap((connection) => {
    const symbol = fault.symbol ?? connection.lastTradeSymbol
    const text = symbol === undefined ? undefined : connection.lastTrades.get(symbol)
    return symbol === undefined || text === undefined ? [] : [{ connection, symbol, text }]
  })
  for (const { connection, symbol, text } of sent) {
    outbox.fault(fault, { connection: connection.id, symbol, frame: text })
    outbox.raw(connection, text)
    // Verbatim, so its number is the old one and the next frame's must not jump.
    connection.sequence -= 1
  }
  return sent.length > 0
}

export function playSequenceGap(
  fault: Of<'sequence-gap'>,
  market: Market,
  book: Book,
  connections: readonly Connection[],
  outbox: Outbox,
): void {
  const events = Array.from({ length: fault.count }, () => drawTrades(market, book, 1))
  outbox.fault(fault, { symbol: book.instrument.symbol, ids: idsOf(events) })
  for (const connection of listeners(connections, book)) {
    for (const event of events) outbox.withhold(connection, event)
  }
}

export function playOutOfOrder(
  fault: Of<'out-of-order'>,
  market: Market,
  book: Book,
  connections: readonly Connection[],
  outbox: Outbox,
): void {
  const first = drawTrades(market, book, 1)
  const second = drawTrades(market, book, 1)
  outbox.fault(fault, { symbol: book.instrument.symbol, ids: idsOf([second, first]) })
  for (const connection of listeners(connections, book)) {
    outbox.trades(connection, second)
    outbox.trades(connection, first)
  }
}

/** The next trade in number, but of long ago. */
export function playLate(
  fault: Of<'late'>,
  market: Market,
  book: Book,
  connections: readonly Connection[],
  outbox: Outbox,
): void {
  const event = drawTrades(market, book, 1)
  const late: TradesEvent = {
    ...event,
    trades: event.trades.map((trade) => ({ ...trade, eventTime: micros(trade.eventTime - fault.byMs * 1000) })),
  }
  outbox.fault(fault, { symbol: book.instrument.symbol, byMs: fault.byMs, ids: idsOf([event]) })
  for (const connection of listeners(connections, book)) outbox.trades(connection, late)
}

export function playMalformed(
  fault: Of<'malformed'>,
  book: Book,
  connections: readonly Connection[],
  outbox: Outbox,
): void {
  for (const connection of connections) {
    if (!connection.subscription.quotes.has(book.instrument.symbol)) continue
    for (let i = 0; i < fault.count; i += 1) {
      const wire = { sequence: connection.sequence, now: book.lastTime }
      const whole = connection.dialect.quote(quoteOf(book), wire, connection.subscription)
      const frame = whole.slice(0, Math.floor(whole.length / 2))
      outbox.fault(fault, { connection: connection.id, symbol: book.instrument.symbol, frame })
      outbox.raw(connection, frame)
    }
  }
}

/** A text frame whose last character is cut in two: against the protocol, so that a client must end the connection. */
export function playBadUtf8(fault: Of<'bad-utf8'>, connections: readonly Connection[], outbox: Outbox): boolean {
  const frame = Buffer.from('{"note":"€').subarray(0, -1)
  for (const connection of connections) {
    outbox.fault(fault, { connection: connection.id, frameHex: frame.toString('hex') })
    outbox.raw(connection, frame)
  }
  return true
}

export function playOversized(fault: Of<'oversized'>, connections: readonly Connection[], outbox: Outbox): boolean {
  for (const connection of connections) {
    outbox.fault(fault, { connection: connection.id, bytes: fault.bytes })
    outbox.raw(connection, `{"pad":"${'x'.repeat(Math.max(0, fault.bytes - 10))}"}`)
  }
  return true
}

const listeners = (connections: readonly Connection[], { instrument }: Book): readonly Connection[] =>
  connections.filter(({ subscription }) => subscription.trades.has(instrument.symbol))

const idsOf = (events: readonly TradesEvent[]): readonly string[] =>
  events.flatMap(({ trades }) => trades.map(({ id }) => String(id)))
