import type { Rule } from '../document.ts'
import { orderOf } from '../order.ts'
import type { RulesState, Version } from './state.ts'

export const NO_READS: ReadonlySet<string> = new Set()

/** Puts the versions in the order of evaluation. */
export function putInOrder(state: RulesState): void {
  // Of one id, what speaks decides, whatever came first.
  const shadowsFirst = state.versions.toSorted((a, b) => Number(b.isShadow) - Number(a.isShadow))
  const rules = [...new Map(shadowsFirst.map(({ rule }) => [rule.id, rule])).values()]
  const sorted = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const found = orderOf(sorted)
  const ranks = new Map(('order' in found ? found.order : sorted).map(({ id }, rank) => [id, rank]))
  const rankOf = ({ rule }: Version): number => ranks.get(rule.id) ?? 0
  state.versions.sort(
    (a, b) =>
      rankOf(a) - rankOf(b) ||
      Number(a.isShadow) - Number(b.isShadow) ||
      a.rule.version - b.rule.version ||
      a.place - b.place,
  )
  for (const [order, version] of state.versions.entries()) version.order = order
}

/**
 * Of each version that reads matches: whose. Beside it stand the others' versions in force. However versions of several sets are
 * mixed, nobody's matches come back to it: rules that would read each other in a circle do not read each other.
 */
export function readsOf(versions: readonly Version[]): ReadonlyMap<Version, ReadonlySet<string>> {
  const found = new Map<Version, ReadonlySet<string>>()
  const readers = versions.filter(({ rule }) => hasMatches(rule))
  if (readers.length === 0) return found
  const inForce = new Map(versions.filter(({ isShadow }) => !isShadow).map(({ rule }) => [rule.id, rule]))
  for (const version of readers) {
    const { id } = version.rule
    const all = [...new Map(inForce).set(id, version.rule).values()]
    const order = orderOf(all)
    found.set(version, 'reads' in order ? (order.reads.get(id) ?? NO_READS) : readsOneByOne(version.rule, all))
  }
  return withoutCircles(found)
}

function withoutCircles(reads: ReadonlyMap<Version, ReadonlySet<string>>): ReadonlyMap<Version, ReadonlySet<string>> {
  const circles = circlesOf(Map.groupBy(reads, ([{ rule }]) => rule.id))
  if (circles.size === 0) return reads
  return new Map(
    [...reads].map(([version, own]) => {
      const circle = circles.get(version.rule.id)
      return [version, new Set([...own].filter((id) => circle === undefined || circles.get(id) !== circle))]
    }),
  )
}

/** Of each id that reads itself, directly or by others: a number that all of its circle have. */
function circlesOf(
  byId: ReadonlyMap<string, readonly (readonly [Version, ReadonlySet<string>])[]>,
): ReadonlyMap<string, number> {
  const next = new Map([...byId].map(([id, own]) => [id, new Set(own.flatMap(([, reads]) => [...reads]))]))
  // Who reads nobody that is left is in no circle; of a set that was validated nobody is left.
  for (let before = -1; before !== next.size;) {
    before = next.size
    for (const [id, reads] of next) if ([...reads].every((one) => !next.has(one))) next.delete(id)
  }
  const reached = new Map([...next.keys()].map((id) => [id, reachedFrom(id, next)]))
  const circles = new Map<string, number>()
  for (const [id, own] of reached) {
    if (circles.has(id) || !own.has(id)) continue
    const circle = circles.size
    for (const one of own) if (reached.get(one)?.has(id) === true) circles.set(one, circle)
  }
  return circles
}

function reachedFrom(id: string, next: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const found = new Set<string>()
  const left = [id]
  for (let at = left.pop(); at !== undefined; at = left.pop())
    for (const one of next.get(at) ?? [])
      if (!found.has(one)) {
        found.add(one)
        left.push(one)
      }
  return found
}

/** Versions of two sets may read each other while one takes the place of the other: those two do not, all others do. */
function readsOneByOne(rule: Rule, all: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    all.flatMap((other) => {
      const order = orderOf(other.id === rule.id ? [rule] : [rule, other])
      return 'reads' in order ? [...(order.reads.get(rule.id) ?? [])] : []
    }),
  )
}

const hasMatches = ({ on, let: named }: Rule): boolean =>
  on === 'match' ||
  on.includes('match') ||
  Object.values(named ?? {}).some((one) => typeof one === 'object' && one.on === 'match')
