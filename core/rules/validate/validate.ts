import { boundOf, checkBound, type Bound } from './bound.ts'
import { checkAdvice } from './checks/advice.ts'
import { checkConditions, conditionsOf } from './checks/conditions.ts'
import { checkFed } from './checks/fed.ts'
import { checkAction, checkCycle, checkVersion } from './checks/others.ts'
import { checkReach, checkScores } from './checks/scores.ts'
import { analysed, type Analysis } from '../compile/compile.ts'
import { isError, pointerTo, type Diagnostic } from '../diagnostic.ts'
import { streamsOf, type Rule } from '../document.ts'
import { horizonsOf } from '../horizon.ts'
import { breadthIn } from './keys-bound.ts'
import { orderOf } from '../order.ts'
import type { Program } from '../program.ts'
import { readRule } from '../read/read.ts'
import { readRuleSet } from '../read/rule-set.ts'
import { leavesGap, salvaged } from '../read/salvage.ts'
import { wrong } from '../read/shape.ts'
import type { World } from './world.ts'

/** `rule` if the shape is right, `bound` if it compiles; it may be activated if no diagnostic is an error. */
export type Verdict = {
  readonly rule: Rule | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly bound: Bound | undefined
}

/** All that can be said against a rule, at once: errors first, in the order of the document's checks. Never throws. */
export function validateRule(document: unknown, world: World): Verdict {
  const read = readRule(document)
  if ('rule' in read) return judged(read.rule, world)
  const rest = readRule(salvaged(document, read.diagnostics))
  const more = 'rule' in rest ? besides(rest.rule, world, read.diagnostics) : []
  return { rule: undefined, diagnostics: errorsFirst([...read.diagnostics, ...more]), bound: undefined }
}

/** What else is wrong with what is left of a rule; not what may be due to what was left out. */
function besides(rule: Rule, world: World, said: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Set(said.map(({ pointer }) => pointer.split('/')[1]))
  const doubtful = new Set(['W806', 'W807', ...(said.some(leavesGap) ? ['E102', 'E202'] : [])])
  return judged(rule, { ...world, versions: undefined, active: undefined, runTests: undefined }).diagnostics.filter(
    ({ code, pointer }) => !places.has(pointer.split('/')[1]) && !doubtful.has(code),
  )
}

function judged(rule: Rule, world: World): Verdict {
  const analysis = analysed(
    rule,
    () => 0,
    (guards) => breadthIn(rule, guards, world),
  )
  const { program, diagnostics } = analysis
  const bound = program === undefined ? undefined : { ...boundOf(analysis, program, world), ...chained(rule, world) }
  const found = [
    ...diagnostics,
    ...checkVersion(rule, world),
    ...checkAction(rule, world),
    ...checkCycle(rule, world.others),
    ...judgeConditions(rule, analysis),
    ...checkFed(rule, analysis.placed.find(({ pointer }) => pointer === '/where')?.node),
    ...(program === undefined || bound === undefined ? [] : checkBound(bound, program, world)),
    ...checkAdvice(rule),
  ]
  const tested = program === undefined || found.some(isError) ? [] : failedTests(rule, program, world)
  return { rule, diagnostics: errorsFirst([...found, ...tested]), bound }
}

/** With the horizons of the rules whose matches it reads. */
function chained(rule: Rule, { others }: World): { readonly horizonMicros?: number } {
  const lets = Object.values(rule.let ?? {})
  const isReader =
    streamsOf(rule).includes('match') || lets.some((one) => typeof one !== 'string' && one.on === 'match')
  const horizonMicros = isReader
    ? horizonsOf([rule, ...others.filter(({ id }) => id !== rule.id)]).get(rule.id)
    : undefined
  return horizonMicros === undefined ? {} : { horizonMicros }
}

const errorsFirst = (all: readonly Diagnostic[]): readonly Diagnostic[] => [
  ...all.filter(isError),
  ...all.filter((one) => !isError(one)),
]

function judgeConditions(rule: Rule, { placed, lets }: Analysis): readonly Diagnostic[] {
  const conditions = conditionsOf(rule, placed, lets)
  return [...checkConditions(conditions), ...checkScores(lets), ...checkReach(conditions, lets)]
}

/** E701: the rule does not do what it says it does. */
function failedTests(rule: Rule, program: Program, { runTests }: World): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const { test, expected, got } of runTests?.(rule, program) ?? [])
    wrong(
      diagnostics,
      pointerTo('/tests', test),
      `The test "${rule.tests?.[test]?.name ?? test}" expects ${expected}, but got ${got}.`,
      'E701',
    )
  return diagnostics
}

/** Each rule against the others of the set, and all together; pointers begin with `/rules/N` or `/shadow/N`. */
export type SetVerdict = { readonly diagnostics: readonly Diagnostic[]; readonly bytes: number }

/** Of the world only what is the same for all rules counts: versions and the active rule do not. Never throws. */
export function validateRuleSet(document: unknown, world: World): SetVerdict {
  const read = readRuleSet(document)
  if ('diagnostics' in read) return { diagnostics: read.diagnostics, bytes: 0 }
  const { rules, shadow } = read.set
  const order = orderOf(rules)
  // of a cycle is told once, for the set
  const others = 'order' in order ? rules : []
  const judge = (rule: Rule, at: string) => {
    const { diagnostics, bound } = judged(rule, { ...world, others, versions: undefined, active: undefined })
    return {
      bytes: bound?.bytes ?? 0,
      diagnostics: diagnostics.map((one) => ({ ...one, pointer: `${at}${one.pointer}` })),
    }
  }
  const all = [
    ...rules.map((rule, index) => judge(rule, pointerTo('/rules', index))),
    ...shadow.map((rule, index) => judge(rule, pointerTo('/shadow', index))),
  ]
  const diagnostics = all.flatMap((one) => one.diagnostics)
  if ('cycle' in order && order.cycle.length > 1)
    wrong(
      diagnostics,
      '/rules',
      `These rules read each other's matches: ${[...order.cycle, order.cycle[0]].join(' → ')}. Let one of them ask for others, by type or ruleId.`,
      'E207',
    )
  return { diagnostics: errorsFirst(diagnostics), bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) }
}
