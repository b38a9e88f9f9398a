import type { Expression, Frame } from './frame.ts'

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
