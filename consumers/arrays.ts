import type { Micros } from '../core/time.ts'

/**
 * PostgreSQL arrays as statement parameters: one per column, no object per row. Integers and times go in the binary
 * format (nothing to print, nothing to parse), texts and decimals as text.
 */

const UNSAFE = /["\\]/
const ESCAPED = /["\\]/g

/** `text[]`. */
export const textArray = (values: readonly (string | undefined)[]): string =>
  `{${values.map((value) => (value === undefined ? 'NULL' : quoted(value))).join(',')}}`

const quoted = (value: string): string => (UNSAFE.test(value) ? `"${value.replace(ESCAPED, '\\$&')}"` : `"${value}"`)

/** `numeric[]`: JavaScript prints the shortest decimal that reads back as the double, which is what the exchange wrote. */
export const numericArray = (values: readonly (number | undefined)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

/** `boolean[]`. */
export const booleanArray = (values: readonly boolean[]): string =>
  `{${values.map((value) => (value ? 't' : 'f')).join(',')}}`

const INT8 = 20
const TIMESTAMPTZ = 1184
const HEADER_BYTES = 20
const ELEMENT_BYTES = 12
const TWO_TO_32 = 2 ** 32

/** PostgreSQL counts microseconds from the year 2000. */
const EPOCH_MICROS = Date.UTC(2000, 0, 1) * 1000

/** `bigint[]`. */
export const bigintArray = (values: readonly number[]): Buffer => longs(INT8, values, 0)

/** `timestamptz[]`. */
export const timestampArray = (values: readonly Micros[]): Buffer => longs(TIMESTAMPTZ, values, EPOCH_MICROS)

/** One dimension, no nulls, lower bound 1; then per element its length and its bytes (src/backend/utils/adt/arrayfuncs.c). */
function longs(type: number, values: readonly number[], zero: number): Buffer {
  if (values.length === 0) return emptyArray(type)
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + values.length * ELEMENT_BYTES)
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(0, 4)
  buffer.writeInt32BE(type, 8)
  buffer.writeInt32BE(values.length, 12)
  buffer.writeInt32BE(1, 16)
  let at = HEADER_BYTES
  for (const value of values) {
    const long = value - zero
    buffer.writeInt32BE(8, at)
    buffer.writeInt32BE(Math.floor(long / TWO_TO_32), at + 4)
    buffer.writeUInt32BE(long >>> 0, at + 8)
    at += ELEMENT_BYTES
  }
  return buffer
}

/** No dimensions. */
function emptyArray(type: number): Buffer {
  const buffer = Buffer.alloc(12)
  buffer.writeInt32BE(type, 8)
  return buffer
}
