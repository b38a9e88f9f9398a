import { z } from 'zod'
import { ALERT_PHASES, ALERT_SOURCES } from '../core/alert.ts'
import { RESOLVE_REASONS, SEVERITIES } from '../core/match.ts'
import { FEEDS } from '../core/tick.ts'
import { ALERT_STATES } from './alert.ts'
import { count, text, time } from './document-fields.ts'

const told = z.record(text, z.union([text, z.number(), z.boolean(), z.null()]))
const evidence = z
  .strictObject({
    stream: text,
    partition: count.optional(),
    offset: count,
    at: time,
    exchange: text.optional(),
    symbol: text.optional(),
  })
  .meta({ description: 'A record of the input log, and where it stands there' })

const shown = {
  alertId: text.meta({ description: 'Of a rule the id of its match' }),
  alertKey: text.meta({ description: 'Its story: what goes on firing and resolving' }),
  source: z.enum(ALERT_SOURCES),
  phase: z.enum(ALERT_PHASES).meta({ description: 'RESOLVED: ends those of its story before it' }),
  reason: z
    .enum(RESOLVE_REASONS)
    .optional()
    .meta({ description: 'On RESOLVED of a rule; renew: its history ends here, what still holds fires again' }),
  resolves: z.boolean().meta({ description: 'Whether a RESOLVED follows when it is over' }),
  severity: z.enum(SEVERITIES),
  type: text,
  title: text.meta({ description: 'The rule’s name, or a sentence' }),
  at: time,
  feed: z.enum(FEEDS),
  ruleId: text.optional(),
  ruleVersion: count.optional(),
  key: z.record(text, text).meta({ description: 'Values of the rule’s `by` fields: what it fired for' }),
  exchange: text.optional(),
  symbol: text.optional(),
  fields: told.meta({ description: 'What it tells; null: it had no value' }),
  evidence: z.array(evidence).meta({ description: 'Newest last' }),
  suppressed: count.meta({ description: 'How many a cool-down held back before it' }),
  action: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('webhook'), target: text }),
      z.strictObject({ kind: z.literal('command'), command: text, arguments: told }),
    ])
    .optional()
    .meta({ description: 'What is done about it' }),
  origin: z
    .strictObject({ processor: text, version: count, partition: count, offset: count, ordinal: count })
    .optional()
    .meta({ description: 'Of a rule: the record that was being processed' }),
}
const standing = {
  state: z
    .enum(ALERT_STATES)
    .meta({ description: 'passed: over, though nobody said so; a RESOLVED is resolved from the start' }),
  ackedBy: text.optional().meta({ description: 'Who has seen it: the name of an API key' }),
  ackedAt: time.optional(),
  ackComment: text.optional(),
  resolvedAt: time.optional().meta({ description: 'Moment of the RESOLVED that ended it' }),
  expiresAt: time.optional().meta({ description: 'When it passes by itself; absent: it waits for its RESOLVED' }),
}

/** An alert as the WebSocket has it. */
export const liveAlert = z.strictObject({ ...shown, ...standing })

const delivery = z.strictObject({
  kind: z.enum(['message', 'action']),
  channel: text.meta({ description: 'Of an action its target or command' }),
  outcome: text.meta({
    description:
      'waiting; sent; unknown: given up, may have arrived; failed: given up; refused; repeat: its story was told; folded: it fired again at once; silenced; minor: below the severity of the channel; unsent: the end of what was not sent; limited: too many actions of its rule',
  }),
  attempts: count,
  uncertain: count.meta({ description: 'Attempts of which nobody knows the outcome' }),
  attemptedAt: time.optional(),
  nextAttemptAt: time.optional(),
  sentAt: time.optional().meta({ description: 'When the attempt began that was acknowledged' }),
  settledAt: time.optional(),
  reason: text.optional().meta({ description: 'Why the newest attempt failed, or why nothing was sent' }),
})

/** An alert as it was written, with what became of it; those of one `alertKey` are one story. */
export const alert = z.strictObject({
  ...shown,
  ...standing,
  silencedBy: count.optional().meta({ description: 'The silence that kept it from a channel' }),
  storedAt: time,
  deliveries: z.array(delivery).meta({ description: 'By channel, and of its action' }),
})

export const silence = z.strictObject({
  silenceId: count,
  matcher: z
    .strictObject({
      ruleId: text.optional(),
      type: text.optional(),
      symbol: text.optional(),
      exchange: text.optional(),
      severity: z.enum(SEVERITIES).optional(),
    })
    .meta({ description: 'Which alerts: those that have each of these' }),
  state: z.enum(['pending', 'active', 'ended']),
  startsAt: time,
  endsAt: time.meta({ description: 'Excluded' }),
  author: text,
  comment: text,
  createdAt: time,
  endedBy: text.optional().meta({ description: 'Who ended it early' }),
  endedAt: time.optional(),
})
