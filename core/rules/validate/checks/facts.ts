import type { BinaryOperator, Node } from '../../expression/node.ts'
import { above, below, both, contains, isEmpty, type Interval } from './interval.ts'
import { rangeOf, textsOf } from './range-of.ts'
import { isSpent, termOf, type Facts } from './terms.ts'

/** With the condition known to hold, or not to. Both passes, since each part may tell of the others. */
export function given(facts: Facts, condition: Node, holds = true): Facts {
  if (isSpent(facts)) return facts
  const once = learned(facts, condition, holds)
  return learned(once, condition, holds)
}

function learned(facts: Facts, node: Node, holds: boolean): Facts {
  if (node.kind === 'unary' && node.op === '!') return learned(facts, node.of, !holds)
  if (node.kind === 'in' && holds) {
    const texts = node.list.filter((one) => typeof one === 'string')
    return texts.length === node.list.length ? withTexts(facts, node.of, new Set(texts)) : facts
  }
  if (node.kind !== 'binary') return facts
  const { op, left, right } = node
  if (op === (holds ? '&&' : '||')) return learned(learned(facts, left, holds), right, holds)
  if (left.type === 'string') {
    const equal = op === (holds ? '==' : '!=')
    const value = [textsOf(right, facts), textsOf(left, facts)]
    return equal ? withTexts(withTexts(facts, left, value[0]), right, value[1]) : facts
  }
  if (left.type === 'bool' || op === '&&' || op === '||') return facts
  return compared(facts, left, holds ? op : (OPPOSITE.get(op) ?? op), right)
}

const OPPOSITE: ReadonlyMap<BinaryOperator, BinaryOperator> = new Map([
  ['<', '>='],
  ['<=', '>'],
  ['>', '<='],
  ['>=', '<'],
  ['==', '!='],
  ['!=', '=='],
])

function compared(facts: Facts, left: Node, op: BinaryOperator, right: Node): Facts {
  const [a, b] = [rangeOf(left, facts), rangeOf(right, facts)]
  switch (op) {
    case '<':
      return withRange(withRange(facts, left, { lo: -Infinity, hi: below(b.hi) }), right, {
        lo: above(a.lo),
        hi: Infinity,
      })
    case '<=':
      return withRange(withRange(facts, left, { lo: -Infinity, hi: b.hi }), right, { lo: a.lo, hi: Infinity })
    case '>':
      return withRange(withRange(facts, left, { lo: above(b.lo), hi: Infinity }), right, {
        lo: -Infinity,
        hi: below(a.hi),
      })
    case '>=':
      return withRange(withRange(facts, left, { lo: b.lo, hi: Infinity }), right, { lo: -Infinity, hi: a.hi })
    case '==':
      return withRange(withRange(facts, left, b), right, a)
    case '!=':
      return b.lo === 0 && b.hi === 0
        ? { ...facts, notZero: new Set([...facts.notZero, termOf(left)]), found: new Map() }
        : facts
    case '+':
    case '-':
    case '*':
    case '/':
    case '&&':
    case '||':
      return facts
  }
}

function withRange(facts: Facts, node: Node, range: Interval): Facts {
  const before = rangeOf(node, facts)
  const now = both(before, range)
  const isImpossible = facts.isImpossible || isEmpty(now)
  if (node.fixed !== undefined || isEmpty(now)) return { ...facts, isImpossible }
  return { ...facts, numbers: new Map(facts.numbers).set(termOf(node), now), found: new Map(), isImpossible }
}

function withTexts(facts: Facts, node: Node, texts: ReadonlySet<string> | undefined): Facts {
  if (texts === undefined) return facts
  const before = textsOf(node, facts)
  const now = before === undefined ? texts : before.intersection(texts)
  const isImpossible = facts.isImpossible || now.size === 0
  return node.fixed !== undefined || now.size === 0
    ? { ...facts, isImpossible }
    : { ...facts, texts: new Map(facts.texts).set(termOf(node), now), isImpossible }
}

/** Whether a division by the node may be a division by 0. */
export const mayBeZero = (node: Node, facts: Facts): boolean =>
  contains(rangeOf(node, facts), 0) && !facts.notZero.has(termOf(node)) && !isSpent(facts)

/** Of a comparison: what it always is, if it is always the same. */
export function decided(node: Node, facts: Facts): boolean | undefined {
  if (typeof node.fixed?.value === 'boolean') return node.fixed.value
  if (node.kind === 'in') {
    const texts = textsOf(node.of, facts)
    if (texts === undefined) return undefined
    const held = [...texts].filter((text) => node.list.includes(text)).length
    return held === 0 ? false : held === texts.size ? true : undefined
  }
  if (node.kind !== 'binary' || node.left.type === 'bool') return undefined
  const canHold = !given(facts, node, true).isImpossible
  const canFail = !given(facts, node, false).isImpossible
  return canHold === canFail ? undefined : canHold
}
