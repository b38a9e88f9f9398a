import type { BinaryOperator, Node } from '../../expression/node.ts'
import type { Let } from '../../compile/lets.ts'
import {
  absolute,
  ALL,
  AT_LEAST_0,
  both,
  hull,
  mapped,
  negated,
  over,
  plus,
  point,
  times,
  type Interval,
} from './interval.ts'
import { rangeOfAggregate, rangeOfField, textsOfField } from './ranges.ts'
import { isSpent, noFacts, termOf, type Facts } from './terms.ts'

/** What a node of numbers can be, if it is anything. */
export function rangeOf(node: Node, facts: Facts): Interval {
  facts.ground.effort.left--
  if (isSpent(facts)) return ALL
  const fixed = node.fixed?.value
  if (typeof fixed === 'number') return Number.isNaN(fixed) ? ALL : point(fixed)
  const known = facts.numbers.get(termOf(node)) ?? ALL
  return both(known, structural(node, facts))
}

function structural(node: Node, facts: Facts): Interval {
  const { ground } = facts
  switch (node.kind) {
    case 'name':
      return rangeOfName(node.name, facts)
    case 'member':
      return ground.lets.has(node.name) ? rangeOfName(node.name, noFacts(ground)) : rangeOfField(node.name)
    case 'overStep':
      if (node.call === 'count') return AT_LEAST_0
      if (node.name === undefined || ground.lets.has(node.name)) return ALL
      return rangeOfAggregate(node.call, [rangeOfField(node.name)], false)
    case 'previous':
      return rangeOfField(node.name)
    case 'unary':
      return node.op === '-' ? negated(rangeOf(node.of, facts)) : ALL
    case 'binary':
      return ofBinary(node.op, rangeOf(node.left, facts), rangeOf(node.right, facts))
    case 'choice':
      return hull(rangeOf(node.yes, facts), rangeOf(node.no, facts))
    case 'call':
      return ofCall(
        node.name,
        node.of.map((one) => rangeOf(one, facts)),
      )
    case 'literal':
    case 'in':
      return ALL
  }
}

function rangeOfName(name: string, facts: Facts): Interval {
  const value = facts.ground.lets.get(name)
  if (value === undefined) return rangeOfField(name)
  const found = facts.found.get(name)
  if (found !== undefined) return found
  const range = rangeOfLet(value, facts)
  facts.found.set(name, range)
  return range
}

function rangeOfLet({ aggregate, node, nodes }: Let, facts: Facts): Interval {
  if (aggregate === undefined) return node === undefined ? ALL : rangeOf(node, facts)
  const { agg, of, seed } = aggregate.written
  const bare = noFacts(facts.ground)
  const ranges = aggregate.inputs.series === undefined ? nodes.map((one) => rangeOf(one, bare)) : []
  const series =
    aggregate.inputs.series !== undefined && typeof of === 'string' ? [rangeOfName(of.trim(), bare)] : ranges
  return rangeOfAggregate(agg, series, seed === 'zero')
}

function ofBinary(op: BinaryOperator, left: Interval, right: Interval): Interval {
  if (op === '+') return plus(left, right)
  if (op === '-') return plus(left, negated(right))
  if (op === '*') return times(left, right)
  return op === '/' ? over(left, right) : ALL
}

function ofCall(name: string, of: readonly Interval[]): Interval {
  const [first = ALL, low = ALL, high = ALL] = of
  switch (name) {
    case 'abs':
      return absolute(first)
    case 'sqrt':
      return first.hi < 0 ? AT_LEAST_0 : mapped(both(first, AT_LEAST_0), Math.sqrt)
    case 'exp':
      return AT_LEAST_0
    case 'sign':
      return { lo: -1, hi: 1 }
    case 'floor':
      return mapped(first, Math.floor)
    case 'ceil':
      return mapped(first, Math.ceil)
    case 'round':
      return { lo: first.lo - 1, hi: first.hi + 1 }
    case 'min':
      return { lo: Math.min(...of.map(({ lo }) => lo)), hi: Math.min(...of.map(({ hi }) => hi)) }
    case 'max':
      return { lo: Math.max(...of.map(({ lo }) => lo)), hi: Math.max(...of.map(({ hi }) => hi)) }
    case 'clamp':
      return { lo: low.lo, hi: high.hi }
    case 'orElse':
      return of.reduce(hull)
    case 'hourUtc':
      return { lo: 0, hi: 23 }
    case 'dayOfWeekUtc':
      return { lo: 0, hi: 6 }
    case 'clock':
      return AT_LEAST_0
    default:
      return ALL
  }
}

/** What a node of texts can be; `undefined`: anything. */
export function textsOf(node: Node, { ground, texts }: Facts): ReadonlySet<string> | undefined {
  if (typeof node.fixed?.value === 'string') return new Set([node.fixed.value])
  const known = texts.get(termOf(node))
  if (known !== undefined) return known
  if (node.kind === 'name' && !ground.lets.has(node.name)) return textsOfField(node.name, ground.streams)
  return node.kind === 'member' && !ground.lets.has(node.name)
    ? textsOfField(node.name, ground.streamsOfStep(node.step))
    : undefined
}
