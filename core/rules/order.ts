import { analysed } from './compile/compile.ts'
import { USUAL_BREADTH } from './validate/breadth.ts'
import type { Placed } from './compile/compiling.ts'
import { streamsOf, type Rule } from './document.ts'
import { nodesIn } from './expression/node.ts'
import { guardsOf } from './compile/guards.ts'
import { takesOf } from './compile/takes.ts'

/**
 * `order`: rules after those whose matches they read, ties by id. `reads`: by id, the ids of the rules whose matches it is given;
 * it is given no others, so that a rule's life does not depend on strangers. `cycle`: ids of rules that read each other.
 */
export type Order =
  | { readonly order: readonly Rule[]; readonly reads: ReadonlyMap<string, ReadonlySet<string>> }
  | { readonly cycle: readonly string[] }

/**
 * Who reads whose matches is told by the `type` and `ruleId` that its conditions ask for (`type == 'PRICE_SPIKE'`); by default
 * all others'. A rule reads its own only if it names itself, which is a cycle.
 */
export function orderOf(rules: readonly Rule[]): Order {
  const sorted = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const reads = new Map(sorted.map((rule) => [rule.id, readBy(rule, sorted)]))
  const order: Rule[] = []
  const placed = new Set<string>()
  let left: readonly Rule[] = sorted
  while (left.length > 0) {
    const first = left.find(({ id }) => [...(reads.get(id) ?? [])].every((one) => placed.has(one)))
    if (first === undefined) return { cycle: cycleIn(left, reads) }
    order.push(first)
    placed.add(first.id)
    left = left.filter(({ id }) => id !== first.id)
  }
  return { order, reads }
}

/** Of rules none of which is free: follows one to another until it comes back. */
function cycleIn(left: readonly Rule[], reads: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const among = new Set(left.map(({ id }) => id))
  const path: string[] = []
  let at = left[0]?.id
  while (at !== undefined && !path.includes(at)) {
    path.push(at)
    at = [...(reads.get(at) ?? [])].find((one) => among.has(one))
  }
  return at === undefined ? path : path.slice(path.indexOf(at))
}

/** What the matches must be that a place takes; `undefined`: any. */
type Asked = { readonly types: readonly string[] | undefined; readonly ids: readonly string[] | undefined }

const NO_IDS: ReadonlySet<string> = new Set()

function readBy(rule: Rule, all: readonly Rule[]): ReadonlySet<string> {
  const own = Object.values(rule.let ?? {}).some((one) => typeof one !== 'string' && one.on === 'match')
  if (!streamsOf(rule).includes('match') && !own) return NO_IDS
  const asked = askedBy(rule)
  const isRead = (other: Rule): boolean =>
    asked.some(({ types, ids }) => {
      const isNamed = types !== undefined || ids !== undefined
      if (other.id === rule.id && !isNamed) return false
      return (types?.includes(other.emit.type) ?? true) && (ids?.includes(other.id) ?? true)
    })
  return new Set(all.filter(isRead).map(({ id }) => id))
}

/**
 * A when-rule takes what passes `where` (and `when`, if each record stands alone), an aggregate what passes its own besides, a
 * pattern what a step may take or ends it. Where steps follow each other directly, or `prev` looks back, anything that comes
 * between counts.
 */
function askedBy(rule: Rule): readonly Asked[] {
  const { placed } = analysed(
    rule,
    () => 0,
    () => USUAL_BREADTH,
  )
  const at = (pointer: string): Placed | undefined => placed.find((one) => one.pointer === pointer)
  const among = (...pointers: readonly string[]): Asked => {
    const guards = ['/where', ...pointers].flatMap((pointer) => {
      const one = at(pointer)
      return one === undefined ? [] : guardsOf(one.node, ['match'])
    })
    const of = (field: string): readonly string[] | undefined =>
      guards.flatMap((one) => (one.kind === 'in' && one.field === field ? [one.values] : []))[0]
    return { types: of('type'), ids: of('ruleId') }
  }
  const aggregates = Object.entries(rule.let ?? {}).flatMap(([name, one]) =>
    typeof one !== 'string' && (one.on === undefined ? streamsOf(rule).includes('match') : one.on === 'match')
      ? [among(`/let/${name}/where`)]
      : [],
  )
  if (!streamsOf(rule).includes('match')) return aggregates
  if (rule.pattern === undefined) return [among(...(rule.edge === 'every' ? ['/when'] : [])), ...aggregates]
  const { steps } = rule.pattern
  const takes = takesOf(rule.pattern)
  const isStrict =
    takes.some(({ step }) => step.follow === 'next' || step.inner === 'next') ||
    steps.some((step) => 'not' in step && step.not.follow === 'next')
  const looksBack = placed.some(({ node }) => nodesIn(node).some(({ kind }) => kind === 'previous'))
  if (isStrict || looksBack) return [among(), ...aggregates]
  const isOfMatches = (on: string | undefined): boolean => on === undefined || on === 'match'
  return [
    ...takes.flatMap(({ step, pointer }) =>
      isOfMatches(step.on)
        ? [among(`${pointer}/if`), ...(step.until === undefined ? [] : [among(`${pointer}/until`)])]
        : [],
    ),
    ...steps.flatMap((step, index) =>
      'not' in step && isOfMatches(step.not.on) ? [among(`/pattern/steps/${index}/not/if`)] : [],
    ),
    ...aggregates,
  ]
}
