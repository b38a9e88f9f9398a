import { z } from 'zod'
import { count, text, time } from './document-fields.ts'
import { RULE_STATES } from './rule-activation.ts'

export const diagnostic = z.strictObject({
  code: text.meta({ description: 'E…: an error; W…: a warning' }),
  pointer: text.meta({ description: 'Place in the document (RFC 6901)' }),
  from: count.optional().meta({ description: 'Of an expression: the first character that it is about' }),
  to: count.optional().meta({ description: 'And the one after the last' }),
  message: text,
})

const document = z.looseObject({}).meta({ description: 'As it was written' })
const activation = z.strictObject({
  state: z.enum(RULE_STATES).meta({
    description:
      'inactive: no version is wanted; waiting: not in the log yet; published: in the log; listening: its windows fill; in_force; halted: it held more than its bound',
  }),
  activeVersion: count.optional().meta({ description: 'The version that is to speak' }),
  previousVersion: count.optional().meta({ description: 'Where a roll-back goes' }),
  shadowVersion: count.optional().meta({ description: 'Evaluated and recorded, without alerts' }),
  epoch: count.optional().meta({ description: 'Of the rule set in which what is active of it last changed' }),
  publishedAt: time.optional().meta({ description: 'When that set stood in every partition' }),
  inForceSince: time.optional().meta({
    description:
      "Since when this version speaks in every partition: by the log's clock, not before the set was published",
  }),
  listeningUntil: time.optional(),
})

export const ruleVersion = z.strictObject({
  id: text,
  version: count,
  hash: text.meta({ description: 'SHA-256 of its canonical JSON; in quotes its ETag' }),
  author: text,
  createdAt: time,
  document,
})
export const rule = ruleVersion.omit({ document: true }).extend({ activation, document })

export const ruleStat = z.strictObject({
  version: count,
  fired1h: count,
  resolved1h: count,
  timeout1h: count,
  fired24h: count,
  resolved24h: count,
  timeout24h: count,
  shadow24h: count.meta({ description: 'How many of fired24h were in the shadow' }),
  suppressed24h: count.meta({ description: 'Held back by cool-downs' }),
  alerts1h: count,
  alerts24h: count,
  lastFired: time.optional(),
  feed: text.optional(),
})

export const verdict = {
  isValid: z.boolean(),
  runsTests: z.boolean().meta({ description: 'Whether its tests were run: with a key that may write' }),
  diagnostics: z.array(diagnostic),
  bound: z
    .strictObject({
      bytesPerKey: z.number(),
      keys: z.number(),
      bytes: z.number().meta({ description: 'Of all its keys in the fullest partition' }),
      warmUpMicros: z.number(),
      horizonMicros: z.number(),
      cost: z.enum(['low', 'medium', 'high']),
    })
    .optional()
    .meta({ description: 'What it holds at most; absent: it does not compile' }),
}
