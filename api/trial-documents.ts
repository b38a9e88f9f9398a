import { z } from 'zod'
import { MATCH_PHASES, RESOLVE_REASONS, SEVERITIES } from '../core/match.ts'
import { FEEDS } from '../core/tick.ts'
import { count, text, time } from './document-fields.ts'

/** What came of trying a rule. */
const value = z.union([text, z.number(), z.boolean(), z.null()])
const key = z.record(text, text)
const evidence = z.strictObject({
  stream: text,
  offset: count.meta({ description: 'Of the log; of records made up their number, from 1 on' }),
  at: time,
  exchange: text.optional(),
  symbol: text.optional(),
})
const trialMatch = z.strictObject({
  type: text,
  phase: z.enum(MATCH_PHASES),
  reason: z.enum(RESOLVE_REASONS).optional(),
  severity: z.enum(SEVERITIES),
  key,
  base: text,
  exchange: text.optional(),
  symbol: text.optional(),
  at: time,
  feed: z.enum(FEEDS),
  fields: z.record(text, value),
  inputs: z.record(text, value),
  evidence: z.array(evidence),
  suppressed: count,
})
const place = {
  pointer: text.meta({ description: 'Place in the document (RFC 6901)' }),
  from: count.meta({ description: 'Characters of the expression there' }),
  to: count,
  text,
}
const lack = z.strictObject({
  ...place,
  left: value,
  right: value,
  margin: z.number().optional().meta({ description: '(left − right) / the greater size of both' }),
  absent: text.optional().meta({ description: 'Why it has no value; absent: it is false' }),
})
const miss = z.strictObject({
  pointer: text,
  at: time,
  key,
  event: evidence,
  lacks: z.array(lack).meta({ description: 'The parts that kept the condition from being true' }),
})
const coverage = z.strictObject({
  conditions: z.array(z.strictObject({ ...place, isTrue: z.boolean(), isFalse: z.boolean(), isAbsent: z.boolean() })),
  steps: z.array(z.strictObject({ name: text, isEntered: z.boolean() })),
})

export const explanation = z.strictObject({
  matches: z.array(trialMatch),
  isWhole: z.boolean().meta({ description: 'Whether these are all matches; else the first 1000' }),
  events: count.meta({ description: 'Events of the rule’s streams, of the key' }),
  passed: count.meta({ description: 'Those that passed `where`' }),
  misses: z.array(miss).meta({ description: 'The nearest first' }),
  holds: z
    .array(z.strictObject({ key, from: time, lastedMicros: count, wantedMicros: count, isOpen: z.boolean() }))
    .meta({ description: 'Conditions that held, but not long enough; the longest first' }),
  patterns: z
    .array(
      z.strictObject({
        key,
        taken: z.array(z.strictObject({ step: text, event: evidence })),
        waitedFor: text.meta({
          description: 'The step that was to come next; of a last `not` what was not to come, and how long',
        }),
        why: z.enum(['guard', 'until', 'contiguity', 'within', 'maxPartials', 'skip', 'open']),
        at: time,
        endedBy: evidence.optional().meta({ description: 'The record for which a `not` or an `until` held' }),
        nearest: miss.optional(),
      }),
    )
    .meta({ description: 'How far beginnings of the pattern got, the furthest first; open: it waits still' }),
  absent: z
    .array(z.strictObject({ pointer: text, reason: text, times: count }))
    .meta({ description: 'Conditions that had no value' }),
  heldBack: z
    .array(z.strictObject({ key, times: count, until: time.optional() }))
    .meta({ description: 'FIRED that a cool-down holds back' }),
  coverage,
})
export const trialRange = z.strictObject({
  from: time,
  to: time,
  partition: count,
  records: count,
  first: time.optional().meta({ description: 'Where warm-up began' }),
  last: time.optional(),
  reaches: z.boolean().meta({ description: 'Whether the log reaches back as far as windows need to be full' }),
  isCut: z.boolean().meta({ description: 'The time was up before the end of the range' }),
})
export const trial = {
  ruleId: text,
  ruleVersion: count,
  explanation: explanation.optional(),
  range: trialRange.optional(),
}
export const trialTests = z
  .strictObject({
    tests: z.array(
      z.strictObject({
        name: text,
        passed: z.boolean(),
        expected: text.optional(),
        got: text.optional(),
        matches: z.array(trialMatch).meta({ description: 'The first 100' }),
      }),
    ),
    coverage,
  })
  .optional()
  .meta({ description: 'Of the rule’s own tests, if it was tried on nothing else' })
