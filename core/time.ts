declare const microsBrand: unique symbol

/** Integer microseconds since the Unix epoch. Doubles hold them exactly up to the year 2255. */
export type Micros = number & { readonly [microsBrand]: true }

export const isMicros = (value: number): value is Micros => Number.isSafeInteger(value) && value >= 0

/** Throws RangeError unless `value` is a non-negative safe integer. */
export function micros(value: number): Micros {
  if (!isMicros(value)) throw new RangeError(`not a time in microseconds: ${value}`)
  return value
}

export const MICROS_PER_MILLI = 1000
export const MICROS_PER_SECOND = 1_000_000
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND

export const fromMillis = (millis: number): Micros => micros(Math.round(millis * MICROS_PER_MILLI))

export const toMillis = (time: Micros): number => Math.floor(time / MICROS_PER_MILLI)

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/

/**
 * ISO 8601 UTC text with up to nine fraction digits, cut (not rounded) to microseconds.
 * `undefined` if the text has another form or names no real moment.
 */
export function fromIso(text: string): Micros | undefined {
  const parts = ISO.exec(text)
  if (parts === null) return undefined
  const seconds = Date.parse(`${parts[1]}Z`)
  const value = seconds * MICROS_PER_MILLI + Number((parts[2] ?? '').padEnd(6, '0').slice(0, 6))
  return isMicros(value) ? value : undefined
}

/** ISO 8601 UTC with exactly six fraction digits, as the API and the command line print times. */
export function toIso(time: Micros): string {
  const whole = new Date(toMillis(time)).toISOString()
  return `${whole.slice(0, -1)}${String(time % MICROS_PER_MILLI).padStart(3, '0')}Z`
}
