import { parseSymbol } from './symbol.ts'

/** The key of records that go to every partition. */
export const BROADCAST_KEY = '*'

/**
 * Key of a symbol's ticks: its base asset; the quote asset where the symbol is configured as the inverse of another.
 * All exchanges' prices of an asset thereby share a partition. Throws RangeError on a symbol that is not canonical.
 */
export function tickKey(symbol: string, inverses: ReadonlySet<string> = new Set()): string {
  const parts = parseSymbol(symbol)
  if (parts === undefined) throw new RangeError(`not a canonical symbol: ${symbol}`)
  return inverses.has(symbol) ? parts.quote : parts.base
}

/** Partition of a key, as Kafka's default partitioner deals it, so that Java and Streams applications agree with us. */
export const partitionOf = (key: string, partitions: number): number =>
  (murmur2(new TextEncoder().encode(key)) & 0x7fffffff) % partitions

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** 32-bit murmur2 as in `org.apache.kafka.common.utils.Utils.murmur2`; a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  const whole = length - (length % 4)
  for (let i = 0; i < whole; i += 4) {
    let k = byte(bytes, i) | (byte(bytes, i + 1) << 8) | (byte(bytes, i + 2) << 16) | (byte(bytes, i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(k, M)
  }
  if (length % 4 === 3) hash ^= byte(bytes, whole + 2) << 16
  if (length % 4 >= 2) hash ^= byte(bytes, whole + 1) << 8
  if (length % 4 >= 1) hash = Math.imul(hash ^ byte(bytes, whole), M)
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}

const byte = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0
