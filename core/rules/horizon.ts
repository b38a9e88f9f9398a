import { compileRule } from './compile.ts'
import type { Rule } from './document.ts'
import { orderOf } from './order.ts'

/**
 * How far back of the log what each rule says depends on, in microseconds, by id: its own horizon and, as its matches are made of
 * theirs, the longest of the rules that it reads. Of rules that read each other their own alone.
 */
export function horizonsOf(rules: readonly Rule[]): ReadonlyMap<string, number> {
  const order = orderOf(rules)
  const horizons = new Map<string, number>()
  for (const rule of 'order' in order ? order.order : rules) {
    const compiled = compileRule(rule, () => 0)
    const own = 'program' in compiled ? compiled.program.horizonMicros : 0
    const read = 'order' in order ? [...(order.reads.get(rule.id) ?? [])] : []
    horizons.set(rule.id, own + Math.max(0, ...read.map((id) => horizons.get(id) ?? 0)))
  }
  return horizons
}
