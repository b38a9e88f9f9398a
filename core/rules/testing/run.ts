import type { Match } from '../../match.ts'
import { micros, type Micros } from '../../time.ts'
import { compileRule, type Compiled } from '../compile/compile.ts'
import { RULES_DOCUMENT, type Rule } from '../document.ts'
import type { Batch, RuleOutput } from '../engine/batch.ts'
import { ruleEngine } from '../engine/engine.ts'
import type { RulesState } from '../engine/state.ts'
import type { Allot, Program } from '../program.ts'

/** How rules are run to see what they do: from nothing, speaking from the first record on. */
export type Running = {
  /** Sorted by id. The rule in question, and those whose matches it reads. */
  readonly rules: readonly Rule[]
  /** T before the first record. */
  readonly from: Micros
  /** How a rule is made ready; by default as in the engine. */
  readonly compile?: (rule: Rule, allot: Allot) => Compiled
  readonly count?: (what: string, now: Micros) => void
}

export type Run = {
  readonly take: (batch: Batch) => void
  /** Carries the clock to `at` as if no renewal came on the way: what is under way comes out, and nothing begins. */
  readonly finish: (at: Micros) => void
  readonly outputs: readonly RuleOutput[]
  readonly state: RulesState
}

/**
 * Rules under the engine, before their first record. They are put in force as `onUpdate: reset` does, since one that warms up says
 * nothing before its windows are full. Whether they are `enabled` does not matter.
 */
export function startRun({ rules, from, compile = compileRule, count }: Running): Run {
  const outputs: RuleOutput[] = []
  const clock = { isOver: false, now: from }
  const set = { rules: rules.map((rule) => ({ ...rule, enabled: true, onUpdate: 'reset' as const })), shadow: [] }
  const engine = ruleEngine({
    scope: rules[0]?.scope ?? 'asset',
    readSet: () => ({ set }),
    compile(rule, allot) {
      const compiled = compile(rule, allot)
      return 'program' in compiled ? { program: endlessly(compiled.program, clock) } : compiled
    },
  })
  const state = engine.initial()
  const effects = {
    emit: (output: RuleOutput) => void outputs.push(output),
    count: (what: string) => count?.(what, clock.now),
  }
  const take = (batch: Batch): void => {
    clock.now = batch.now
    engine.step(state, batch, effects)
  }
  const control = { kind: 'control', documentId: RULES_DOCUMENT, epoch: 1, hash: '', document: set } as const
  take({ offset: 0, now: from, events: [], control })
  return {
    take,
    finish(at) {
      clock.isOver = true
      if (at > clock.now) take({ offset: Number.MAX_SAFE_INTEGER, now: micros(at), events: [], control: undefined })
    },
    outputs,
    state,
  }
}

/** Renews nothing once the records are over. */
const endlessly = (program: Program, clock: { readonly isOver: boolean }): Program => {
  const { renewMicros } = program
  return {
    ...program,
    get renewMicros() {
      return clock.isOver ? Infinity : renewMicros
    },
  }
}

export const matchesOf = ({ outputs }: Pick<Run, 'outputs'>, ruleId: string): readonly Match[] =>
  outputs.flatMap((one) => (one.kind === 'match' && one.match.ruleId === ruleId ? [one.match] : []))

/** How long after its last record a rule may still write something for it. */
export const tailOf = ({ body }: Program): number =>
  body.kind === 'pattern' ? body.pattern.withinMicros : body.holdMicros + (body.release?.afterMicros ?? 0)
