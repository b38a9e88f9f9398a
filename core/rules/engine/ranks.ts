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

/** Of each version that reads matches: whose. Beside it stand the others' versions in force. */
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
