import { compileRule } from './compile.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Rule } from './document.ts'
import { readRule } from './read.ts'
import { readRuleSet } from './rule-set.ts'
import type { World } from './world.ts'

export type CostClass = 'low' | 'medium' | 'high'

/** What a rule holds at most (rules.md section 11): `bytes` of all its keys in the fullest partition. */
export type Bound = {
  readonly bytesPerKey: number
  readonly keys: number
  readonly bytes: number
  readonly warmUpMicros: number
  readonly horizonMicros: number
  readonly cost: CostClass
}

/** `rule` if the shape is right, `bound` if it compiles; it may be activated if no diagnostic is an error. */
export type Verdict = {
  readonly rule: Rule | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly bound: Bound | undefined
}

/** All that can be said against a rule, at once. Never throws. */
export function validateRule(document: unknown, _world: World): Verdict {
  const read = readRule(document)
  if ('diagnostics' in read) return { rule: undefined, diagnostics: read.diagnostics, bound: undefined }
  const compiled = compileRule(read.rule, () => 0)
  return { rule: read.rule, diagnostics: 'diagnostics' in compiled ? compiled.diagnostics : [], bound: undefined }
}

/** Each rule against the others of the set and the set as a whole; pointers begin with `/rules/N` or `/shadow/N`. */
export type SetVerdict = { readonly diagnostics: readonly Diagnostic[]; readonly bytes: number }

export function validateRuleSet(document: unknown, _world: Omit<World, 'others'>): SetVerdict {
  const read = readRuleSet(document)
  return { diagnostics: 'diagnostics' in read ? read.diagnostics : [], bytes: 0 }
}
