import { checked } from './check.ts'
import { compareIt } from './check-operators.ts'
import { KINDS } from './checking.ts'
import { parse } from './parse.ts'
import { quoted } from './problem.ts'
import type { Expression, Names, Type } from '../frame.ts'
import type { Node } from './node.ts'
import type { Problem } from './problem.ts'

export type ReadExpression =
  | { readonly expression: Expression; readonly node: Node }
  | { readonly problems: readonly Problem[] }

/**
 * An expression (rules.md section 3) made ready to run, or all that is wrong with it: of a text that cannot be parsed the first
 * thing, else all names and types. `wanted`: the type that the place asks for (E105). Never throws, whatever the text.
 */
export function readExpression(text: string, names: Names, wanted?: Type): ReadExpression {
  const tree = parse(text)
  if ('code' in tree) return { problems: [sentence(tree)] }
  const problems: Problem[] = []
  const node = checked(tree, text, names, problems)
  if (node === undefined) return { problems: problems.map(sentence) }
  if (wanted === undefined || node.type === wanted) return { expression: node.expression, node }
  return { problems: [sentence({ code: 'E105', from: node.from, to: node.to, message: unwanted(text, node, wanted) })] }
}

function unwanted(text: string, node: Node, wanted: Type): string {
  const what = wanted === 'bool' ? 'a condition (true or false)' : KINDS[wanted]
  const hint = wanted === 'bool' ? compareIt(node) : ''
  return `${what} is wanted here, but ${quoted(text, node.from, node.to)} is ${KINDS[node.type]}${hint}`
}

const sentence = (problem: Problem): Problem => {
  const { message } = problem
  return {
    ...problem,
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?]$/.test(message) ? '' : '.'}`,
  }
}
