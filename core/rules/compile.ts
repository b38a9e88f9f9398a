import type { Diagnostic } from './diagnostic.ts'
import type { Rule } from './document.ts'
import type { Allot, Program } from './program.ts'

export type Compiled = { readonly program: Program } | { readonly diagnostics: readonly Diagnostic[] }

/**
 * The program of a rule, or all that is wrong with it (E… only; warnings and what concerns other rules: validate.ts). `allot` is
 * asked once for each source of an aggregate, also of a rule that turns out wrong. Never throws.
 */
export function compileRule(_rule: Rule, _allot: Allot): Compiled {
  return {
    diagnostics: [
      { code: 'E201', pointer: '', from: undefined, to: undefined, message: 'Rules are not compiled yet.' },
    ],
  }
}
