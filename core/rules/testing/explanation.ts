import type { Evidence, Match } from '../../match.ts'
import type { Micros } from '../../time.ts'
import type { LostReason } from '../pattern/trace.ts'
import type { Coverage } from './coverage.ts'
import type { Lack } from './misses.ts'

/** Values of the rule's `by`. */
export type KeyValues = Readonly<Record<string, string>>

/** An event for which a condition was not true, and what it lacked. */
export type Miss = {
  /** Of the condition: `/where`, `/when`, a step's `if`. */
  readonly pointer: string
  readonly at: Micros
  readonly key: KeyValues
  readonly event: Evidence
  readonly lacks: readonly Lack[]
}

/** A condition that held, but not for as long as `hold` asks. */
export type ShortHold = {
  readonly key: KeyValues
  readonly from: Micros
  readonly lastedMicros: number
  readonly wantedMicros: number
  /** It holds still: the time was not up. */
  readonly isOpen: boolean
}

/** How far a beginning of the pattern got. */
export type NearPattern = {
  readonly key: KeyValues
  /** Events taken, in their order, with the names of their steps. */
  readonly taken: readonly { readonly step: string; readonly event: Evidence }[]
  /** The name of the step that was to come next; of a last `not` that it and how long it was to last. */
  readonly waitedFor: string
  /** `open`: it waits still. */
  readonly why: LostReason | 'open'
  readonly at: Micros
  /** The event for which a `not` or an `until` held. */
  readonly endedBy: Evidence | undefined
  /** The event that came nearest to being taken next. */
  readonly nearest: Miss | undefined
}

/** Conditions that had no value, by place and reason. */
export type Absence = { readonly pointer: string; readonly reason: string; readonly times: number }

/** What a rule did over some records, and what it nearly did (rules.md section 13). */
export type Explanation = {
  readonly matches: readonly Match[]
  /** Events of the rule's streams, of the key if one was asked for; those that passed `where`. */
  readonly events: number
  readonly passed: number
  /** The nearest first: what passed `where`, then by conjuncts that were missing, then by the widest margin. */
  readonly misses: readonly Miss[]
  /** The longest first. */
  readonly holds: readonly ShortHold[]
  /** The furthest first: by steps, then by events. */
  readonly patterns: readonly NearPattern[]
  readonly absent: readonly Absence[]
  /** FIRED that a cool-down holds back now, by key. */
  readonly heldBack: readonly { readonly key: KeyValues; readonly times: number; readonly until: Micros | undefined }[]
  readonly coverage: Coverage
}
