import type { ControlSet } from '../../control-set.ts'
import { micros, type Micros } from '../../time.ts'
import type { Timers } from '../../timers.ts'
import type { Rule } from '../document.ts'
import type { RuleEvent, Stream } from '../events.ts'
import type { Earlier } from '../frame.ts'
import type { PatternState } from '../pattern/state.ts'

/**
 * What the engine knows between two records: plain data, changed in place; parts refer to each other. Programs are made of the
 * documents in it and are no part of it.
 */
export type RulesState = {
  readonly controls: ControlSet
  /** Of the set in force; '' before there is one, and where it cannot be read. */
  hash: string
  /** Whether part of it was refused. */
  isRefused: boolean
  /** T; 0 before it began. */
  now: Micros
  /** Counts events and timers, for frame.ts. */
  stamp: number
  /** The last whole minute of T that was passed. */
  minute: number
  /** In the order in which rules are evaluated. */
  versions: Version[]
  /** By {@link spaceName}. */
  readonly spaces: Map<string, Space>
  readonly timers: Timers<Due>
}

/**
 * `listening`: it fills its windows and patterns in silence. `ended`: another version has taken its place, and nothing is asked of
 * it. `halted`: it held far more than its bound; it listens anew from the next renewal on.
 */
export type Status = 'listening' | 'speaking' | 'ended' | 'halted'

/** A version of a rule, of the set in force or spoken still until the one in force takes over. */
export type Version = {
  readonly rule: Rule
  readonly isShadow: boolean
  status: Status
  readonly warmUpMicros: number
  readonly renewMicros: number
  /** When a listening one takes over; Infinity: not known before T begins. */
  takesOver: number
  /** Shares no state with others: a number of its beginning; 0: it does. */
  readonly fresh: number
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
  /** By the first field of `by`, then by the others; where there is but one field, {@link single} stands under ''. */
  readonly keys: Map<string, Map<string, Key>>
  readonly single: Map<string, Key>
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
  readonly rules: (KeyRule | undefined)[]
  /** Places of the rules that are not idle. */
  readonly active: number[]
}

export type Phase = 'idle' | 'pending' | 'firing' | 'releasing'

/** What a rule knows of a key. */
export type KeyRule = {
  phase: Phase
  /**
   * Since when its condition was true at each record, without a pause of more than `hold`; NaN: at the last one it was not. Of rules
   * with `hold` alone, and not of the phase: a key may be pending since later, after a release.
   */
  trueSince: number
  /** The last record at which it was true. */
  trueAt: number
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
  earlier: Map<Stream, Earlier[]> | undefined
  pattern: PatternState | undefined
  due: Due | undefined
}

/** `kind`: of {@link KINDS}. It counts only while `of.due` is it. */
export type Due = {
  readonly at: Micros
  readonly kind: number
  readonly version: Version
  readonly key: Key
  readonly of: KeyRule
}

/** Order of what is due at one time; renewals and take-overs follow. */
export const KINDS = { absence: 0, within: 1, hold: 2, release: 3 } as const

export const initialState = (): RulesState => ({
  controls: new Map(),
  hash: '',
  isRefused: false,
  now: micros(0),
  stamp: 0,
  minute: 0,
  versions: [],
  spaces: new Map(),
  timers: [],
})

export const initialKeyRule = (): KeyRule => ({
  phase: 'idle',
  trueSince: NaN,
  trueAt: NaN,
  isWritten: false,
  coolUntil: 0,
  period: -1,
  written: 0,
  suppressed: 0,
  event: undefined,
  recent: [],
  earlier: undefined,
  pattern: undefined,
  due: undefined,
})

export const spaceName = (by: readonly string[]): string => by.join(' ')

export function spaceOf(state: RulesState, by: readonly string[]): Space {
  const name = spaceName(by)
  let space = state.spaces.get(name)
  if (space === undefined) {
    const single = new Map<string, Key>()
    space = { by, sources: [], places: [], keys: new Map(by.length === 1 ? [['', single]] : []), single, active: 0 }
    state.spaces.set(name, space)
  }
  return space
}

/** The keys of a space, in no order that may be seen. */
export const keysOf = ({ keys }: Space): readonly Key[] => [...keys.values()].flatMap((inner) => [...inner.values()])

export const sortedKeys = (space: Space): readonly Key[] => keysOf(space).toSorted((a, b) => (a.text < b.text ? -1 : 1))

export const isBefore = (one: Due, other: Due): boolean =>
  one.at !== other.at
    ? one.at < other.at
    : one.kind !== other.kind
      ? one.kind < other.kind
      : one.version.order !== other.version.order
        ? one.version.order < other.version.order
        : one.key.text < other.key.text
