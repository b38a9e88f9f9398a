import { canonicalJson } from '../../canonical-json.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { pointerTo } from '../diagnostic.ts'
import type { Aggregate, Pattern, Rule, RuleSet, Step } from '../document.ts'
import { RULE } from './read.ts'
import { list, object, wrong } from './shape.ts'

export type ReadRuleSet = { readonly set: RuleSet } | { readonly diagnostics: readonly Diagnostic[] }

/** What a Control tick may carry; 400 kB of documents are far fewer. */
const MOST_RULES = 10_000

const RULES = list('rules', RULE, { least: 0, most: MOST_RULES })
const SET = object('a rule set', { rules: RULES, shadow: RULES }, {})

/** The document 'rules' of a Control tick. Rules that are not sorted by id, or stand twice, are refused. Never throws. */
export function readRuleSet(document: unknown): ReadRuleSet {
  const diagnostics: Diagnostic[] = []
  if (!SET(document, '', diagnostics)) return { diagnostics }
  return inOrder(document.rules, '/rules', diagnostics) && inOrder(document.shadow, '/shadow', diagnostics)
    ? { set: document }
    : { diagnostics }
}

const inOrder = (rules: readonly Rule[], at: string, problems: Diagnostic[]): boolean =>
  rules
    .map((rule, index) => {
      const before = rules[index - 1]
      const follows = before === undefined || before.id < rule.id
      return follows || wrong(problems, pointerTo(at, index), `"${rule.id}" must stand once, after all lesser ids.`)
    })
    .every(Boolean)

/**
 * The one text of a rule, defaults filled in (rules.md section 1): rules of one text are the same. `enabled` and `tests` count
 * too, since a version never changes.
 */
export function canonicalRule(rule: Rule): string {
  const { emit, pattern, on } = rule
  return canonicalJson({
    scope: 'asset',
    renew: '1h',
    onUpdate: 'warm',
    ...(pattern === undefined ? { edge: 'rising' } : {}),
    ...rule,
    on: typeof on === 'string' ? [on] : on,
    let: Object.fromEntries(Object.entries(rule.let ?? {}).map(([name, one]) => [name, filledLet(one)])),
    ...(pattern === undefined ? {} : { pattern: filledPattern(pattern) }),
    emit: { fields: {}, alert: false, ...emit, evidence: { events: 0, inputs: false, ...emit.evidence } },
  })
}

const filledLet = (one: Aggregate | string): Aggregate | string =>
  typeof one === 'string' ? one : { lag: 0, ...(one.agg === 'ema' ? { seed: 'first' } : {}), ...one }

const filledPattern = (pattern: Pattern): Pattern => ({
  skip: 'to-next',
  maxPartials: 64,
  onTimeout: false,
  ...pattern,
  steps: pattern.steps.map(filledStep),
})

function filledStep(step: Step): Step {
  if ('not' in step) return { ...step, not: { follow: 'followed', ...step.not } }
  if ('any' in step || 'all' in step) return step
  const { follow = 'followed', times = 1 } = step
  return {
    inner: follow,
    greedy: false,
    optional: false,
    ...step,
    follow,
    times: typeof times === 'number' ? [times, times] : times,
  }
}
