import { z } from 'zod'

/** What the answers are made of. */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .meta({ description: 'ISO 8601 UTC with microseconds' })
export const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ description: 'A decimal number as text, exactly' })
export const integer = z.string().regex(/^\d+$/).meta({ description: 'A whole number as text, as it may exceed 2^53' })
export const text = z.string()
export const count = z.int().min(0)
