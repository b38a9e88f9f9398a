import { z } from 'zod'
import { ALERT_PHASES } from '../core/alert.ts'
import { SEVERITIES } from '../core/match.ts'
import { ALERT_STATES } from './alert.ts'
import { cursor, exchange, limit, symbol, time } from './parameters.ts'

const rule = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, 'not a rule like price-spike')
  .meta({ description: 'The rule', examples: ['price-spike'] })

/** PostgreSQL has no text with NUL, and none that is no Unicode. */
const words = (most: number) =>
  z
    .string()
    .max(most)
    .refine((one) => one.isWellFormed() && !one.includes('\0'), 'not a text')

/** Times are those of the alerts; without `from` the 91 days before `to`, without `to` up to now. */
export const alertsQuery = z.strictObject({
  state: z.enum(ALERT_STATES).optional(),
  phase: z
    .enum(ALERT_PHASES)
    .optional()
    .meta({ description: 'FIRED: without the records that end stories; their ends are in `resolvedAt`' }),
  ruleId: rule.optional(),
  symbol: symbol.optional(),
  exchange: exchange.optional(),
  severity: z.enum(SEVERITIES).optional(),
  from: time.optional(),
  to: time.optional(),
  limit,
  cursor,
})

export const alertPath = z.strictObject({
  id: z
    .string()
    // Neither `.` nor `..`, which clients take for a place.
    .regex(/^[A-Za-z0-9][!-~]{0,599}$/, 'not an id like price-spike@1:0:1234:0')
    .meta({ description: 'Id of the alert', examples: ['price-spike@1:0:1234:0'] }),
})

export const ackBody = z.strictObject({
  comment: words(1000).optional().meta({ description: 'What is to be known of it' }),
})

export const silencesQuery = z.strictObject({
  state: z.enum(['pending', 'active', 'ended']).optional(),
  limit,
  cursor,
})

export const silencePath = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'not a number')
    .transform(Number)
    .meta({ json: { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 }, description: 'Its number' }),
})

export const silenceBody = z.strictObject({
  matcher: z
    .strictObject({
      ruleId: rule.optional(),
      type: words(200).min(1).optional(),
      symbol: symbol.optional(),
      exchange: exchange.optional(),
      severity: z.enum(SEVERITIES).optional(),
    })
    .meta({ description: 'Which alerts are not told: those that have each of these', minProperties: 1 }),
  startsAt: time.optional().meta({ description: 'Absent: now' }),
  endsAt: time,
  comment: words(1000).default('').meta({ description: 'Why' }),
})
