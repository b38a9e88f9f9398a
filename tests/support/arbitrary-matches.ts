import fc from 'fast-check'
import { ALERT_PHASES, ALERT_SOURCES, type WrittenAlert } from '../../core/alert.ts'
import { MATCH_PHASES, RESOLVE_REASONS, SEVERITIES } from '../../core/match.ts'
import type { Action, Evidence, Match, Told } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import { FEEDS } from '../../core/tick.ts'
import { arbitraryCount, arbitraryMicros, plainRecord } from './arbitraries.ts'
import { arbitraryOrigin } from './arbitrary-derived.ts'

const text = fc.string({ unit: 'binary' })
const optionally = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined })
const mapOf = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
    values,
    { noNullPrototype: true },
  )
const version = fc.integer({ min: 1, max: 2 ** 31 - 1 })

const arbitraryTold: fc.Arbitrary<Told> = fc.oneof(
  text,
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant<Told>(null),
)

const arbitraryEvidence = plainRecord<Evidence>({
  stream: text,
  offset: arbitraryCount,
  at: arbitraryMicros,
  exchange: optionally(text),
  symbol: optionally(text),
})

export const arbitraryMatch = plainRecord<Derived<Match>>({
  ruleId: text,
  ruleVersion: version,
  ruleSetHash: text,
  shadow: fc.boolean(),
  type: text,
  phase: fc.constantFrom(...MATCH_PHASES),
  reason: optionally(fc.constantFrom(...RESOLVE_REASONS)),
  severity: fc.constantFrom(...SEVERITIES),
  key: mapOf(text),
  base: text,
  exchange: optionally(text),
  symbol: optionally(text),
  at: arbitraryMicros,
  feed: fc.constantFrom(...FEEDS),
  fields: mapOf(arbitraryTold),
  inputs: mapOf(arbitraryTold),
  evidence: fc.array(arbitraryEvidence, { maxLength: 3 }),
  suppressed: arbitraryCount,
  origin: arbitraryOrigin,
})

const arbitraryAction: fc.Arbitrary<Action> = fc.oneof(
  plainRecord<Action & { kind: 'webhook' }>({ kind: fc.constant('webhook'), target: text }),
  plainRecord<Action & { kind: 'command' }>({
    kind: fc.constant('command'),
    command: text,
    arguments: mapOf(arbitraryTold),
  }),
)

export const arbitraryAlert = plainRecord<WrittenAlert>({
  alertId: text,
  source: fc.constantFrom(...ALERT_SOURCES),
  alertKey: text,
  phase: fc.constantFrom(...ALERT_PHASES),
  reason: optionally(fc.constantFrom(...RESOLVE_REASONS)),
  resolves: fc.boolean(),
  severity: fc.constantFrom(...SEVERITIES),
  type: text,
  title: text,
  at: arbitraryMicros,
  feed: fc.constantFrom(...FEEDS),
  ruleId: optionally(text),
  ruleVersion: optionally(version),
  key: mapOf(text),
  exchange: optionally(text),
  symbol: optionally(text),
  fields: mapOf(arbitraryTold),
  evidence: fc.array(arbitraryEvidence, { maxLength: 3 }),
  suppressed: arbitraryCount,
  action: optionally(arbitraryAction),
  origin: optionally(arbitraryOrigin),
})
