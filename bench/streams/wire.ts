import type { Origin } from '../../core/processor.ts'
import type { BenchEvent } from './events.ts'
import type { J3Match, J3Quote } from './j3.ts'

/** When an event was sent, milliseconds since the epoch with fractions; it travels with the match that it makes. */
export type Sent = { readonly sentAt: number }

const EVENT_BYTES = 28

/** Big endian: symbol (2), exchange (1), 0 (1), ms (4), bid (4), ask (4), size (4), sentAt (8, double). `J3.java` reads the same. */
export function eventBytes({ symbol, exchange, ms, bid, ask, size }: BenchEvent, sentAt: number): Buffer {
  const bytes = Buffer.allocUnsafe(EVENT_BYTES)
  bytes.writeUInt16BE(symbol, 0)
  bytes.writeUInt16BE(exchange << 8, 2)
  bytes.writeUInt32BE(ms, 4)
  bytes.writeInt32BE(bid, 8)
  bytes.writeInt32BE(ask, 12)
  bytes.writeInt32BE(size, 16)
  bytes.writeDoubleBE(sentAt, 20)
  return bytes
}

export const readQuote = (bytes: Buffer): J3Quote & Sent => ({
  symbol: bytes.readUInt16BE(0),
  exchange: bytes.readUInt8(2),
  bid: bytes.readInt32BE(8),
  ask: bytes.readInt32BE(12),
  sentAt: bytes.readDoubleBE(20),
})

const MATCH_BYTES = 12
const ORIGIN_BYTES = 14

/** Big endian: symbol (2), sell (1), buy (1), sentAt (8); ours adds its origin: partition (2), offset (8), ordinal (4). */
export function matchBytes(
  { symbol, sell, buy, sentAt }: J3Match & Sent,
  { partition, offset, ordinal }: Origin,
): Buffer {
  const bytes = Buffer.allocUnsafe(MATCH_BYTES + ORIGIN_BYTES)
  bytes.writeUInt16BE(symbol, 0)
  bytes.writeUInt8(sell, 2)
  bytes.writeUInt8(buy, 3)
  bytes.writeDoubleBE(sentAt, 4)
  bytes.writeUInt16BE(partition, 12)
  bytes.writeDoubleBE(offset, 14)
  bytes.writeUInt32BE(ordinal, 22)
  return bytes
}

export const sentAtOf = (match: Buffer): number => match.readDoubleBE(4)

/** Where a match of ours comes from; `undefined` in one of Kafka Streams', whose transactions drop repeats. */
export const originOf = (match: Buffer): Origin | undefined =>
  match.length < MATCH_BYTES + ORIGIN_BYTES
    ? undefined
    : {
        processor: 'j3',
        version: 1,
        partition: match.readUInt16BE(12),
        offset: match.readDoubleBE(14),
        ordinal: match.readUInt32BE(22),
      }
