import { z } from 'zod'
import { MATCH_PHASES, RESOLVE_REASONS, SEVERITIES } from '../core/match.ts'
import { FEEDS } from '../core/tick.ts'
import { count, text, time } from './document-fields.ts'

const told = z.record(text, z.union([text, z.number(), z.boolean(), z.null()]))
const evidence = z
  .strictObject({
    stream: text.meta({
      description: 'What it was to the rule: trade, quote, best, candle, opportunity, match, gap …',
    }),
    partition: count,
    offset: count,
    at: time,
    exchange: text.optional(),
    symbol: text.optional(),
  })
  .meta({ description: 'A record of the input log, and where it stands there' })

/** A hit of a rule. */
export const match = z.strictObject({
  matchId: text,
  ruleId: text,
  ruleVersion: count,
  ruleSetHash: text,
  shadow: z.boolean().meta({ description: 'Of a version that is tried beside the one that speaks: never an alert' }),
  type: text,
  phase: z.enum(MATCH_PHASES).meta({ description: 'TIMEOUT: a pattern that began was not completed in time' }),
  reason: z
    .enum(RESOLVE_REASONS)
    .optional()
    .meta({ description: 'On RESOLVED; renew: history ends here, a condition still true fires again at once' }),
  severity: z.enum(SEVERITIES),
  key: z.record(text, text).meta({ description: 'Values of the rule’s `by` fields: what it fired for' }),
  base: text,
  exchange: text.optional(),
  symbol: text.optional(),
  at: time,
  feed: z.enum(FEEDS),
  fields: told.meta({
    description: 'What the rule tells; null: it had no value. Times and durations are microseconds',
  }),
  inputs: told.meta({ description: 'All the rule’s named values, if it asks for them' }),
  evidence: z.array(evidence).meta({ description: 'Newest last' }),
  suppressed: count.meta({ description: 'FIRED that a cool-down held back since the last one of its key' }),
  origin: z
    .strictObject({ processor: text, version: count, partition: count, offset: count, ordinal: count })
    .meta({ description: 'The record that was being processed' }),
})
