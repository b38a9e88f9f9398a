import { quoteOf, type Book } from './book.ts'
import { drawTrades, type Market } from './market.ts'
import { isListening, type Connection, type Outbox } from './outbox.ts'
import type { Fault } from './script.ts'

/** Lets a scripted fault happen and journals it; `false`: it cannot happen yet. */
export function playFault(fault: Fault, market: Market, all: readonly Connection[], outbox: Outbox): boolean {
  const connections = all.filter((one) => one.dialect.exchange === fault.exchange && isListening(one))
  if (connections.length === 0) return false
  const ids = connections.map(({ id }) => id)
  switch (fault.do) {
    case 'disconnect':
      outbox.fault(fault, { connections: ids, code: fault.code })
      for (const { socket } of connections) {
        if (fault.code === 1006) socket.terminate()
        else socket.close(fault.code)
      }
      return true
    case 'stall':
      outbox.fault(fault, { connections: ids, forMs: fault.forMs })
      for (const connection of connections) connection.stalledUntilMs = Date.now() + fault.forMs
      return true
    case 'duplicate':
      return playDuplicate(fault, connections, outbox)
    case 'sequence-gap':
      return playSequenceGap(fault, market, connections, outbox)
    case 'malformed':
      return playMalformed(fault, market, connections, outbox)
  }
}

function playDuplicate(
  fault: Extract<Fault, { do: 'duplicate' }>,
  connections: readonly Connection[],
  outbox: Outbox,
): boolean {
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

function playSequenceGap(
  fault: Extract<Fault, { do: 'sequence-gap' }>,
  market: Market,
  connections: readonly Connection[],
  outbox: Outbox,
): boolean {
  const book = subscribedBook(fault.symbol, market, connections, 'trades')
  if (book === undefined) return false
  const events = Array.from({ length: fault.count }, () => drawTrades(market, book, 1))
  const ids = events.flatMap(({ trades }) => trades.map(({ id }) => String(id)))
  outbox.fault(fault, { symbol: book.instrument.symbol, ids })
  for (const connection of connections) {
    if (!connection.subscription.trades.has(book.instrument.symbol)) continue
    for (const event of events) outbox.withhold(connection, event)
  }
  return true
}

function playMalformed(
  fault: Extract<Fault, { do: 'malformed' }>,
  market: Market,
  connections: readonly Connection[],
  outbox: Outbox,
): boolean {
  const book = subscribedBook(fault.symbol, market, connections, 'quotes')
  if (book === undefined) return false
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
  return true
}

/** The named symbol's book, or the busiest one's that a client listens to. */
const subscribedBook = (
  symbol: string | undefined,
  market: Market,
  connections: readonly Connection[],
  channel: 'trades' | 'quotes',
): Book | undefined =>
  market.books
    .filter(({ instrument }) => instrument.exchange === connections[0]?.dialect.exchange)
    .filter(({ instrument }) => symbol === undefined || instrument.symbol === symbol)
    .filter(({ instrument }) => connections.some((one) => one.subscription[channel].has(instrument.symbol)))
    .toSorted((one, other) => other.instrument.weight - one.instrument.weight)[0]
