import type { Aggregate } from './windows/aggregate.ts'

/** By level: sums of 2^level panes by their place; `undefined` until it is asked for, no entry where nothing came. Plain data. */
export type PaneNodes<Acc> = readonly Map<number, Acc | undefined>[]

const TOP = 6

export const paneNodes = <Acc>(): PaneNodes<Acc> =>
  Array.from({ length: TOP + 1 }, () => new Map<number, Acc | undefined>())

/** Keeps the sum of a pane that is closed. */
export function keepPane<Acc>(all: PaneNodes<Acc>, pane: number, sum: Acc): void {
  all[0]?.set(pane, sum)
  for (let level = 1, place = Math.floor(pane / 2); level <= TOP; level++, place = Math.floor(place / 2)) {
    const nodes = all[level]
    if (nodes === undefined || nodes.has(place)) break
    nodes.set(place, undefined)
  }
}

/** Lets go of all panes up to `first`, and of what is made of them. */
export function forgetPanes<Acc>(all: PaneNodes<Acc>, first: number): void {
  let bound = first + 1
  for (const own of all) {
    for (const place of own.keys()) {
      if (place >= bound) break
      own.delete(place)
    }
    bound = Math.floor(bound / 2)
  }
}

type Merging<Acc, X> = Pick<Aggregate<Acc, X>, 'empty' | 'merge'>

function node<Acc, X>(aggregate: Merging<Acc, X>, nodes: PaneNodes<Acc>, level: number, place: number): Acc {
  const own = nodes[level]
  const known = own?.get(place)
  if (known !== undefined) return known
  if (own === undefined || !own.has(place)) return aggregate.empty
  const sum = aggregate.merge(
    node(aggregate, nodes, level - 1, 2 * place),
    node(aggregate, nodes, level - 1, 2 * place + 1),
  )
  own.set(place, sum)
  return sum
}

/** The panes from `from` to `to`, by the greatest nodes that lie in them: `range` of rules.md section 7. */
export function paneRange<Acc, X>(aggregate: Merging<Acc, X>, nodes: PaneNodes<Acc>, from: number, to: number): Acc {
  const { merge } = aggregate
  let lo = from
  let hi = to
  let sum = aggregate.empty
  const right: Acc[] = []
  for (let level = 0; lo <= hi; level++) {
    if (level === TOP) {
      for (let place = lo; place <= hi; place++) sum = merge(sum, node(aggregate, nodes, TOP, place))
      break
    }
    if (lo % 2 === 1) sum = merge(sum, node(aggregate, nodes, level, lo++))
    if (hi % 2 === 0) right.push(node(aggregate, nodes, level, hi--))
    lo = Math.floor(lo / 2)
    hi = Math.floor(hi / 2)
  }
  for (let one = right.pop(); one !== undefined; one = right.pop()) sum = merge(sum, one)
  return sum
}
