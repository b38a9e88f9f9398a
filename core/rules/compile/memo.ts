import type { Rule } from '../document.ts'
import type { Expression, Frame } from '../frame.ts'

/** Slots of no key. */
const NONE: readonly object[] = []

/** Computed once for a stamp and key, however often it is asked. Only for what depends on no step. */
export function memoised(expression: Expression): Expression {
  if (expression.ofEvent !== undefined) return expression
  if (expression.type === 'string') return { type: 'string', read: once(expression.read, undefined) }
  if (expression.type === 'bool') return { type: 'bool', read: once(expression.read, undefined) }
  return { type: expression.type, read: once(expression.read, NaN) }
}

function once<T>(read: (frame: Frame) => T, absent: T): (frame: Frame) => T {
  let stamp = -1
  let slots = NONE
  let value = absent
  return (frame) => {
    if (frame.stamp !== stamp || frame.slots !== slots) {
      value = read(frame)
      stamp = frame.stamp
      slots = frame.slots
    }
    return value
  }
}

/** How often a name of `let` stands in the rule's texts, at most: other words that look like it count too. */
export function usesIn(rule: Rule): (name: string) => number {
  const words = JSON.stringify({ ...rule, tests: undefined }).match(/\w+/g) ?? []
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  // once where it is defined
  return (name) => (counts.get(name) ?? 1) - 1
}
