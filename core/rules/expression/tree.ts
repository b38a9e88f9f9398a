import type { BinaryOperator, Literal, UnaryOperator } from './node.ts'

/** An expression as it is written, before anything is known of its names and types. `word`: a name that stands alone. */
export type Tree = { readonly from: number; readonly to: number } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'list'; readonly list: readonly Literal[] }
  | { readonly kind: 'word'; readonly name: string }
  | { readonly kind: 'member'; readonly step: string; readonly name: string }
  | { readonly kind: 'unary'; readonly op: UnaryOperator; readonly of: Tree }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'in'; readonly of: Tree; readonly list: Tree }
  | { readonly kind: 'choice'; readonly if: Tree; readonly yes: Tree; readonly no: Tree }
  | { readonly kind: 'call'; readonly name: string; readonly nameTo: number; readonly of: readonly Tree[] }
)
