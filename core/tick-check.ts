import { assertNever } from './assert.ts'
import { isCanonical } from './symbol.ts'
import { EXCHANGES, type Payload, type Tick } from './tick.ts'
import { MICROS_PER_SECOND } from './time.ts'

const EARLIEST = Date.UTC(2009, 0, 3) * 1000
const LATEST = Date.UTC(2100, 0, 1) * 1000
const known: ReadonlySet<string> = new Set(EXCHANGES)

/**
 * Why a decoded tick cannot be believed, or `undefined` if it can.
 *
 * Avro is no checksum: over half of randomly damaged ticks still decode (kafka-client.md section 11), so every reader asks this.
 */
export function tickFault(tick: Tick): string | undefined {
  if (tick.payload.kind === 'control' ? tick.exchange !== '' : !known.has(tick.exchange)) {
    return `exchange: unknown "${tick.exchange}"`
  }
  if (!inRange(tick.eventTime)) return `eventTime: out of range ${tick.eventTime}`
  if (!inRange(tick.receiveTime)) return `receiveTime: out of range ${tick.receiveTime}`
  if (!inRange(tick.session)) return `session: out of range ${tick.session}`
  if (!isCount(tick.ordinal)) return `ordinal: not a count ${tick.ordinal}`
  if (!isCount(tick.sequence)) return `sequence: not a count ${tick.sequence}`
  return payloadFault(tick.payload, tick.symbol)
}

function payloadFault(payload: Payload, symbol: string): string | undefined {
  switch (payload.kind) {
    case 'trade':
      return (
        symbolFault(symbol) ??
        (payload.id === ''
          ? 'id: empty'
          : (positiveFault('price', payload.price) ?? positiveFault('size', payload.size)))
      )
    case 'quote':
      return (
        symbolFault(symbol) ??
        sidesFault(payload.bid, payload.ask) ??
        (payload.bidSize === undefined ? undefined : positiveFault('bidSize', payload.bidSize)) ??
        (payload.askSize === undefined ? undefined : positiveFault('askSize', payload.askSize))
      )
    case 'rate':
      return symbolFault(symbol) ?? sidesFault(payload.bid, payload.ask)
    case 'gap':
      // A START gap reaches back ten minutes, so the bounds may precede the session by far but never be inverted.
      return payload.from <= payload.to && payload.from >= EARLIEST - 600 * MICROS_PER_SECOND && payload.to < LATEST
        ? undefined
        : `gap: from ${payload.from} to ${payload.to}`
    case 'heartbeat':
      return isCount(payload.lastSequence) ? undefined : `lastSequence: not a count ${payload.lastSequence}`
    case 'control':
      return payload.documentId === '' ? 'documentId: empty' : undefined
    default:
      return assertNever(payload)
  }
}

const inRange = (time: number): boolean => time >= EARLIEST && time < LATEST
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
const symbolFault = (symbol: string): string | undefined =>
  symbol === '' ? 'symbol: empty' : isCanonical(symbol) ? undefined : `symbol: not canonical "${symbol}"`
const sidesFault = (bid: number, ask: number): string | undefined =>
  positiveFault('bid', bid) ??
  positiveFault('ask', ask) ??
  (bid < ask ? undefined : `bid ${bid} is not below ask ${ask}`)
const positiveFault = (field: string, value: number): string | undefined =>
  Number.isFinite(value) && value > 0 ? undefined : `${field}: not a positive number ${value}`
