import type { ControlSet } from '../../control-set.ts'
import type { Micros } from '../../time.ts'
import type { Timers } from '../../timers.ts'
import type { Rule } from '../document.ts'
import type { RuleEvent, Stream } from '../events.ts'
import type { Earlier } from '../frame.ts'

/**
 * What the engine knows between two records: plain data, changed in place; parts refer to each other. Programs are made of the
 * documents in it and are no part of it.
 */
export type RulesState = {
  readonly controls: ControlSet
  /** Of the set in force; '' before there is one, and where it cannot be read. */
  hash: string
  /** T; 0 before it began. */
  now: Micros
  /** Counts events and timers, for frame.ts. */
  stamp: number
  /** The last multiple of the grid of renewals that was passed. */
  passed: number
  /** In the order in which rules are evaluated. */
  versions: Version[]
  /** By {@link spaceName}. */
  readonly spaces: Map<string, Space>
  readonly timers: Timers<Due>
}

/**
 * `listening`: it fills its windows and patterns in silence. `ended`: another version has taken its place, and nothing is asked of it.
 * `halted`: it held far more than its bound; it listens anew from the next renewal on.
 */
export type Status = 'listening' | 'speaking' | 'ended' | 'halted'

/** A version of a rule, of the set in force or spoken still until the one in force takes over. */
export type Version = {
  readonly rule: Rule
  readonly isShadow: boolean
  status: Status
  /** T with the record that brought it, 0: before T began. */
  since: number
  /** When a listening one takes over. */
  takesOver: number
  /** Shares no state with others: the epoch that it began in, 0: it does. */
  fresh: number
  /** Its place among the states that a key holds by rule. */
  readonly place: number
  /** Its rank in the order of evaluation. */
  order: number
}

/** All keys of the rules with one `by`. */
export type Space = {
  readonly by: readonly string[]
  /** Ids of the sources by slot; '' is free. */
  readonly sources: string[]
  /** Which {@link Version.place}s are taken. */
  readonly places: boolean[]
  /** By the first field of `by` ('' if it has but one), then by the others. */
  readonly keys: Map<string, Map<string, Key>>
  /** How many (key, rule) are not idle. */
  active: number
}

export type Key = {
  readonly values: readonly string[]
  /** For sorting. */
  readonly text: string
  /** T at its last record. */
  last: number
  /** States of aggregates by slot, made when they are first needed. */
  readonly slots: object[]
  /** By {@link Version.place}, made when they are first needed. */
  readonly rules: KeyRule[]
  /** Places of the rules that are not idle, by their order. */
  active: number[]
}

export type Phase = 'idle' | 'pending' | 'firing' | 'releasing'

/** What a rule knows of a key. */
export type KeyRule = {
  readonly place: number
  phase: Phase
  /** When it began to be pending or releasing. */
  since: number
  /** Whether the FIRED of the present firing was written, not held back. */
  isWritten: boolean
  /** No FIRED before. */
  coolUntil: number
  /** FIRED written in this period of the cool-down's `max`. */
  period: number
  written: number
  suppressed: number
  /** The last event, for what a timer writes. */
  event: RuleEvent | undefined
  /** The last events, newest last, if the rule asks for evidence. */
  readonly recent: RuleEvent[]
  /** Events before the present one, newest first, if the rule asks for `prev`. */
  readonly earlier: Map<Stream, Earlier[]>
  pattern: object | undefined
  due: Due | undefined
}

/** `kind`: of {@link KINDS}. It counts only while it is what `of.due` says. */
export type Due = {
  readonly at: Micros
  readonly kind: number
  readonly version: Version
  readonly key: Key
  readonly of: KeyRule
}

/** Order of what is due at one time. */
export const KINDS = { absence: 0, within: 1, hold: 2, release: 3 } as const

export const spaceName = (by: readonly string[]): string => by.join(' ')
