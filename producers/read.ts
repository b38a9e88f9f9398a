import { parseDecimal, printsBack } from '../core/decimal.ts'
import type { Side } from '../core/tick.ts'
import { fromIso, isMicros, MICROS_PER_MILLI, type Micros } from '../core/time.ts'

/**
 * What an exchange sent is not what it documents. The message names the key, never the value: it classes dead letters, and
 * classes must be few.
 */
export class Unreadable extends Error {
  constructor(key: string, wanted: string) {
    super(`${key}: ${wanted}`)
    this.name = 'Unreadable'
  }
}

export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function fields(value: unknown, key: string): Fields {
  if (isFields(value)) return value
  throw new Unreadable(key, 'no object')
}

export function list(value: unknown, key: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Unreadable(key, 'no list')
}

export function text(value: unknown, key: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Unreadable(key, 'no text')
}

export function boolean(value: unknown, key: string): boolean {
  if (typeof value === 'boolean') return value
  throw new Unreadable(key, 'no boolean')
}

/** avsc refuses 2^53 - 1 as a `long`: such an id must not get as far as the writer (found by fuzzing). */
const HIGHEST_COUNT = Number.MAX_SAFE_INTEGER - 1

/** A count that fits a double exactly, given as number or as its digits. */
export function count(value: unknown, key: string): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= HIGHEST_COUNT) return number
  throw new Unreadable(key, 'no count')
}

/** A price above zero that prints back to the exchange's text; `undefined` is a zero price, which means none. */
export function price(value: unknown, key: string): number | undefined {
  const number = decimal(value, key)
  if (number < 0) throw new Unreadable(key, 'negative')
  if (number === 0) return undefined
  if (!printsBack(String(value), number)) throw new Unreadable(key, 'more digits than a double holds')
  return number
}

/** A price that must be there. */
export function tradedPrice(value: unknown, key: string): number {
  const number = price(value, key)
  if (number === undefined) throw new Unreadable(key, 'zero')
  return number
}

/** A size of zero or more, rounded to the nearest double. */
export function size(value: unknown, key: string): number {
  const number = decimal(value, key)
  if (number < 0) throw new Unreadable(key, 'negative')
  return number
}

/** A size above zero. */
export function tradedSize(value: unknown, key: string): number {
  const number = size(value, key)
  if (number === 0) throw new Unreadable(key, 'zero')
  return number
}

/** 1 if the size was rounded, else 0. */
export const inexact = (value: unknown, number: number): number => (printsBack(String(value), number) ? 0 : 1)

/** Milliseconds or microseconds since the epoch: Binance sends either, by a parameter of the address. */
export function epoch(value: unknown, key: string): Micros {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) {
    const time = value > 1e14 ? value : value * MICROS_PER_MILLI
    if (isMicros(time)) return time
  }
  throw new Unreadable(key, 'no time')
}

/** Seconds since the epoch as text with a fraction, cut to microseconds from the digits. */
export const decimalSeconds = (value: unknown, key: string): Micros => decimalTime(value, key, 6)

/** Milliseconds since the epoch as text, with or without a fraction. */
export const decimalMillis = (value: unknown, key: string): Micros => decimalTime(value, key, 3)

export function iso(value: unknown, key: string): Micros {
  const time = typeof value === 'string' ? fromIso(value) : undefined
  if (time === undefined) throw new Unreadable(key, 'no time')
  return time
}

/** A time that helps where it is there, and is no fault where it is not. */
export const isoIf = (value: unknown): Micros | undefined => (typeof value === 'string' ? fromIso(value) : undefined)

export function epochIf(value: unknown): Micros | undefined {
  const millis = typeof value === 'number' ? value * MICROS_PER_MILLI : -1
  return isMicros(millis) ? millis : undefined
}

/** The side as an exchange writes it, in whatever case. */
export function tradedSide(value: unknown, key: string): Side {
  if (value === 'BUY' || value === 'buy') return 'BUY'
  if (value === 'SELL' || value === 'sell') return 'SELL'
  throw new Unreadable(key, 'neither buy nor sell')
}

function decimal(value: unknown, key: string): number {
  const number = typeof value === 'string' ? parseDecimal(value) : undefined
  if (number === undefined) throw new Unreadable(key, 'no decimal')
  return number
}

function decimalTime(value: unknown, key: string, decimals: number): Micros {
  const parts = typeof value === 'string' ? /^(\d{1,15})(?:\.(\d+))?$/.exec(value) : null
  const time = Number(`${parts?.[1] ?? 0}${(parts?.[2] ?? '').padEnd(decimals, '0').slice(0, decimals)}`)
  if (time > 0 && isMicros(time)) return time
  throw new Unreadable(key, 'no time')
}
