import { readExpression } from '../expression/read-expression.ts'
import { NOWHERE } from '../expression/operand.ts'
import type { Names, Value } from '../frame.ts'
import { NO_STEPS } from '../compile/step-names.ts'

/** What a test writes, by the number of the repeat; absent is `undefined`. Or why it means nothing. */
export type Written = { readonly valueOf: (i: number) => Value } | { readonly problem: string }

/**
 * A value of a test's document: a number, text, true, false, null (absent); a text that begins with `=` is an expression, in which
 * `i` counts the repeats from 0 on.
 */
export function written(value: unknown): Written {
  if (typeof value === 'string') return value.startsWith('=') ? computed(value.slice(1)) : { valueOf: () => value }
  if (typeof value === 'number' || typeof value === 'boolean') return { valueOf: () => value }
  return { valueOf: () => undefined }
}

function computed(text: string): Written {
  const at = { i: 0 }
  const names: Names = {
    ...NO_STEPS,
    named: (name) =>
      name === 'i'
        ? { type: 'number', read: () => at.i }
        : { code: 'E102', message: `\`${name}\` means nothing in a test: there is only \`i\`, which counts repeats` },
  }
  const read = readExpression(text, names)
  if ('problems' in read) return { problem: read.problems[0]?.message ?? 'It means nothing.' }
  const { expression } = read
  return {
    valueOf(i) {
      at.i = i
      const value = expression.read(NOWHERE)
      return Number.isNaN(value) ? undefined : value
    },
  }
}
