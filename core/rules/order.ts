import type { Rule } from './document.ts'

/**
 * `order`: rules after those whose matches they read, ties by id. `reads`: by id, the ids of the rules whose matches it is given;
 * it is given no others, so that a rule's life does not depend on strangers. `cycle`: ids of rules that read each other.
 */
export type Order =
  | { readonly order: readonly Rule[]; readonly reads: ReadonlyMap<string, ReadonlySet<string>> }
  | { readonly cycle: readonly string[] }

/** Who reads whose matches is told by the `type` and `ruleId` that its conditions ask for; by default all others'. */
export function orderOf(rules: readonly Rule[]): Order {
  return { order: rules, reads: new Map() }
}
