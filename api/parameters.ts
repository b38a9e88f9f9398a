import { z } from 'zod'
import { MATCH_PHASES, SEVERITIES } from '../core/match.ts'
import { OPPORTUNITY_KINDS } from '../core/opportunity.ts'
import { SYSTEM_EVENT_KINDS } from '../core/service.ts'
import { fromIso, type Micros } from '../core/time.ts'
import { INTERVAL_NAMES } from './intervals.ts'
import { HttpFailure } from './problem.ts'
import { describe } from './validation.ts'

export const symbol = z
  .string()
  .regex(/^[A-Za-z0-9]{1,20}-[A-Za-z0-9]{1,20}(-[Pp][Ee][Rr][Pp])?$/, 'not a symbol like BTC-USDT')
  .meta({ description: 'Canonical symbol, in any case', examples: ['BTC-USDT'] })
  .transform((text) => text.toUpperCase())
export const exchange = z
  .string()
  .regex(/^[A-Za-z0-9]{1,32}$/, 'not an exchange like binance')
  .meta({ description: 'Exchange, in any case', examples: ['binance'] })
  .transform((text) => text.toLowerCase())
export const limit = z
  .string()
  .regex(/^[0-9]+$/, 'not a whole number')
  // However many digits: still a number.
  .transform((text) => Math.min(Number(text), 1e9))
  .pipe(z.number().min(1, 'at least 1').max(1000, 'at most 1000'))
  .default(100)
  // To clients it is a number; in a URL everything is text.
  .meta({ json: { type: 'integer', minimum: 1, maximum: 1000, default: 100 }, description: 'Rows of a page' })

export const cursor = z.string().max(512).optional().meta({ description: 'From the `next` link of the page before' })

export const pricesQuery = z.strictObject({
  symbol: symbol.optional(),
  exchange: exchange.optional(),
  limit,
  cursor,
})
/** A moment, `2026-11-20T10:15:30.123456Z`; up to nine fraction digits are taken, six are kept. */
export const time = z
  .string()
  .regex(
    /^(19[7-9]\d|2[01]\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/,
    'not a time like 2026-11-20T10:15:30Z',
  )
  .meta({ description: 'UTC; six fraction digits are kept', examples: ['2026-11-20T10:15:30.123456Z'] })
  .transform((text, context): Micros => {
    const moment = fromIso(text)
    if (moment !== undefined) return moment
    context.addIssue('not a moment')
    return z.NEVER
  })

const rangeQuery = {
  from: time,
  to: time.optional(),
  limit,
  cursor,
}
/** One symbol's history: the tables are indexed by symbol first. */
export const historyQuery = z.strictObject({ symbol, exchange: exchange.optional(), ...rangeQuery })
/** `*` is no exchange, but all of them together. */
export const candlesQuery = z.strictObject({
  symbol,
  exchange: z
    .string()
    .regex(/^(\*|[A-Za-z0-9]{1,32})$/, 'not an exchange like binance, nor *')
    .meta({ description: 'Exchange, in any case; `*`: across all; absent: of each', examples: ['binance', '*'] })
    .transform((text) => text.toLowerCase())
    .optional(),
  interval: z.enum(INTERVAL_NAMES).default('1m'),
  ...rangeQuery,
})
export const gapsQuery = z.strictObject({ symbol: symbol.optional(), exchange: exchange.optional(), ...rangeQuery })
export const eventsQuery = z.strictObject({
  exchange: exchange.optional(),
  kind: z.enum(SYSTEM_EVENT_KINDS).optional(),
  ...rangeQuery,
})
export const deadLettersQuery = z.strictObject({
  topic: z
    .string()
    .regex(/^[a-z0-9.-]{1,100}$/, 'not a topic like crypto-prices.ticks')
    .meta({ description: 'Where the record was going', examples: ['crypto-prices.ticks'] })
    .optional(),
  ...rangeQuery,
})
export const bestQuotesQuery = z.strictObject({ symbol: symbol.optional(), limit, cursor })

const edge = z
  .string()
  .regex(/^-?\d{1,20}(\.\d{1,400})?([eE][+-]?\d{1,3})?$/, 'not a number')
  .transform(Number)
  .pipe(z.number().min(-10_000).max(10_000))
  .optional()
  .meta({
    json: { type: 'number', minimum: -10_000, maximum: 10_000 },
    description: 'Least of the greatest edge so far, in basis points after fees',
  })
const signalKind = z.enum(OPPORTUNITY_KINDS).optional()
const base = z
  .string()
  .regex(/^[A-Za-z0-9]{1,20}$/, 'not an asset like BTC')
  .meta({ description: 'Base asset, in any case', examples: ['BTC'] })
  .transform((text) => text.toUpperCase())
  .optional()
/** Times are those of opening; without `from` the 31 days before `to`, without `to` up to now. */
export const signalsQuery = z.strictObject({
  kind: signalKind,
  symbol: symbol.optional(),
  base,
  exchange: exchange.optional(),
  state: z.enum(['open', 'closed']).optional(),
  minEdgeBps: edge,
  from: time.optional(),
  to: time.optional(),
  limit,
  cursor,
})
export const signalPath = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z]:[0-9]{1,4}:[0-9]{1,15}:[0-9]{1,6}$/, 'not an id like x:0:1234:0')
    .meta({ description: 'Id of the opportunity', examples: ['x:0:1234:0'] }),
})
/** Times are those of the matches; without `from` the 31 days before `to`, without `to` up to now. */
export const matchesQuery = z.strictObject({
  ruleId: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'not a rule like price-spike')
    .meta({ description: 'The rule', examples: ['price-spike'] })
    .optional(),
  symbol: symbol.optional(),
  exchange: exchange.optional(),
  severity: z.enum(SEVERITIES).optional(),
  phase: z.enum(MATCH_PHASES).optional(),
  from: time.optional(),
  to: time.optional(),
  limit,
  cursor,
})
export const matchPath = z.strictObject({
  matchId: z
    .string()
    .regex(/^[a-z0-9-]{1,64}@[0-9]{1,10}:[0-9]{1,4}:[0-9]{1,15}:[0-9]{1,6}$/, 'not an id like price-spike@1:0:1234:0')
    .meta({ description: 'Id of the match', examples: ['price-spike@1:0:1234:0'] }),
})
export const noQuery = z.strictObject({})
export const rulesQuery = z.strictObject({ limit, cursor })
export const rulePath = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'not an id like price-spike')
    .meta({ description: 'Id of the rule', examples: ['price-spike'] }),
})
/** How a document is written. */
export const writeQuery = z.strictObject({
  activate: z
    .enum(['true', 'false'])
    .default('true')
    .meta({
      json: { type: 'boolean', default: true },
      description:
        'false: it is only kept; else `enabled` of the document says whether it becomes active or the rule inactive',
    })
    .transform((text) => text === 'true'),
})
export const activateBody = z.strictObject({
  version: z.int().min(1).optional().meta({ description: 'Absent: the newest' }),
  shadow: z
    .boolean()
    .default(false)
    .meta({ description: 'Evaluated and recorded beside the active version, without alerts' }),
})
export const deactivateBody = z.strictObject({
  shadow: z.boolean().default(false).meta({ description: 'Only the version in the shadow; else that too' }),
})
export const noBody = z.strictObject({})
/** Of a rule as much as a schema can say; the language itself is judged by core/rules. */
export const ruleBody = z.looseObject({
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  version: z.int().min(1).max(1_000_000_000).meta({ description: 'An (id, version) never changes' }),
  name: z.string(),
  enabled: z.boolean(),
  on: z.union([z.string(), z.array(z.string())]).meta({ description: 'Streams, such as quote or trade' }),
  by: z.array(z.string()).meta({ description: 'Fields that state is kept per value of' }),
  severity: z.union([z.enum(SEVERITIES), z.looseObject({})]),
  emit: z.looseObject({ type: z.string() }),
})
export const ifMatchHeader = z.strictObject({
  'If-Match': z.string().meta({ description: 'ETag of the document that was read, or *', examples: ['*'] }),
})
export const idempotencyHeader = z.strictObject({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .optional()
    .meta({ description: 'A repeat with the same key and request does nothing more, for a day' }),
})
export const readyQuery = z.strictObject({ verbose: z.string().max(16).optional() })
export const symbolPath = z.strictObject({ symbol })

/** Validated input of a route; throws BAD_PARAMETER that names every parameter with a problem. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input, {
    error: (issue) => (issue.code === 'invalid_type' && issue.input === undefined ? 'required' : undefined),
  })
  if (parsed.success) return parsed.data
  throw new HttpFailure('BAD_PARAMETER', describe(parsed.error))
}
