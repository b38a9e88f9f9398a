import { canonicalJson } from '../canonical-json.ts'
import type { Diagnostic } from './diagnostic.ts'
import { pointerTo } from './diagnostic.ts'
import type { Rule, RuleSet } from './document.ts'
import { RULE } from './read.ts'
import { isRecord, list, object, wrong } from './shape.ts'

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

/** What a rule says when it says nothing (rules.md section 1). */
const DEFAULTS = { scope: 'asset', renew: '1h', onUpdate: 'warm' }
const PATTERN_DEFAULTS = { skip: 'to-next', maxPartials: 64, onTimeout: false }

/**
 * The one text of a rule, defaults filled in: rules of one text are the same. `enabled` and `tests` count too, since a version
 * never changes.
 */
export function canonicalRule(rule: Rule): string {
  const body = rule.pattern === undefined ? { edge: rule.edge ?? 'rising' } : {}
  const pattern = isRecord(rule.pattern) ? { pattern: { ...PATTERN_DEFAULTS, ...rule.pattern } } : {}
  return canonicalJson({ ...DEFAULTS, ...body, ...rule, ...pattern })
}
