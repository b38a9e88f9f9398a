import { micros } from '../../time.ts'
import type { RuleEvent } from '../events.ts'
import type { Expression, Frame, Type, Value } from '../frame.ts'
import type { Node } from './node.ts'

/** What a closure is made of: how to read a part, and what is known of it beforehand. */
export type NumberOperand = {
  readonly read: (frame: Frame) => number
  /** Only of a field. */
  readonly ofEvent: ((event: RuleEvent) => number) | undefined
  /** Only of what never changes; NaN if that is absent. */
  readonly fixed: number | undefined
}
export type TextOperand = {
  readonly read: (frame: Frame) => string | undefined
  readonly ofEvent: ((event: RuleEvent) => string | undefined) | undefined
  /** Only of a text that never changes and is there. */
  readonly fixed: string | undefined
}

/** `undefined` if the part is no number, time or duration. */
export function numberOperand({ expression, fixed }: Node): NumberOperand | undefined {
  if (expression.type === 'string' || expression.type === 'bool') return undefined
  const value = fixed?.value
  return { read: expression.read, ofEvent: expression.ofEvent, fixed: typeof value === 'number' ? value : undefined }
}

/** `undefined` if the part is no text. */
export function textOperand({ expression, fixed }: Node): TextOperand | undefined {
  if (expression.type !== 'string') return undefined
  const value = fixed?.value
  return { read: expression.read, ofEvent: expression.ofEvent, fixed: typeof value === 'string' ? value : undefined }
}

/** Infinity is no value in this language. */
export const finite = (x: number): number => (x - x === 0 ? x : NaN)

/** Always the same value; of another type than its own it is absent. */
export function always(type: Type, value: Value): Expression {
  if (type === 'string') {
    const text = typeof value === 'string' ? value : undefined
    return { type, read: () => text }
  }
  if (type === 'bool') {
    const truth = typeof value === 'boolean' ? value : undefined
    return { type, read: () => truth }
  }
  const number = typeof value === 'number' ? value : NaN
  return { type, read: () => number }
}

/** Nothing is known in it: for what does not depend on a frame. */
export const NOWHERE: Frame = {
  event: {
    stream: 'trade',
    offset: 0,
    at: micros(0),
    feed: 'SIMULATED',
    exchange: undefined,
    symbol: undefined,
    base: undefined,
    quoteAsset: undefined,
    eventTime: NaN,
    receiveTime: NaN,
    sequence: NaN,
    id: '',
    side: undefined,
    price: NaN,
    size: NaN,
  },
  now: micros(0),
  stamp: 0,
  slots: [],
  taken: undefined,
  earlier: [],
}
