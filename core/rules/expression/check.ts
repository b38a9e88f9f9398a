import { always } from './operand.ts'
import { checkCall } from './check-calls.ts'
import { checkBinary, checkChoice, checkIn, checkUnary } from './check-operators.ts'
import { named, nodeOf, quote, tell } from './checking.ts'
import { strangeName } from './strange-name.ts'
import type { Names, Type } from '../frame.ts'
import type { Checking } from './checking.ts'
import type { Literal, Node } from './node.ts'
import type { Problem } from './problem.ts'
import type { Tree } from './tree.ts'

/** The tree with types and closures; `undefined` if there are problems, which are told all, from left to right. */
export function checked(tree: Tree, text: string, names: Names, problems: Problem[]): Node | undefined {
  const checking: Checking = { text, names, problems, check: (part) => checkPart(checking, part) }
  return checking.check(tree)
}

const typeOf = (value: Literal): Type => {
  if (typeof value === 'number') return 'number'
  return typeof value === 'string' ? 'string' : 'bool'
}

function checkPart(checking: Checking, tree: Tree): Node | undefined {
  switch (tree.kind) {
    case 'literal': {
      const { kind, value } = tree
      return nodeOf(tree, { kind, value }, always(typeOf(value), value), { value })
    }
    case 'list':
      return tell(checking, 'E103', tree, `a list stands only to the right of \`in\`; found ${quote(checking, tree)}`)
    case 'word': {
      const { name } = tree
      return named(checking, tree, { kind: 'name', name }, checking.names.named(name), strangeName(name))
    }
    case 'member': {
      const { step, name } = tree
      return named(checking, tree, { kind: 'member', step, name }, checking.names.ofStep(step, name), undefined)
    }
    case 'unary':
      return checkUnary(checking, tree)
    case 'binary':
      return checkBinary(checking, tree)
    case 'in':
      return checkIn(checking, tree)
    case 'choice':
      return checkChoice(checking, tree)
    case 'call':
      return checkCall(checking, tree)
  }
}
