import type { Edge, Follow, OnUpdate, Rule, Scope } from './document.ts'
import type { Stream } from './events.ts'
import type { BoolExpression, Expression, Frame } from './frame.ts'
import type { Source } from './machine.ts'
import type { PatternTrace } from './pattern/trace.ts'
import type { Severity } from '../match.ts'

/**
 * A rule made ready to run: closures over a frame, lengths in microseconds. Made by compile.ts of a valid document, never
 * kept in a state: it is made again from the document.
 */
export type Program = {
  readonly rule: Rule
  readonly scope: Scope
  /** What `when` or the pattern is asked for; the aggregates' streams are those of their sources. */
  readonly streams: readonly Stream[]
  readonly where: BoolExpression | undefined
  /** Conditions that the event must meet for the rule to do anything but feed aggregates, for the dispatch index. */
  readonly guards: readonly Guard[]
  /** Those of `where` alone: what enters the rule's aggregates meets them. */
  readonly whereGuards: readonly Guard[]
  readonly by: readonly string[]
  readonly body: WhenBody | PatternBody
  readonly cooldown: Cooldown | undefined
  readonly renewMicros: number
  readonly onUpdate: OnUpdate
  readonly severity: (frame: Frame) => Severity
  readonly fields: readonly Named[]
  readonly inputs: readonly Named[]
  readonly evidence: { readonly events: number; readonly inputs: boolean }
  readonly action: ProgramAction | undefined
  /** How many earlier events of a key, of each stream, `prev` asks for, 0 to 8. */
  readonly earlier: number
  /** The deepest chain of windows, and `within`. */
  readonly warmUpMicros: number
  readonly horizonMicros: number
}

export type Named = { readonly name: string; readonly expression: Expression }

export type ProgramAction =
  | { readonly kind: 'webhook'; readonly target: string }
  | { readonly kind: 'command'; readonly command: string; readonly arguments: readonly Named[] }

export type Cooldown = {
  readonly forMicros: number
  readonly max: { readonly count: number; readonly periodMicros: number } | undefined
}

/**
 * A necessary condition on a field of the event: of `where` and, with edge `every`, also of `when`; under the other edges a `when`
 * that is not true ends a firing, so that such an event must be seen. `in` with one text is equality.
 */
export type Guard =
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly string[] }
  | { readonly kind: 'above' | 'atLeast' | 'below' | 'atMost'; readonly field: string; readonly bound: number }

export type WhenBody = {
  readonly kind: 'when'
  readonly when: BoolExpression
  readonly edge: Edge
  readonly holdMicros: number
  readonly release: { readonly when: BoolExpression | undefined; readonly afterMicros: number } | undefined
}

export type PatternBody = { readonly kind: 'pattern'; readonly pattern: PatternProgram }

export type PatternProgram = {
  readonly steps: readonly ProgramStep[]
  /** Names of the steps in order of writing; alternatives of `any` and `all` have their own. */
  readonly names: readonly string[]
  /** Captured with every event that a step takes; `step.name` of a `let` reads its place in here. */
  readonly captured: readonly Expression[]
  readonly withinMicros: number
  readonly skip: ProgramSkip
  readonly maxPartials: number
  readonly onTimeout: boolean
  /** Only of a program that is made to be explained (testing/explain.ts). */
  readonly trace?: PatternTrace
}
export type ProgramSkip =
  | { readonly kind: 'none' | 'to-next' | 'past-last' }
  | { readonly kind: 'toFirst' | 'toLast'; readonly name: number }

export type ProgramStep =
  | ({ readonly kind: 'take' } & ProgramTake)
  | {
      readonly kind: 'not'
      readonly streams: readonly Stream[]
      readonly if: StepCondition
      readonly follow: 'next' | 'followed'
      /** Only of the last step. */
      readonly forMicros: number | undefined
    }
  | { readonly kind: 'any' | 'all'; readonly of: readonly ProgramTake[] }

export type ProgramTake = {
  /** Place among the names. */
  readonly name: number
  readonly streams: readonly Stream[]
  readonly if: StepCondition
  readonly follow: Follow
  readonly inner: Follow
  readonly least: number
  readonly most: number
  readonly greedy: boolean
  readonly optional: boolean
  readonly until: BoolExpression | undefined
  readonly gapMicros: number | undefined
}

/**
 * A step's condition. `threshold`: the whole condition says `event OP taken`, the left of the present event alone and the
 * right of one partial alone, so that partials can be kept in a heap by it.
 */
export type StepCondition = {
  readonly whole: BoolExpression
  readonly threshold: Threshold | undefined
}
export type Threshold = {
  readonly op: '<' | '<=' | '>' | '>='
  readonly ofEvent: (frame: Frame) => number
  readonly ofTaken: (frame: Frame) => number
}

/** Gives each source its slot in the states of a key; equal sources have one. Slots are counted per `by`. */
export type Allot = (by: readonly string[], source: Source) => number
