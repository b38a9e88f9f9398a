import { z } from 'zod'
import { STREAMS } from '../core/rules/events.ts'
import { symbol, time } from './parameters.ts'

const duration = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'not a length of time like 250ms, 5s, 10m')
  .meta({ examples: ['5s'] })
const plain = z.union([z.string().max(4096), z.number(), z.boolean(), z.null()])
const values = z.record(z.string().max(64), plain)

const given = z.strictObject({
  at: duration.meta({ description: 'Since the test began' }),
  stream: z.enum(STREAMS),
  set: values.meta({ description: 'Fields; a text that begins with = is an expression, in which i counts repeats' }),
  repeat: z.int().min(1).max(100_000).optional(),
  every: duration.optional(),
})

const keyValues = z
  .record(z.string().regex(/^[A-Za-z]{1,32}$/), z.string().max(64))
  .meta({ description: 'Only what concerns this key: values of fields of `by`' })

const base = z
  .string()
  .regex(/^[A-Za-z0-9]{1,20}$/, 'not an asset like BTC')
  .transform((text) => text.toUpperCase())

/** What a rule is tried on: nothing, its own tests; records made up; what the log holds. */
const trial = {
  given: z.array(given).max(1000).optional(),
  until: duration.optional().meta({ description: 'Where the clock stops; of `given`' }),
  range: z
    .strictObject({
      symbol: symbol.optional(),
      base: base.optional().meta({ description: 'Instead of a symbol' }),
      from: time.optional().meta({ description: 'By default an hour before `to`, which is the most' }),
      to: time.optional().meta({ description: 'By default now' }),
    })
    .optional()
    .meta({ description: 'What the log holds of an asset: at most one hour' }),
  key: keyValues.optional(),
}
export const trialBody = z.strictObject(trial)
export const documentTrialBody = z.strictObject({ rule: z.looseObject({}), ...trial })

export const whyNotQuery = z.strictObject({
  key: z
    .string()
    .regex(
      /^[A-Za-z]{1,32}:[A-Za-z0-9._/*-]{1,64}(,[A-Za-z]{1,32}:[A-Za-z0-9._/*-]{1,64}){0,3}$/,
      'not a key like symbol:BTC-USDT',
    )
    .meta({
      description: 'Fields of the rule’s `by` with their values; `base` or `symbol` is one of them',
      examples: ['exchange:kraken,symbol:BTC-USDT'],
    }),
  at: time.optional().meta({ description: 'The moment at which it was expected to fire; by default now' }),
})
