import { z } from 'zod'
import { HttpFailure } from './problem.ts'
import { problemsOf } from './validation.ts'

const symbol = z
  .string()
  .max(48)
  .transform((text) => text.toUpperCase())
  .pipe(z.string().regex(/^[A-Z0-9]{1,20}-[A-Z0-9]{1,20}(-PERP)?$/, 'not a symbol like BTC-USDT'))
const exchange = z
  .string()
  .max(32)
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(/^[a-z0-9]{1,32}$/, 'not an exchange like binance'))
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
export const noQuery = z.strictObject({})
export const readyQuery = z.strictObject({ verbose: z.string().max(16).optional() })
export const symbolPath = z.strictObject({ symbol })

/** Validated input of a route; throws BAD_PARAMETER that names every parameter with a problem. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new HttpFailure('BAD_PARAMETER', problemsOf(parsed.error).join('; '))
}
