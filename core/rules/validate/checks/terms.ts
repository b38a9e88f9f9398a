import type { Stream } from '../../events.ts'
import type { Node } from '../../expression/node.ts'
import type { Let } from '../../compile/lets.ts'
import type { Interval } from './interval.ts'

/** Where expressions stand: what their names can mean. */
export type Ground = {
  readonly streams: readonly Stream[]
  readonly streamsOfStep: (step: string) => readonly Stream[]
  readonly lets: ReadonlyMap<string, Let>
  /** Counts down with each step of reasoning; at 0 nothing more is concluded, so that no rule is judged for minutes. */
  readonly effort: { left: number }
}

/** Of one rule; the rules that ship need less than a hundredth. */
export const MOST_EFFORT = 300_000

export const isSpent = ({ ground }: Facts): boolean => ground.effort.left <= 0

/** What is known to hold at a place; parts of expressions are named by {@link termOf}. Never changed. */
export type Facts = {
  readonly ground: Ground
  readonly numbers: ReadonlyMap<string, Interval>
  readonly texts: ReadonlyMap<string, ReadonlySet<string>>
  readonly notZero: ReadonlySet<string>
  /** What holds cannot hold. */
  readonly isImpossible: boolean
  /** Ranges of `let` names under these facts, found already. */
  readonly found: Map<string, Interval>
}

export const noFacts = (ground: Ground): Facts => ({
  ground,
  numbers: new Map(),
  texts: new Map(),
  notZero: new Set(),
  isImpossible: false,
  found: new Map(),
})

const TERMS = new WeakMap<Node, string>()

/** One text for all nodes that say the same. */
export function termOf(node: Node): string {
  const known = TERMS.get(node)
  if (known !== undefined) return known
  const term = written(node)
  TERMS.set(node, term)
  return term
}

function written(node: Node): string {
  switch (node.kind) {
    case 'literal':
      return JSON.stringify(node.value)
    case 'name':
      return node.name
    case 'member':
      return `${node.step}.${node.name}`
    case 'overStep':
      return `${node.call}(${node.step}.${node.name ?? ''},${node.nth})`
    case 'previous':
      return `prev(${node.name},${node.nth})`
    case 'unary':
      return `(${node.op}${termOf(node.of)})`
    case 'binary':
      return `(${termOf(node.left)}${node.op}${termOf(node.right)})`
    case 'in':
      return `(${termOf(node.of)} in ${JSON.stringify(node.list)})`
    case 'choice':
      return `(${termOf(node.if)}?${termOf(node.yes)}:${termOf(node.no)})`
    case 'call':
      return `${node.name}(${node.of.map(termOf).join(',')})`
  }
}
