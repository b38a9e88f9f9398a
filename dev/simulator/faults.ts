import type { Book } from './book.ts'
import { lastingKey, type Lasting } from './lasting.ts'
import type { Ledger } from './limits.ts'
import type { Market } from './market.ts'
import { isListening, type Connection, type Outbox } from './outbox.ts'
import {
  playBadUtf8,
  playDuplicate,
  playLate,
  playMalformed,
  playOutOfOrder,
  playOversized,
  playSequenceGap,
} from './fault-frames.ts'
import type { Fault } from './fault-script.ts'

/** What faults act upon. */
export type Stage = {
  readonly market: Market
  readonly connections: ReadonlySet<Connection>
  readonly outbox: Outbox
  readonly lasting: Lasting
  readonly ledger: Ledger
  readonly nowMs: number
}

/** Lets a scripted fault happen and journals it; `false`: it cannot happen yet. */
export function playFault(fault: Fault, stage: Stage): boolean {
  const { outbox, lasting, nowMs } = stage
  const connections = [...stage.connections].filter(
    (one) => one.dialect.exchange === fault.exchange && isListening(one),
  )
  if (fault.do === 'handshake') {
    const { exchange, status, retryAfterS, forMs } = fault
    outbox.fault(fault, { status, retryAfterS, forMs })
    lasting.handshakes.set(exchange, { status, retryAfterS, untilMs: nowMs + forMs })
    return true
  }
  if (fault.do === 'refuse') {
    outbox.fault(fault, { symbol: fault.symbol, forMs: fault.forMs })
    lasting.refused.set(lastingKey(fault.exchange, fault.symbol), nowMs + fault.forMs)
    return true
  }
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
      outbox.fault(fault, { connections: ids, forMs: fault.forMs, pongs: fault.pongs })
      for (const connection of connections) {
        connection.stalledUntilMs = nowMs + fault.forMs
        connection.pongs = fault.pongs
      }
      return true
    case 'mute': {
      const book = subscribedBook(fault.symbol, stage.market, connections, 'quotes')
      if (book === undefined) return false
      const { symbol } = book.instrument
      outbox.fault(fault, { symbol, forMs: fault.forMs })
      lasting.muted.set(lastingKey(fault.exchange, symbol), nowMs + fault.forMs)
      return true
    }
    case 'clock':
      outbox.fault(fault, { byMs: fault.byMs, forMs: fault.forMs })
      lasting.clocks.set(fault.exchange, { micros: fault.byMs * 1000, untilMs: nowMs + fault.forMs })
      return true
    case 'shutdown':
      outbox.fault(fault, { connections: ids, closeAfterMs: fault.closeAfterMs })
      for (const connection of connections) outbox.announceEnd(connection)
      lasting.closing = [
        ...lasting.closing,
        ...connections.map((connection) => ({ connection, atMs: nowMs + fault.closeAfterMs })),
      ]
      return true
    case 'ban':
      outbox.fault(fault, { connections: ids, forMs: fault.forMs })
      for (const { address, socket } of connections) {
        stage.ledger.ban(fault.exchange, address, fault.forMs, nowMs)
        socket.close(1008)
      }
      return true
    case 'bad-utf8':
      return playBadUtf8(fault, connections, outbox)
    case 'oversized':
      return playOversized(fault, connections, outbox)
    case 'duplicate':
      return playDuplicate(fault, connections, outbox)
    case 'out-of-order':
    case 'sequence-gap':
    case 'late':
    case 'malformed':
      return playOnBook(fault, stage, connections)
  }
}

function playOnBook(
  fault: Extract<Fault, { do: 'out-of-order' | 'sequence-gap' | 'late' | 'malformed' }>,
  { market, outbox }: Stage,
  connections: readonly Connection[],
): boolean {
  const book = subscribedBook(fault.symbol, market, connections, fault.do === 'malformed' ? 'quotes' : 'trades')
  if (book === undefined) return false
  switch (fault.do) {
    case 'out-of-order':
      playOutOfOrder(fault, market, book, connections, outbox)
      break
    case 'sequence-gap':
      playSequenceGap(fault, market, book, connections, outbox)
      break
    case 'late':
      playLate(fault, market, book, connections, outbox)
      break
    case 'malformed':
      playMalformed(fault, book, connections, outbox)
      break
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
