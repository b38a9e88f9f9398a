import { isMicros, type Micros } from '../../time.ts'
import { compileRule, type Compiled } from '../compile/compile.ts'
import type { Diagnostic } from '../diagnostic.ts'
import type { Rule } from '../document.ts'
import type { Batch } from '../engine/batch.ts'
import { orderOf } from '../order.ts'
import type { Allot } from '../program.ts'
import type { Explanation, KeyValues } from './explanation.ts'
import { eyes, isOf } from './eyes.ts'
import { matchesOf, startRun, tailOf } from './run.ts'

export type Explaining = {
  readonly rule: Rule
  /** In force beside it: those whose matches it reads run with it. */
  readonly others?: readonly Rule[]
  /** T before the first record. */
  readonly from: Micros
  /** What is before is warm-up: it fills windows and patterns, and nothing of it is told. */
  readonly since?: Micros
  /** Only of this key, or of those that have these of its values. */
  readonly key?: KeyValues
}

/** Takes records one by one; `end` at last, once. */
export type Explainer = {
  readonly take: (batch: Batch) => void
  /** `until`: where the clock stops; otherwise it runs on as a rule's tests let it. */
  readonly end: (until?: Micros) => Explanation
}

/**
 * Runs a rule with all eyes on it, to say why it did not fire; what it writes is what it would write unwatched. The rule speaks from
 * the first record on.
 */
export function explain(
  explaining: Explaining,
): { readonly explainer: Explainer; readonly warmUpMicros: number } | { readonly diagnostics: readonly Diagnostic[] } {
  const { rule, others = [], from, since = from, key } = explaining
  const tried = compileRule(rule, () => 0)
  if ('diagnostics' in tried) return tried
  const { program } = tried
  const watcher = eyes(rule, program, since, key)
  const compile = (one: Rule, allot: Allot): Compiled =>
    one.id === rule.id ? watcher.compile(one, allot) : compileRule(one, allot)
  const run = startRun({ rules: inOrder([rule, ...heardBy(rule, others)]), from, compile })
  let last = from
  return {
    warmUpMicros: program.warmUpMicros,
    explainer: {
      take(batch) {
        last = batch.now
        run.take(batch)
      },
      end(until) {
        const at = until ?? last + tailOf(program)
        run.finish(isMicros(at) ? at : last)
        const isTold = ({ at: when, key: values }: { at: Micros; key: KeyValues }): boolean =>
          when >= since && (key === undefined || isOf(values, key))
        return watcher.found(run, matchesOf(run, rule.id).filter(isTold))
      },
    },
  }
}

const inOrder = (rules: readonly Rule[]): readonly Rule[] => rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** Rules whose matches it reads, and those that they read; none if they read each other in a circle. */
function heardBy(rule: Rule, others: readonly Rule[]): readonly Rule[] {
  const all = [
    rule,
    ...others.filter(({ id, scope }) => id !== rule.id && (scope ?? 'asset') === (rule.scope ?? 'asset')),
  ]
  const order = orderOf(all)
  if ('cycle' in order) return []
  const found = new Set<string>()
  const add = (id: string): void => {
    for (const one of order.reads.get(id) ?? []) {
      if (found.has(one)) continue
      found.add(one)
      add(one)
    }
  }
  add(rule.id)
  return all.filter(({ id }) => found.has(id) && id !== rule.id)
}
