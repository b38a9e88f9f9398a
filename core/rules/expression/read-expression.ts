import type { Expression, Names, Type } from '../frame.ts'
import type { Node } from './node.ts'

/** What is wrong with an expression: a code of rules.md section 10 (E101 to E107), the characters, a sentence. */
export type Problem = { readonly code: string; readonly from: number; readonly to: number; readonly message: string }

export type ReadExpression =
  | { readonly expression: Expression; readonly node: Node }
  | { readonly problems: readonly Problem[] }

/** Never throws, whatever the text. `wanted`: the type that the place asks for (E105). */
export function readExpression(text: string, names: Names, wanted?: Type): ReadExpression {
  const unwritten = { code: 'E101', from: 0, to: text.length, message: `not read yet: ${wanted} ${typeof names}` }
  return { problems: [unwritten] }
}
