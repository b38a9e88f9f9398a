import { canonicalJson } from '../../../canonical-json.ts'
import type { Diagnostic } from '../../diagnostic.ts'
import { conjunctsOf, nodesIn, type Node } from '../../expression/node.ts'
import type { Let } from '../../compile/lets.ts'
import type { Judged } from './conditions.ts'
import { given } from './facts.ts'
import type { Facts } from './terms.ts'

type Lets = ReadonlyMap<string, Let>

/** W801: how far the present value is from a mean that it is part of itself is bounded, and less than it seems. */
export function checkScores(lets: Lets): readonly Diagnostic[] {
  return [...lets.values()].flatMap(({ name, node }) => {
    const score = node === undefined ? undefined : nodesIn(node).find((one) => isScore(one, lets))
    const sd = score === undefined ? undefined : sdOf(score, lets)
    if (score === undefined || sd === undefined) return []
    return [
      {
        code: 'W801',
        pointer: `/let/${name}`,
        from: score.from,
        to: score.to,
        message: `The present value is in the window itself, so that this score of n values never exceeds (n - 1)/√n, such as 2.85 for 10. Give the mean and "${sd.name}" "lag": 1.`,
      },
    ]
  })
}

/** W802: a score that the values in the window cannot reach. */
export function checkReach(all: readonly Judged[], lets: Lets): readonly Diagnostic[] {
  return all.flatMap(({ placed, facts }) => {
    const known = given(facts, placed.node)
    return conjunctsOf(placed.node).flatMap((conjunct) => {
      const bound = boundOf(conjunct, lets)
      const least = bound === undefined ? undefined : leastOf(bound.sd, known, lets)
      if (bound === undefined || least === undefined || bound.score < reach(least)) return []
      return [
        {
          code: 'W802',
          pointer: placed.pointer,
          from: conjunct.from,
          to: conjunct.to,
          message: `With ${least} values in the window, the present one among them, the score is at most ${reach(least).toFixed(2)}, so that ${bound.score} is out of reach; ask for at least ${needed(bound.score)} values, or give the aggregates "lag": 1.`,
        },
      ]
    })
  })
}

const reach = (n: number): number => (n - 1) / Math.sqrt(n)

/** The least n whose reach is more than the score: √n − 1/√n > s, solved for √n. */
function needed(score: number): number {
  const root = (score + Math.sqrt(score * score + 4)) / 2
  const n = Math.floor(root * root) + 1
  return reach(n - 1) > score ? n - 1 : n
}

const aggregateOf = (node: Node, lets: Lets): Let | undefined => {
  const one = node.kind === 'name' ? lets.get(node.name) : undefined
  return one?.aggregate === undefined ? undefined : one
}

/** Standard deviation that the present value is part of. */
function laglessSd(node: Node, lets: Lets): Let | undefined {
  const one = aggregateOf(node, lets)
  return one?.aggregate?.written.agg === 'sd' && one.aggregate.written.lag !== 1 ? one : undefined
}

/** `x - m` or `abs(x - m)` with the mean of the same values over the same window. */
function isFromMean(node: Node, sd: Let, lets: Lets): boolean {
  if (node.kind === 'call' && node.name === 'abs') return node.of.every((one) => isFromMean(one, sd, lets))
  if (node.kind !== 'binary' || node.op !== '-') return false
  return [node.left, node.right].some((side) => {
    const mean = aggregateOf(side, lets)?.aggregate?.written
    const of = sd.aggregate?.written
    return mean?.agg === 'mean' && mean.lag !== 1 && sameWindow(mean, of) && mean.of === of?.of
  })
}

const sameWindow = (a: { readonly over: unknown } | undefined, b: { readonly over: unknown } | undefined): boolean =>
  canonicalJson(a?.over ?? null) === canonicalJson(b?.over ?? null)

const sdOf = (node: Node, lets: Lets): Let | undefined =>
  node.kind === 'binary' && node.op === '/' ? laglessSd(node.right, lets) : undefined

function isScore(node: Node, lets: Lets): boolean {
  const sd = sdOf(node, lets)
  return sd !== undefined && node.kind === 'binary' && isFromMean(node.left, sd, lets)
}

/** The score that a conjunct asks for: `abs(z) > 4`, `z > 4`, `abs(x - m) > 3 * s`, with the sides either way. */
function boundOf(conjunct: Node, lets: Lets): { readonly sd: Let; readonly score: number } | undefined {
  if (conjunct.kind !== 'binary') return undefined
  const { op } = conjunct
  const [big, small] =
    op === '>' || op === '>='
      ? [conjunct.left, conjunct.right]
      : op === '<' || op === '<='
        ? [conjunct.right, conjunct.left]
        : []
  if (big === undefined || small === undefined) return undefined
  const inner = big.kind === 'call' && big.name === 'abs' ? big.of[0] : big
  const asked = inner?.kind === 'name' ? lets.get(inner.name)?.node : inner
  const sd = asked !== undefined && isScore(asked, lets) ? sdOf(asked, lets) : undefined
  if (sd !== undefined && typeof small.fixed?.value === 'number') return { sd, score: small.fixed.value }
  if (small.kind !== 'binary' || small.op !== '*') return undefined
  const [factor, deviation] = small.left.fixed === undefined ? [small.right, small.left] : [small.left, small.right]
  const times = laglessSd(deviation, lets)
  return times !== undefined && typeof factor.fixed?.value === 'number' && isFromMean(big, times, lets)
    ? { sd: times, score: factor.fixed.value }
    : undefined
}

/** Fewest values in the window of the deviation, by what is asked of a count over it; `undefined` if nothing is. */
function leastOf(sd: Let, facts: Facts, lets: Lets): number | undefined {
  const asked = [...lets.values()].flatMap(({ name, aggregate }) => {
    const written = aggregate?.written
    const isCount = written?.agg === 'count' && written.lag !== 1 && sameWindow(written, sd.aggregate?.written)
    return isCount ? [facts.numbers.get(name)?.lo ?? 0] : []
  })
  const least = Math.ceil(Math.max(0, ...asked))
  return least > 0 ? Math.max(2, least) : undefined
}
