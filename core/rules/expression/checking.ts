import { NOWHERE, always } from './operand.ts'
import { quoted } from './problem.ts'
import type { Expression, Names, Type, Unresolved, Value } from '../frame.ts'
import type { Node, Shape } from './node.ts'
import type { Problem } from './problem.ts'
import type { Tree } from './tree.ts'

type Place = { readonly from: number; readonly to: number }

/** One expression while it is checked. */
export type Checking = {
  readonly text: string
  readonly names: Names
  /** `undefined`: a problem was told, here or below. */
  readonly check: (tree: Tree) => Node | undefined
  readonly problems: Problem[]
}

export function tell({ problems }: Checking, code: string, { from, to }: Place, message: string): undefined {
  problems.push({ code, from, to, message })
}

export const quote = ({ text }: Checking, { from, to }: Place): string => quoted(text, from, to)

export const KINDS: Readonly<Record<Type, string>> = {
  number: 'a number',
  time: 'a time',
  duration: 'a duration',
  string: 'a text',
  bool: 'true or false',
}

/** `` `price` is a number`` */
export const whatIs = (checking: Checking, node: Node): string => `${quote(checking, node)} is ${KINDS[node.type]}`

const isAbsent = (value: Value): boolean => value === undefined || Number.isNaN(value)

/** A node; `fixed`: its value if it can have no other, which then stands for whatever it was made of. */
export function nodeOf(
  { from, to }: Place,
  shape: Shape,
  expression: Expression,
  fixed?: { readonly value: Value },
): Node {
  const { type } = expression
  if (fixed === undefined) return { ...shape, from, to, type, expression, fixed }
  const value = isAbsent(fixed.value) ? undefined : fixed.value
  return { ...shape, from, to, type, expression: always(type, value), fixed: { value: value ?? absentOf(type) } }
}

const absentOf = (type: Type): Value => (type === 'string' || type === 'bool' ? undefined : NaN)

/** As {@link nodeOf}; fixed if all its parts are. */
export function foldedOf(place: Place, shape: Shape, expression: Expression, parts: readonly Node[]): Node {
  const fixed = parts.every((part) => part.fixed !== undefined)
  return nodeOf(place, shape, expression, fixed ? { value: expression.read(NOWHERE) } : undefined)
}

/** What a name gave, as a node; else the problem is told. */
export function named(
  checking: Checking,
  place: Place,
  shape: Shape,
  given: Expression | Unresolved,
  hint: string | undefined,
): Node | undefined {
  if ('type' in given) return nodeOf(place, shape, given)
  return tell(checking, given.code, place, hint ?? given.message)
}
