import type { Micros } from '../time.ts'
import type { RuleEvent } from './events.ts'

export type Value = number | string | boolean | undefined

/**
 * What an expression is evaluated in. One is kept and changed for each evaluation, since millions are made a second: no
 * expression may keep it.
 */
export type Frame = {
  /** The present event; at a timer the last one of the key. */
  event: RuleEvent
  /** The rule time: T with the present record, or the timer's deadline. */
  now: Micros
  /**
   * Another for every event and timer: what was computed under the same stamp and key need not be computed again. States remember
   * it, so the count goes on after a restore.
   */
  stamp: number
  /** States of the key's aggregates, by the slots allotted to them (program.ts). */
  slots: readonly object[]
  /** What the pattern's partial at hand has taken, newest first; `undefined` outside patterns and before the first step. */
  taken: Taken | undefined
  /** The key's last events before the present one, newest first, for `prev`; empty if the rule does not ask for any. */
  earlier: readonly Earlier[]
}

/** An event that a partial has taken; a chain, since partials share their beginnings. Plain data. */
export type Taken = {
  readonly event: RuleEvent
  /** Its number among the key's events of the pattern, from 1 on. */
  readonly number: number
  readonly at: Micros
  /** Place of the step's name in the pattern's list of names. */
  readonly name: number
  /** `let` values as they were then, of those that a condition or field asks for as `step.name`, by their place in a list. */
  readonly captured: readonly Value[]
  readonly before: Taken | undefined
  /** Events of the chain, itself included. */
  readonly depth: number
}

export type Earlier = { readonly event: RuleEvent; readonly at: Micros }

/** `time`: microseconds since the epoch; `duration`: microseconds. All three are numbers at run time, absent is NaN. */
export type NumberType = 'number' | 'time' | 'duration'
export type Type = NumberType | 'string' | 'bool'

/**
 * A compiled expression. It never throws; what has no value is NaN (numbers) or `undefined` (all else), never Infinity.
 * `ofEvent`: the same for the present event alone, only of a field: one call less for what compares fields.
 */
export type NumberExpression = {
  readonly type: NumberType
  readonly read: (frame: Frame) => number
  readonly ofEvent?: (event: RuleEvent) => number
}
export type TextExpression = {
  readonly type: 'string'
  readonly read: (frame: Frame) => string | undefined
  readonly ofEvent?: (event: RuleEvent) => string | undefined
}
export type BoolExpression = {
  readonly type: 'bool'
  readonly read: (frame: Frame) => boolean | undefined
  readonly ofEvent?: (event: RuleEvent) => boolean | undefined
}
export type Expression = NumberExpression | TextExpression | BoolExpression

/** Why a name means nothing here: the code, and the sentence without the place. */
export type Unresolved = { readonly code: string; readonly message: string }

export const STEP_FUNCTIONS = ['first', 'last', 'count', 'sum', 'mean', 'min', 'max'] as const
export type StepFunction = (typeof STEP_FUNCTIONS)[number]

/** What the names of an expression mean. Made by compile.ts for the place where the expression stands, asked by the checker. */
export type Names = {
  /** A field of the present event, or a `let` name. */
  readonly named: (name: string) => Expression | Unresolved
  /** `step.name`: a field or a `let` value of the event that the step took last. */
  readonly ofStep: (step: string, name: string) => Expression | Unresolved
  /** Over all that a step has taken: `count(s)` has no name, `first` and `last` count from their end, from 0 on. */
  readonly overStep: (
    call: StepFunction,
    step: string,
    name: string | undefined,
    nth: number,
  ) => Expression | Unresolved
  /** `prev(name, nth)`, nth from 1 on. */
  readonly previous: (name: string, nth: number) => Expression | Unresolved
}
