import type { Micros } from '../../time.ts'
import { micros } from '../../time.ts'
import type { Stage } from '../../processor.ts'
import { compileRule, type Compiled } from '../compile.ts'
import type { Rule, Scope } from '../document.ts'
import type { Allot } from '../program.ts'
import { readRuleSet, type ReadRuleSet } from '../rule-set.ts'
import type { Batch, RuleOutput } from './batch.ts'
import type { RulesState } from './state.ts'

export type RuleEngineSettings = {
  /** Rules of other scopes in the set are left alone. */
  readonly scope: Scope
  /** For tests. */
  readonly readSet?: (document: unknown) => ReadRuleSet
  readonly compile?: (rule: Rule, allot: Allot) => Compiled
}

const NEVER: Micros = micros(0)

/**
 * Evaluates the rules that the log puts in force. Timers due up to T run before the record's events; each event first feeds the
 * aggregates, then the rules see it in their order; then the matches of the record go to the rules that read them.
 */
export function ruleEngine({
  readSet: _read = readRuleSet,
  compile: _compile = compileRule,
}: RuleEngineSettings): Stage<RulesState, Batch, RuleOutput> {
  return {
    initial: () => ({
      controls: new Map(),
      hash: '',
      now: NEVER,
      stamp: 0,
      passed: 0,
      versions: [],
      spaces: new Map(),
      timers: [],
    }),
    step(state, { now }) {
      state.now = now
    },
  }
}
