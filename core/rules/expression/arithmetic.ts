import { finite } from './operand.ts'
import type { Frame, NumberType, Type } from '../frame.ts'
import type { ArithmeticOperator } from './node.ts'
import type { NumberOperand } from './operand.ts'

type Read = (frame: Frame) => number
type OfEvent = NonNullable<NumberOperand['ofEvent']>
/** One for each shape of operands: a field, a constant, or anything. What is infinite is absent. */
type Arithmetic = {
  readonly fields: (a: OfEvent, b: OfEvent) => Read
  readonly fieldConstant: (a: OfEvent, b: number) => Read
  readonly fieldAny: (a: OfEvent, b: Read) => Read
  readonly anyConstant: (a: Read, b: number) => Read
  readonly constantAny: (a: number, b: Read) => Read
  readonly anyAny: (a: Read, b: Read) => Read
}

const ARITHMETIC: Readonly<Record<ArithmeticOperator, Arithmetic>> = {
  '+': {
    fields: (a, b) => (frame) => finite(a(frame.event) + b(frame.event)),
    fieldConstant: (a, b) => (frame) => finite(a(frame.event) + b),
    fieldAny: (a, b) => (frame) => finite(a(frame.event) + b(frame)),
    anyConstant: (a, b) => (frame) => finite(a(frame) + b),
    constantAny: (a, b) => (frame) => finite(a + b(frame)),
    anyAny: (a, b) => (frame) => finite(a(frame) + b(frame)),
  },
  '-': {
    fields: (a, b) => (frame) => finite(a(frame.event) - b(frame.event)),
    fieldConstant: (a, b) => (frame) => finite(a(frame.event) - b),
    fieldAny: (a, b) => (frame) => finite(a(frame.event) - b(frame)),
    anyConstant: (a, b) => (frame) => finite(a(frame) - b),
    constantAny: (a, b) => (frame) => finite(a - b(frame)),
    anyAny: (a, b) => (frame) => finite(a(frame) - b(frame)),
  },
  '*': {
    fields: (a, b) => (frame) => finite(a(frame.event) * b(frame.event)),
    fieldConstant: (a, b) => (frame) => finite(a(frame.event) * b),
    fieldAny: (a, b) => (frame) => finite(a(frame.event) * b(frame)),
    anyConstant: (a, b) => (frame) => finite(a(frame) * b),
    constantAny: (a, b) => (frame) => finite(a * b(frame)),
    anyAny: (a, b) => (frame) => finite(a(frame) * b(frame)),
  },
  '/': {
    fields: (a, b) => (frame) => finite(a(frame.event) / b(frame.event)),
    fieldConstant: (a, b) => (frame) => finite(a(frame.event) / b),
    fieldAny: (a, b) => (frame) => finite(a(frame.event) / b(frame)),
    anyConstant: (a, b) => (frame) => finite(a(frame) / b),
    constantAny: (a, b) => (frame) => finite(a / b(frame)),
    anyAny: (a, b) => (frame) => finite(a(frame) / b(frame)),
  },
}

export function arithmetic(op: ArithmeticOperator, a: NumberOperand, b: NumberOperand): Read {
  const of = ARITHMETIC[op]
  if (a.fixed !== undefined) return of.constantAny(a.fixed, b.read)
  if (b.fixed !== undefined)
    return a.ofEvent === undefined ? of.anyConstant(a.read, b.fixed) : of.fieldConstant(a.ofEvent, b.fixed)
  if (a.ofEvent === undefined) return of.anyAny(a.read, b.read)
  return b.ofEvent === undefined ? of.fieldAny(a.ofEvent, b.read) : of.fields(a.ofEvent, b.ofEvent)
}

const RESULTS: ReadonlyMap<string, NumberType> = new Map([
  ['number + number', 'number'],
  ['number - number', 'number'],
  ['number * number', 'number'],
  ['number / number', 'number'],
  ['duration + duration', 'duration'],
  ['duration - duration', 'duration'],
  ['duration * number', 'duration'],
  ['number * duration', 'duration'],
  ['duration / number', 'duration'],
  ['duration / duration', 'number'],
  ['time + duration', 'time'],
  ['duration + time', 'time'],
  ['time - duration', 'time'],
  ['time - time', 'duration'],
])

/** `undefined`: the two types do not go together so. */
export const arithmeticType = (op: ArithmeticOperator, a: Type, b: Type): NumberType | undefined =>
  RESULTS.get(`${a} ${op} ${b}`)
