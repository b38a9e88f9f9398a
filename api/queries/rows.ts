import { z } from 'zod'

/** A column that may be NULL: absent is `undefined` on our side. */
export const optional = <T extends z.ZodType>(type: T) => type.nullable().transform((value) => value ?? undefined)

export const text = z.string()
export const number = z.number()
