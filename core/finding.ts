import type { Micros } from './time.ts'

/** What the quality step finds in the ticks of an exchange, and what became of documents and of the rules in them. */
export const FINDINGS = [
  'REPEAT',
  'SEQUENCE_GAP',
  'CROSSED',
  'STALE',
  'OUTLIER',
  'CONTROL_REFUSED',
  'RULES_IN_FORCE',
  'RULE_ACTIVE',
  'RULE_HALTED',
] as const
export type FindingKind = (typeof FINDINGS)[number]

/** A derived system event: `crypto-events.system` gets it with its origin. Texts hold no wall-clock times and no instance. */
export type Finding = {
  readonly kind: FindingKind
  readonly exchange: string
  readonly symbol: string
  readonly at: Micros
  readonly message: string
  readonly details: Readonly<Record<string, string>>
}
