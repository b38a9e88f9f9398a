import { quoted } from './problem.ts'
import { wordHint } from './slips.ts'
import { tokensOf } from './token.ts'
import type { ArithmeticOperator, EqualityOperator, Literal, OrderOperator } from './node.ts'
import type { Problem } from './problem.ts'
import type { Token } from './token.ts'
import type { Tree } from './tree.ts'

export const MAX_LENGTH = 4096
export const MAX_NODES = 256
export const MAX_DEPTH = 32
export const MAX_LIST = 256

const RELATIONS: ReadonlyMap<string, OrderOperator | EqualityOperator | 'in'> = new Map([
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['==', '=='],
  ['!=', '!='],
  ['in', 'in'],
])
const SUMS: ReadonlyMap<string, ArithmeticOperator> = new Map([
  ['+', '+'],
  ['-', '-'],
])
const PRODUCTS: ReadonlyMap<string, ArithmeticOperator> = new Map([
  ['*', '*'],
  ['/', '/'],
])
const RESERVED: ReadonlySet<string> = new Set(['true', 'false', 'in'])
const VALUE = 'a value was expected: a number, a text, a name, a function or a bracket'

/**
 * The tree of a text, or the first problem (E101, E106). Recursive descent, a function for each line of the grammar (rules.md
 * section 3); a chain of one operator is one level deep. Each step answers `undefined` once there is a problem.
 */
export function parse(text: string): Tree | Problem {
  if (text.length > MAX_LENGTH)
    return tooMuch(0, text.length, `the expression has ${text.length} characters, at most ${MAX_LENGTH} are read`)
  const tokens = tokensOf(text)
  if ('code' in tokens) return tokens
  const end: Token = { kind: 'end', from: text.length, to: text.length }
  let problem: Problem | undefined
  let at = 0
  let nodes = 0
  let depth = 0

  const token = (ahead = 0): Token => tokens[at + ahead] ?? end
  const textOf = (one: Token): string | undefined => ('text' in one ? one.text : undefined)
  const is = (sign: string): boolean => textOf(token()) === sign
  function take(sign: string): boolean {
    if (!is(sign)) return false
    at += 1
    return true
  }
  function fail(one: Problem): undefined {
    problem ??= one
  }
  const found = (one: Token): string =>
    one.kind === 'end' ? 'the expression ends here' : `found ${quoted(text, one.from, one.to)}`
  function unexpected(expected: string): undefined {
    const one = token()
    const hint = one.kind === 'word' ? wordHint(one.text) : ''
    return fail({ code: 'E101', from: one.from, to: one.to, message: `${found(one)}, but ${expected}${hint}` })
  }
  function made(tree: Tree): Tree | undefined {
    nodes += 1
    if (nodes > MAX_NODES)
      return fail(
        tooMuch(0, text.length, `the expression has more than ${MAX_NODES} parts: give parts of it names in \`let\``),
      )
    return tree
  }
  function deeper(read: () => Tree | undefined): Tree | undefined {
    if (depth >= MAX_DEPTH) {
      const { from, to } = token()
      return fail(
        tooMuch(from, to, `brackets and calls are more than ${MAX_DEPTH} deep here: give parts names in \`let\``),
      )
    }
    depth += 1
    const tree = read()
    depth -= 1
    return tree
  }

  function choice(): Tree | undefined {
    const condition = chain('||', () => chain('&&', relation))
    if (condition === undefined || !take('?')) return condition
    const yes = deeper(choice)
    if (yes === undefined) return undefined
    if (!take(':')) return unexpected('`:` and the value for the other case are missing (`condition ? one : other`)')
    const no = deeper(choice)
    return no && made({ kind: 'choice', from: condition.from, to: no.to, if: condition, yes, no })
  }

  function chain(op: '||' | '&&', operand: () => Tree | undefined): Tree | undefined {
    let left = operand()
    while (left !== undefined && take(op)) {
      const right = operand()
      left = right && made({ kind: 'binary', op, from: left.from, to: right.to, left, right })
    }
    return left
  }

  function series(ops: ReadonlyMap<string, ArithmeticOperator>, operand: () => Tree | undefined): Tree | undefined {
    let left = operand()
    while (left !== undefined) {
      const op = ops.get(textOf(token()) ?? '')
      if (op === undefined) return left
      at += 1
      const right = operand()
      left = right && made({ kind: 'binary', op, from: left.from, to: right.to, left, right })
    }
    return left
  }
  const sum = (): Tree | undefined => series(SUMS, () => series(PRODUCTS, unary))

  function relation(): Tree | undefined {
    const left = sum()
    const op = RELATIONS.get(textOf(token()) ?? '')
    if (left === undefined || op === undefined) return left
    at += 1
    const right = sum()
    if (right === undefined) return undefined
    const place = { from: left.from, to: right.to }
    const tree = made(
      op === 'in' ? { kind: 'in', ...place, of: left, list: right } : { kind: 'binary', op, ...place, left, right },
    )
    const next = token()
    if (tree !== undefined && RELATIONS.has(textOf(next) ?? '')) return chained(left, right, op)
    return tree
  }

  function chained(left: Tree, middle: Tree, op: string): undefined {
    const second = token()
    at += 1
    const right = sum()
    const [a, b] = [text.slice(left.from, left.to), text.slice(middle.from, middle.to)]
    const c = right === undefined ? '' : text.slice(right.from, right.to)
    const plain = c === '' || a.length + b.length + c.length > 60
    const example = plain ? `a ${op} b && b ${textOf(second)} c` : `${a} ${op} ${b} && ${b} ${textOf(second)} ${c}`
    const message = `\`${textOf(second)}\` does not chain: write \`${example}\``
    problem = { code: 'E101', from: second.from, to: second.to, message }
  }

  function unary(): Tree | undefined {
    const { from } = token()
    const op = is('!') ? '!' : is('-') ? '-' : undefined
    if (op === undefined) return member()
    at += 1
    if (is(op === '!' ? '-' : '!')) return unexpected(`\`!\` is of conditions and \`-\` of numbers: use brackets`)
    const of = deeper(unary)
    return of && made({ kind: 'unary', op, from, to: of.to, of })
  }

  function member(): Tree | undefined {
    const tree = primary()
    if (tree === undefined || !take('.')) return tree
    const name = token()
    if (name.kind !== 'word' || RESERVED.has(name.text))
      return unexpected('a field or `let` name was expected after the point')
    if (tree.kind !== 'word')
      return fail(problemAt(tree.from, name.to, 'a point stands between a step and a name only: `step.price`'))
    at += 1
    if (is('('))
      return fail(problemAt(tree.from, name.to, `functions are written in front: \`${name.text}(${tree.name}, …)\``))
    if (is('.'))
      return fail(
        problemAt(tree.from, name.to, `${quoted(text, tree.from, name.to)} has no parts: write \`step.name\``),
      )
    return { kind: 'member', from: tree.from, to: name.to, step: tree.name, name: name.text }
  }

  function primary(): Tree | undefined {
    const one = token()
    const { from, to } = one
    if (one.kind === 'number' || one.kind === 'string') {
      at += 1
      return made({ kind: 'literal', from, to, value: one.value })
    }
    if (one.kind === 'word') return word(one.text, from, to)
    if (take('(')) {
      const tree = deeper(choice)
      if (tree === undefined) return undefined
      return take(')') ? { ...tree, from, to: token(-1).to } : unexpected('`)` was expected')
    }
    if (take('[')) return list(from)
    return unexpected(VALUE)
  }

  function word(name: string, from: number, to: number): Tree | undefined {
    if (name === 'in') return unexpected(VALUE)
    if (wordHint(name) !== '' && ['word', 'number', 'string'].includes(token(1).kind)) return unexpected(VALUE)
    at += 1
    if (name === 'true' || name === 'false') return made({ kind: 'literal', from, to, value: name === 'true' })
    if (!take('(')) return made({ kind: 'word', from, to, name })
    const of: Tree[] = []
    while (!is(')') || of.length > 0) {
      const one = deeper(choice)
      if (one === undefined) return undefined
      of.push(one)
      if (is(')')) break
      if (!take(',')) return unexpected(`\`,\` or \`)\` was expected in ${quoted(text, from, to)}`)
    }
    at += 1
    return made({ kind: 'call', from, to: token(-1).to, name, nameTo: to, of })
  }

  function list(from: number): Tree | undefined {
    const values: Literal[] = []
    while (!is(']') || values.length > 0) {
      const value = literal()
      if (value === undefined) return unexpected('a list holds numbers, texts, true or false only')
      values.push(value)
      if (values.length > MAX_LIST) return fail(tooMuch(from, token().to, `the list has more than ${MAX_LIST} values`))
      if (is(']')) break
      if (!take(',')) return unexpected('`,` or `]` was expected in the list')
    }
    at += 1
    return made({ kind: 'list', from, to: token(-1).to, list: values })
  }

  function literal(): Literal | undefined {
    const negative = is('-') && token(1).kind === 'number'
    if (negative) at += 1
    const one = token()
    const truth = textOf(one) === 'true' ? true : textOf(one) === 'false' ? false : undefined
    const value = 'value' in one ? one.value : truth
    if (value === undefined) return undefined
    at += 1
    return negative && typeof value === 'number' ? -value : value
  }

  if (token().kind === 'end') return problemAt(0, text.length, 'the expression is empty')
  const tree = deeper(choice)
  if (tree !== undefined && token().kind !== 'end') unexpected('an operator or the end was expected')
  return problem ?? tree ?? problemAt(0, text.length, 'this is no expression')
}

const problemAt = (from: number, to: number, message: string): Problem => ({ code: 'E101', from, to, message })
const tooMuch = (from: number, to: number, message: string): Problem => ({ code: 'E106', from, to, message })
