import { z } from 'zod'
import { fromIso, type Micros } from '../core/time.ts'
import { HttpFailure } from './problem.ts'
import { problemsOf } from './validation.ts'

const symbol = z
  .string()
  .regex(/^[A-Za-z0-9]{1,20}-[A-Za-z0-9]{1,20}(-[Pp][Ee][Rr][Pp])?$/, 'not a symbol like BTC-USDT')
  .transform((text) => text.toUpperCase())
const exchange = z
  .string()
  .regex(/^[A-Za-z0-9]{1,32}$/, 'not an exchange like binance')
  .transform((text) => text.toLowerCase())
const limit = z
  .string()
  .regex(/^[0-9]{1,6}$/, 'not a whole number')
  .transform(Number)
  .pipe(z.number().min(1).max(1000))
  .default(100)

export const pricesQuery = z.strictObject({
  symbol: symbol.optional(),
  exchange: exchange.optional(),
  limit,
  cursor: z.string().max(256).optional(),
})
/** A moment, `2026-11-20T10:15:30.123456Z`; up to nine fraction digits are taken, six are kept. */
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, 'not a time like 2026-11-20T10:15:30Z')
  .transform((text, context): Micros => {
    const moment = fromIso(text)
    if (moment !== undefined) return moment
    context.addIssue('not a time between 1970 and 2255')
    return z.NEVER
  })

const rangeQuery = {
  from: time,
  to: time.optional(),
  limit,
  cursor: z.string().max(512).optional(),
}
/** One symbol's history: the tables are indexed by symbol first. */
export const historyQuery = z.strictObject({ symbol, exchange: exchange.optional(), ...rangeQuery })
export const gapsQuery = z.strictObject({ symbol: symbol.optional(), exchange: exchange.optional(), ...rangeQuery })
export const deadLettersQuery = z.strictObject({
  topic: z
    .string()
    .regex(/^[a-z0-9.-]{1,100}$/, 'not a topic like crypto-prices.ticks')
    .optional(),
  ...rangeQuery,
})
export const noQuery = z.strictObject({})
export const readyQuery = z.strictObject({ verbose: z.string().max(16).optional() })
export const symbolPath = z.strictObject({ symbol })

/** Validated input of a route; throws BAD_PARAMETER that names every parameter with a problem. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new HttpFailure('BAD_PARAMETER', problemsOf(parsed.error).join('; '))
}
