import type { RuleEvent } from '../events.ts'
import type { Frame } from '../frame.ts'
import type { EqualityOperator, Literal, OrderOperator } from './node.ts'
import type { NumberOperand, TextOperand } from './operand.ts'

type Relation = OrderOperator | EqualityOperator
type Read<T> = (frame: Frame) => T
type OfEvent<T> = (event: RuleEvent) => T
type Truth = Read<boolean | undefined>
type Text = string | undefined
/** One for each shape of operands. If a side is absent neither the relation nor its opposite holds: absent. */
type Numbers = {
  readonly fieldConstant: (a: OfEvent<number>, b: number) => Truth
  readonly fieldAny: (a: OfEvent<number>, b: Read<number>) => Truth
  readonly anyConstant: (a: Read<number>, b: number) => Truth
  readonly anyAny: (a: Read<number>, b: Read<number>) => Truth
}

const isLess = (a: number, b: number): boolean | undefined => (a < b ? true : a >= b ? false : undefined)
const isAtMost = (a: number, b: number): boolean | undefined => (a <= b ? true : a > b ? false : undefined)
const isMore = (a: number, b: number): boolean | undefined => (a > b ? true : a <= b ? false : undefined)
const isAtLeast = (a: number, b: number): boolean | undefined => (a >= b ? true : a < b ? false : undefined)
const isEqual = (a: number, b: number): boolean | undefined => (a === b ? true : a < b || a > b ? false : undefined)
const isOther = (a: number, b: number): boolean | undefined => (a === b ? false : a < b || a > b ? true : undefined)

const NUMBERS: Readonly<Record<Relation, Numbers>> = {
  '<': {
    fieldConstant: (a, b) => (frame) => isLess(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isLess(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isLess(a(frame), b),
    anyAny: (a, b) => (frame) => isLess(a(frame), b(frame)),
  },
  '<=': {
    fieldConstant: (a, b) => (frame) => isAtMost(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isAtMost(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isAtMost(a(frame), b),
    anyAny: (a, b) => (frame) => isAtMost(a(frame), b(frame)),
  },
  '>': {
    fieldConstant: (a, b) => (frame) => isMore(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isMore(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isMore(a(frame), b),
    anyAny: (a, b) => (frame) => isMore(a(frame), b(frame)),
  },
  '>=': {
    fieldConstant: (a, b) => (frame) => isAtLeast(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isAtLeast(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isAtLeast(a(frame), b),
    anyAny: (a, b) => (frame) => isAtLeast(a(frame), b(frame)),
  },
  '==': {
    fieldConstant: (a, b) => (frame) => isEqual(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isEqual(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isEqual(a(frame), b),
    anyAny: (a, b) => (frame) => isEqual(a(frame), b(frame)),
  },
  '!=': {
    fieldConstant: (a, b) => (frame) => isOther(a(frame.event), b),
    fieldAny: (a, b) => (frame) => isOther(a(frame.event), b(frame)),
    anyConstant: (a, b) => (frame) => isOther(a(frame), b),
    anyAny: (a, b) => (frame) => isOther(a(frame), b(frame)),
  },
}
const TURNED: Readonly<Record<Relation, Relation>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
}

export function compareNumbers(op: Relation, a: NumberOperand, b: NumberOperand): Truth {
  if (a.fixed !== undefined && b.fixed === undefined) return compareNumbers(TURNED[op], b, a)
  const of = NUMBERS[op]
  if (b.fixed !== undefined)
    return a.ofEvent === undefined ? of.anyConstant(a.read, b.fixed) : of.fieldConstant(a.ofEvent, b.fixed)
  return a.ofEvent === undefined ? of.anyAny(a.read, b.read) : of.fieldAny(a.ofEvent, b.read)
}

/** Texts are ordered by their code units. */
const TEXTS: Readonly<Record<Relation, (a: Read<Text>, b: Read<Text>) => Truth>> = {
  '<': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x < y
  },
  '<=': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x <= y
  },
  '>': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x > y
  },
  '>=': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x >= y
  },
  '==': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x === y
  },
  '!=': (a, b) => (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : x !== y
  },
}

export function compareTexts(op: Relation, a: TextOperand, b: TextOperand): Truth {
  if (op !== '==' && op !== '!=') return TEXTS[op](a.read, b.read)
  if (a.fixed !== undefined && b.fixed === undefined) return compareTexts(op, b, a)
  return b.fixed === undefined ? TEXTS[op](a.read, b.read) : equalsText(a, b.fixed, op === '==')
}

function equalsText({ ofEvent, read }: TextOperand, text: string, wanted: boolean): Truth {
  if (ofEvent !== undefined)
    return (frame) => {
      const x = ofEvent(frame.event)
      return x === undefined ? undefined : (x === text) === wanted
    }
  return (frame) => {
    const x = read(frame)
    return x === undefined ? undefined : (x === text) === wanted
  }
}

export const compareTruths =
  (op: EqualityOperator, a: Truth, b: Truth): Truth =>
  (frame) => {
    const x = a(frame)
    const y = b(frame)
    return x === undefined || y === undefined ? undefined : (x === y) === (op === '==')
  }

export function textIn({ ofEvent, read }: TextOperand, list: readonly Literal[]): Truth {
  const known = new Set(list.filter((one) => typeof one === 'string'))
  if (ofEvent !== undefined)
    return (frame) => {
      const x = ofEvent(frame.event)
      return x === undefined ? undefined : known.has(x)
    }
  return (frame) => {
    const x = read(frame)
    return x === undefined ? undefined : known.has(x)
  }
}

export function numberIn({ read }: NumberOperand, list: readonly Literal[]): Truth {
  const known = new Set(list.filter((one) => typeof one === 'number'))
  return (frame) => {
    const x = read(frame)
    return x - x === 0 ? known.has(x) : undefined
  }
}

export const truthIn =
  (read: Truth, list: readonly Literal[]): Truth =>
  (frame) => {
    const x = read(frame)
    return x === undefined ? undefined : list.includes(x)
  }
