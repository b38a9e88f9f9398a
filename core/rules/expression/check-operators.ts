import { arithmetic, arithmeticType } from './arithmetic.ts'
import { compareNumbers, compareTexts, compareTruths, numberIn, textIn, truthIn } from './comparison.ts'
import { KINDS, foldedOf, nodeOf, quote, tell, whatIs } from './checking.ts'
import { all, choose, either, not } from './logic.ts'
import { conjunctsOf } from './node.ts'
import { numberOperand, textOperand } from './operand.ts'
import { strangeName } from './strange-name.ts'
import type { BoolExpression, Expression, Type } from '../frame.ts'
import type { Checking } from './checking.ts'
import type {
  ArithmeticOperator,
  BinaryOperator,
  EqualityOperator,
  Node,
  OrderOperator,
  UnaryOperator,
} from './node.ts'
import type { Tree } from './tree.ts'

type TreeOf<K extends Tree['kind']> = Extract<Tree, { readonly kind: K }>

const bool = (read: BoolExpression['read']): Expression => ({ type: 'bool', read })

export function checkUnary(checking: Checking, tree: TreeOf<'unary'>): Node | undefined {
  const of = checking.check(tree.of)
  if (of === undefined) return undefined
  const expression = applied(tree.op, of.expression)
  if (expression !== undefined) return foldedOf(tree, { kind: 'unary', op: tree.op, of }, expression, [of])
  const needs = tree.op === '!' ? 'turns true and false round' : 'is of numbers and durations'
  return tell(checking, 'E103', tree, `\`${tree.op}\` ${needs}, but ${whatIs(checking, of)}`)
}

function applied(op: UnaryOperator, of: Expression): Expression | undefined {
  if (op === '!') return of.type === 'bool' ? bool(not(of.read)) : undefined
  if (of.type !== 'number' && of.type !== 'duration') return undefined
  const { type, read } = of
  return { type, read: (frame) => -read(frame) }
}

export function checkBinary(checking: Checking, tree: TreeOf<'binary'>): Node | undefined {
  const { op } = tree
  const [left, right] = checkBoth(checking, tree)
  if (left === undefined || right === undefined) return undefined
  if (op === '&&' || op === '||') return joined(checking, tree, op, left, right)
  const expression =
    op === '+' || op === '-' || op === '*' || op === '/' ? calculated(op, left, right) : compared(op, left, right)
  if (expression !== undefined) return foldedOf(tree, { kind: 'binary', op, left, right }, expression, [left, right])
  return tell(checking, 'E103', tree, mismatch(checking, op, left, right))
}

/** Both sides, so that the problems of both are told; a word without quotes where a text is compared is told as that. */
function checkBoth(
  checking: Checking,
  { op, left, right }: TreeOf<'binary'>,
): readonly [Node | undefined, Node | undefined] {
  const both = [checking.check(left), checking.check(right)] as const
  const equality = op === '==' || op === '!='
  const word = both[0] === undefined ? left : right
  const other = both[0] ?? both[1]
  const last = checking.problems.at(-1)
  if (
    equality &&
    other?.type === 'string' &&
    word.kind === 'word' &&
    last?.from === word.from &&
    strangeName(word.name) === undefined
  )
    checking.problems.splice(-1, 1, {
      ...last,
      message: `${last.message}; a text stands in quotes: \`'${word.name}'\``,
    })
  return both
}

function joined(
  checking: Checking,
  tree: TreeOf<'binary'>,
  op: '&&' | '||',
  left: Node,
  right: Node,
): Node | undefined {
  const wrong = [left, right].filter(({ type }) => type !== 'bool')
  for (const one of wrong)
    tell(checking, 'E103', one, `\`${op}\` joins conditions, but ${whatIs(checking, one)}${compareIt(one)}`)
  if (left.expression.type !== 'bool' || right.expression.type !== 'bool') return undefined
  const shape = { kind: 'binary', op, left, right } as const
  const decisive = op === '||'
  if (left.fixed?.value === decisive || right.fixed?.value === decisive)
    return nodeOf(tree, shape, left.expression, { value: decisive })
  const expression = bool(
    op === '&&' ? all(conjuncts(left, right)) : either(left.expression.read, right.expression.read),
  )
  return foldedOf(tree, shape, expression, [left, right])
}

const conjuncts = (...nodes: readonly Node[]): readonly BoolExpression['read'][] =>
  nodes.flatMap(conjunctsOf).flatMap(({ expression }) => (expression.type === 'bool' ? [expression.read] : []))

/** What is often meant where a number stands for a condition. */
export const compareIt = (node: Node): string =>
  node.type === 'number' && node.kind === 'name' ? `: compare it, for example \`${node.name} > 0\`` : ''

function calculated(op: ArithmeticOperator, left: Node, right: Node): Expression | undefined {
  const type = arithmeticType(op, left.type, right.type)
  const [a, b] = [numberOperand(left), numberOperand(right)]
  return type === undefined || a === undefined || b === undefined ? undefined : { type, read: arithmetic(op, a, b) }
}

function compared(op: OrderOperator | EqualityOperator, left: Node, right: Node): Expression | undefined {
  if (left.type !== right.type) return undefined
  const [a, b] = [numberOperand(left), numberOperand(right)]
  if (a !== undefined && b !== undefined) return bool(compareNumbers(op, a, b))
  const [x, y] = [textOperand(left), textOperand(right)]
  if (x !== undefined && y !== undefined) return bool(compareTexts(op, x, y))
  if (left.expression.type !== 'bool' || right.expression.type !== 'bool' || (op !== '==' && op !== '!='))
    return undefined
  return bool(compareTruths(op, left.expression.read, right.expression.read))
}

function mismatch(checking: Checking, op: BinaryOperator, left: Node, right: Node): string {
  const types: ReadonlySet<Type> = new Set([left.type, right.type])
  const both = `${whatIs(checking, left)}, ${whatIs(checking, right)}`
  if (types.has('duration') && types.has('number'))
    return `\`${op}\` does not mix durations and numbers: ${both}; write duration('5s') for a length of time, seconds(…) for its number`
  if (types.has('time') && types.has('number'))
    return `\`${op}\` does not mix times and numbers: ${both}; a length of time is written duration('5s')`
  if (op === '+' && left.type === 'string' && right.type === 'string') return `texts cannot be joined: ${both}`
  if (left.type === right.type && left.type === 'bool') return `\`${op}\` cannot take true or false: ${both}`
  return `\`${op}\` cannot take ${KINDS[left.type]} and ${KINDS[right.type]}: ${both}`
}

export function checkIn(checking: Checking, tree: TreeOf<'in'>): Node | undefined {
  const of = checking.check(tree.of)
  if (tree.list.kind !== 'list')
    return tell(
      checking,
      'E103',
      tree.list,
      `to the right of \`in\` stands a list, for example \`['a', 'b']\`; found ${quote(checking, tree.list)}`,
    )
  if (of === undefined) return undefined
  const { list } = tree.list
  const kind = typeof list.find((one) => typeof one !== typeof list[0])
  if (kind !== 'undefined') return tell(checking, 'E103', tree.list, 'the values of a list are all of one type')
  const expression = isIn(of, list)
  if (expression !== undefined) return foldedOf(tree, { kind: 'in', of, list }, expression, [of])
  return tell(
    checking,
    'E103',
    tree,
    `${whatIs(checking, of)}, but the list holds ${HELD[typeof list[0]] ?? 'others'}: it can never be in it`,
  )
}

const HELD: Readonly<Record<string, string>> = { number: 'numbers', string: 'texts', boolean: 'true and false' }

function isIn(of: Node, list: Extract<Node, { kind: 'in' }>['list']): Expression | undefined {
  const { expression } = of
  const first = typeof list[0]
  const [number, text] = [numberOperand(of), textOperand(of)]
  if (of.type === 'number' && number !== undefined && (first === 'number' || first === 'undefined'))
    return bool(numberIn(number, list))
  if (text !== undefined && (first === 'string' || first === 'undefined')) return bool(textIn(text, list))
  if (expression.type === 'bool' && (first === 'boolean' || first === 'undefined'))
    return bool(truthIn(expression.read, list))
  return undefined
}

export function checkChoice(checking: Checking, tree: TreeOf<'choice'>): Node | undefined {
  const [condition, yes, no] = [checking.check(tree.if), checking.check(tree.yes), checking.check(tree.no)]
  if (condition === undefined || yes === undefined || no === undefined) return undefined
  if (condition.expression.type !== 'bool')
    return tell(checking, 'E103', condition, `a condition stands before \`?\`, but ${whatIs(checking, condition)}`)
  const expression = choose(condition.expression.read, yes.expression, no.expression)
  if (expression === undefined)
    return tell(
      checking,
      'E103',
      tree,
      `both cases of \`? :\` are of one type, but ${whatIs(checking, yes)}, ${whatIs(checking, no)}`,
    )
  const shape = { kind: 'choice', if: condition, yes, no } as const
  const taken = condition.fixed?.value === true ? yes : condition.fixed?.value === false ? no : undefined
  if (condition.fixed === undefined) return nodeOf(tree, shape, expression)
  if (taken === undefined) return nodeOf(tree, shape, expression, { value: undefined })
  return nodeOf(tree, shape, taken.expression, taken.fixed)
}
