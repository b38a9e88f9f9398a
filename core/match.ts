import type { Feed } from './tick.ts'
import type { Micros } from './time.ts'

export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const MATCH_PHASES = ['FIRED', 'RESOLVED', 'TIMEOUT'] as const
export type MatchPhase = (typeof MATCH_PHASES)[number]

/**
 * Why a RESOLVED was written: the rule's release held, the renewal ended the firing of a key, the rule was replaced, disabled
 * or removed. FIRED and TIMEOUT have none.
 */
export const RESOLVE_REASONS = ['release', 'renew', 'rule'] as const
export type ResolveReason = (typeof RESOLVE_REASONS)[number]

/** Absent is null. Times are microseconds since the epoch, durations microseconds. */
export type Told = string | number | boolean | null

/** A record that a match rests on: where it stands on the input log, and enough to find it in a chart. */
export type Evidence = {
  readonly stream: string
  readonly offset: number
  /** T at that record. */
  readonly at: Micros
  readonly exchange: string | undefined
  readonly symbol: string | undefined
}

/** What a rule says is to be done, as the match fills it in; the alert path does it, once. */
export type Action =
  | { readonly kind: 'webhook'; readonly target: string }
  | { readonly kind: 'command'; readonly command: string; readonly arguments: Readonly<Record<string, Told>> }

/**
 * A rule's hit (rules.md section 5). Its id is `ruleId@version:partition:offset:ordinal` of its origin, which only the log gives
 * ({@link matchIdOf}).
 */
export type Match = {
  readonly ruleId: string
  readonly ruleVersion: number
  /** SHA-256 of the rule set in force. */
  readonly ruleSetHash: string
  /** Evaluated beside the version that speaks: written, never an alert. */
  readonly shadow: boolean
  readonly type: string
  readonly phase: MatchPhase
  readonly reason: ResolveReason | undefined
  readonly severity: Severity
  /** The rule's `by` fields, in its order. */
  readonly key: Readonly<Record<string, string>>
  /** Of the key, or of the record that caused it if the key does not say. */
  readonly base: string
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  /** T, or a timer's deadline. */
  readonly at: Micros
  /** Of the record that caused it; SIMULATED where a timer did and nothing better is known. */
  readonly feed: Feed
  readonly fields: Readonly<Record<string, Told>>
  /** All `let` values, if the rule asks for them. */
  readonly inputs: Readonly<Record<string, Told>>
  /** Newest last. */
  readonly evidence: readonly Evidence[]
  /** FIRED that a cool-down held back since the last written one of this key. */
  readonly suppressed: number
}

type Place = { readonly partition: number; readonly offset: number; readonly ordinal: number }

export const matchIdOf = (
  { ruleId, ruleVersion }: Pick<Match, 'ruleId' | 'ruleVersion'>,
  { partition, offset, ordinal }: Place,
): string => `${ruleId}@${ruleVersion}:${partition}:${offset}:${ordinal}`
