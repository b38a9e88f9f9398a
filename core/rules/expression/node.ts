import type { Expression, StepFunction, Type, Value } from '../frame.ts'

export type ArithmeticOperator = '+' | '-' | '*' | '/'
export type OrderOperator = '<' | '<=' | '>' | '>='
export type EqualityOperator = '==' | '!='
export type BinaryOperator = ArithmeticOperator | OrderOperator | EqualityOperator | '&&' | '||'
export type UnaryOperator = '!' | '-'
export type Literal = number | string | boolean

/**
 * A checked part of an expression, compiled on its own: `expression` reads this part alone. `fixed`: the value if it can never
 * have another (constants were folded); absent in it is NaN or `undefined`, as in frame.ts.
 */
export type Node = {
  /** Characters of the text, `to` excluded. */
  readonly from: number
  readonly to: number
  readonly type: Type
  readonly expression: Expression
  readonly fixed: { readonly value: Value } | undefined
} & Shape

export type Shape =
  | { readonly kind: 'literal'; readonly value: Literal }
  | NameShape
  | { readonly kind: 'unary'; readonly op: UnaryOperator; readonly of: Node }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'in'; readonly of: Node; readonly list: readonly Literal[] }
  | { readonly kind: 'choice'; readonly if: Node; readonly yes: Node; readonly no: Node }
  /** Functions of values, `duration('5s')` and `clock()` among them; not those over steps, nor `prev`. */
  | { readonly kind: 'call'; readonly name: string; readonly of: readonly Node[] }

/** The kinds of node whose meaning the place gave ({@link Names}): all that a value can depend on, but for `clock()`. */
export type NameShape =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly step: string; readonly name: string }
  | {
      readonly kind: 'overStep'
      readonly call: StepFunction
      readonly step: string
      readonly name: string | undefined
      readonly nth: number
    }
  | { readonly kind: 'previous'; readonly name: string; readonly nth: number }
export type NameNode = Node & NameShape

const partsOf = (node: Node): readonly Node[] => {
  switch (node.kind) {
    case 'unary':
    case 'in':
      return [node.of]
    case 'binary':
      return [node.left, node.right]
    case 'choice':
      return [node.if, node.yes, node.no]
    case 'call':
      return node.of
    case 'literal':
    case 'name':
    case 'member':
    case 'overStep':
    case 'previous':
      return []
  }
}

/** The node and all below it, from left to right. */
export const nodesIn = (node: Node): readonly Node[] => [node, ...partsOf(node).flatMap(nodesIn)]

export const isName = (node: Node): node is NameNode =>
  node.kind === 'name' || node.kind === 'member' || node.kind === 'overStep' || node.kind === 'previous'

/** All that the value depends on besides the clock, from left to right, repeats included. */
export const namesIn = (node: Node): readonly NameNode[] => nodesIn(node).filter(isName)

export const usesClock = (node: Node): boolean =>
  nodesIn(node).some((one) => one.kind === 'call' && one.name === 'clock')

/** What must all hold for the node to hold: the operands of its `&&`, of theirs, and so on; else the node itself. */
export const conjunctsOf = (node: Node): readonly Node[] =>
  node.kind === 'binary' && node.op === '&&' ? [...conjunctsOf(node.left), ...conjunctsOf(node.right)] : [node]
