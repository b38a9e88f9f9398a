import { quoted } from './problem.ts'
import { cursorOf, problemAt, textOf, tooMuch } from './cursor.ts'
import { wordHint } from './slips.ts'
import type { ArithmeticOperator, EqualityOperator, Literal, OrderOperator } from './node.ts'
import type { Problem } from './problem.ts'
import type { Tree } from './tree.ts'

const MAX_LIST = 256

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
  const cursor = cursorOf(text)
  if ('code' in cursor) return cursor
  const { token, here, advance, take, fail, unexpected, made, deeper } = cursor

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
      const op = ops.get(here() ?? '')
      if (op === undefined) return left
      advance()
      const right = operand()
      left = right && made({ kind: 'binary', op, from: left.from, to: right.to, left, right })
    }
    return left
  }
  const sum = (): Tree | undefined => series(SUMS, () => series(PRODUCTS, unary))

  function relation(): Tree | undefined {
    const left = sum()
    const op = RELATIONS.get(here() ?? '')
    if (left === undefined || op === undefined) return left
    advance()
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
    advance()
    const right = sum()
    const [a, b] = [text.slice(left.from, left.to), text.slice(middle.from, middle.to)]
    const c = right === undefined ? '' : text.slice(right.from, right.to)
    const plain = c === '' || a.length + b.length + c.length > 60
    const example = plain ? `a ${op} b && b ${textOf(second)} c` : `${a} ${op} ${b} && ${b} ${textOf(second)} ${c}`
    const message = `\`${textOf(second)}\` does not chain: write \`${example}\``
    return fail(problemAt(second.from, second.to, message))
  }

  function unary(): Tree | undefined {
    const { from } = token()
    const op = here() === '!' ? '!' : here() === '-' ? '-' : undefined
    if (op === undefined) return member()
    advance()
    if (here() === (op === '!' ? '-' : '!'))
      return unexpected(`\`!\` is of conditions and \`-\` of numbers: use brackets`)
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
    advance()
    if (here() === '(')
      return fail(problemAt(tree.from, name.to, `functions are written in front: \`${name.text}(${tree.name}, …)\``))
    if (here() === '.')
      return fail(
        problemAt(tree.from, name.to, `${quoted(text, tree.from, name.to)} has no parts: write \`step.name\``),
      )
    return { kind: 'member', from: tree.from, to: name.to, step: tree.name, name: name.text }
  }

  function primary(): Tree | undefined {
    const one = token()
    const { from, to } = one
    if (one.kind === 'number' || one.kind === 'string') {
      advance()
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
    advance()
    if (name === 'true' || name === 'false') return made({ kind: 'literal', from, to, value: name === 'true' })
    if (!take('(')) return made({ kind: 'word', from, to, name })
    const of: Tree[] = []
    while (here() !== ')' || of.length > 0) {
      const one = deeper(choice)
      if (one === undefined) return undefined
      of.push(one)
      if (here() === ')') break
      if (!take(',')) return unexpected(`\`,\` or \`)\` was expected in ${quoted(text, from, to)}`)
    }
    advance()
    return made({ kind: 'call', from, to: token(-1).to, name, nameTo: to, of })
  }

  function list(from: number): Tree | undefined {
    const values: Literal[] = []
    while (here() !== ']' || values.length > 0) {
      const value = literal()
      if (value === undefined) return unexpected('a list holds numbers, texts, true or false only')
      values.push(value)
      if (values.length > MAX_LIST) return fail(tooMuch(from, token().to, `the list has more than ${MAX_LIST} values`))
      if (here() === ']') break
      if (!take(',')) return unexpected('`,` or `]` was expected in the list')
    }
    advance()
    return made({ kind: 'list', from, to: token(-1).to, list: values })
  }

  function literal(): Literal | undefined {
    const negative = here() === '-' && token(1).kind === 'number'
    if (negative) advance()
    const one = token()
    const truth = textOf(one) === 'true' ? true : textOf(one) === 'false' ? false : undefined
    const value = 'value' in one ? one.value : truth
    if (value === undefined) return undefined
    advance()
    return negative && typeof value === 'number' ? -value : value
  }

  if (token().kind === 'end') return problemAt(0, text.length, 'the expression is empty')
  const tree = deeper(choice)
  if (tree !== undefined && token().kind !== 'end') unexpected('an operator or the end was expected')
  return cursor.problem() ?? tree ?? problemAt(0, text.length, 'this is no expression')
}
