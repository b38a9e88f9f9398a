import { compileRule } from './compile/compile.ts'
import type { Rule } from './document.ts'
import { orderOf } from './order.ts'

/**
 * How far back of the log what each rule writes depends on, in microseconds, by id: its own horizon, and before it the longest of
 * the rules whose matches it reads, as it is right only once those are. Of versions of one id, which stand side by side while one
 * takes over, the longest. Of rules that read each other their own alone.
 */
export const horizonsOf = (rules: readonly Rule[]): ReadonlyMap<string, number> => chained(rules).horizons

/** Of all together: how far back a run must begin to write what a run without end writes. */
export function horizonOfAll(rules: readonly Rule[]): number {
  const { horizons, isRound } = chained(rules)
  const all = [...horizons.values()]
  // Where reading goes round it passes each once.
  return isRound ? all.reduce((sum, one) => sum + one, 0) : Math.max(0, ...all)
}

function chained(rules: readonly Rule[]): {
  readonly horizons: ReadonlyMap<string, number>
  readonly isRound: boolean
} {
  const alone = new Map<string, number>()
  for (const rule of rules) alone.set(rule.id, Math.max(alone.get(rule.id) ?? 0, horizonOf(rule)))
  const order = orderOf([...new Map(rules.map((rule) => [rule.id, rule])).values()])
  if ('cycle' in order) return { horizons: alone, isRound: true }
  const horizons = new Map<string, number>()
  for (const { id } of order.order) {
    const read = [...(order.reads.get(id) ?? [])].map((one) => horizons.get(one) ?? 0)
    horizons.set(id, (alone.get(id) ?? 0) + Math.max(0, ...read))
  }
  return { horizons, isRound: false }
}

/** Of rules that were asked before: they are compiled for it. */
const known = new WeakMap<Rule, number>()

/** Of one rule alone; 0 if it does not compile. */
function horizonOf(rule: Rule): number {
  const before = known.get(rule)
  if (before !== undefined) return before
  const compiled = compileRule(rule, () => 0)
  const horizon = 'program' in compiled ? compiled.program.horizonMicros : 0
  known.set(rule, horizon)
  return horizon
}
