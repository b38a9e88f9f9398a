import type { Rule } from '../document.ts'
import { orderOf } from '../order.ts'

/**
 * How far back what the rules write depends on the log, in microseconds; `own`: of one rule alone. A rule that reads matches is right a
 * horizon of its own after those are right.
 */
export function horizonOfAll(rules: readonly Rule[], own: (rule: Rule) => number): number {
  const byId = new Map<string, number>()
  // Versions of one id stand side by side while one takes over.
  for (const rule of rules) byId.set(rule.id, Math.max(byId.get(rule.id) ?? 0, own(rule)))
  const order = orderOf([...new Map(rules.map((rule) => [rule.id, rule])).values()])
  if ('cycle' in order) return [...byId.values()].reduce((sum, one) => sum + one, 0)
  const whole = new Map<string, number>()
  for (const { id } of order.order) {
    const before = [...(order.reads.get(id) ?? [])].map((one) => whole.get(one) ?? 0)
    whole.set(id, (byId.get(id) ?? 0) + Math.max(0, ...before))
  }
  return Math.max(0, ...whole.values())
}
