import type { RuleEvent } from './events.ts'
import type { NumberType } from './frame.ts'

/** A field of an event, or what is derived of some; absent where the event's stream has none. */
export type NumberField = {
  readonly name: string
  readonly type: NumberType
  readonly read: (event: RuleEvent) => number
}
export type TextField = {
  readonly name: string
  readonly type: 'string'
  readonly read: (event: RuleEvent) => string | undefined
}
export type TruthField = {
  readonly name: string
  readonly type: 'bool'
  readonly read: (event: RuleEvent) => boolean | undefined
}
export type Field = NumberField | TextField | TruthField
