import type { Expression, Frame } from '../frame.ts'

type Truth = (frame: Frame) => boolean | undefined

/** False if one is false; else absent if one is absent; else true. The order does not matter but for the time it takes. */
export function all(truths: readonly Truth[]): Truth {
  const [a, b, c, d, ...others] = truths
  if (a === undefined) return () => true
  if (b === undefined) return a
  if (c === undefined) return both(a, b)
  if (d === undefined) return three(a, b, c)
  if (others.length > 0) return both(four(a, b, c, d), all(others))
  return four(a, b, c, d)
}

const both =
  (a: Truth, b: Truth): Truth =>
  (frame) => {
    const x = a(frame)
    if (x === false) return false
    const y = b(frame)
    if (y === false) return false
    return x === undefined ? undefined : y
  }

const three =
  (a: Truth, b: Truth, c: Truth): Truth =>
  (frame) => {
    const x = a(frame)
    if (x === false) return false
    const y = b(frame)
    if (y === false) return false
    const z = c(frame)
    if (z === false) return false
    return x === undefined || y === undefined ? undefined : z
  }

const four =
  (a: Truth, b: Truth, c: Truth, d: Truth): Truth =>
  (frame) => {
    const w = a(frame)
    if (w === false) return false
    const x = b(frame)
    if (x === false) return false
    const y = c(frame)
    if (y === false) return false
    const z = d(frame)
    if (z === false) return false
    return w === undefined || x === undefined || y === undefined ? undefined : z
  }

/** True if one is true; else absent if one is absent; else false. */
export const either =
  (a: Truth, b: Truth): Truth =>
  (frame) => {
    const x = a(frame)
    if (x === true) return true
    const y = b(frame)
    if (y === true) return true
    return x === undefined ? undefined : y
  }

export const not =
  (a: Truth): Truth =>
  (frame) => {
    const x = a(frame)
    return x === undefined ? undefined : !x
  }

const whichever =
  <T>(condition: Truth, then: (frame: Frame) => T, other: (frame: Frame) => T, absent: T) =>
  (frame: Frame): T => {
    const x = condition(frame)
    return x === true ? then(frame) : x === false ? other(frame) : absent
  }

/** `condition ? then : other`; `undefined` if the two are of different types. */
export function choose(condition: Truth, then: Expression, other: Expression): Expression | undefined {
  if (then.type === 'string')
    return other.type === 'string'
      ? { type: 'string', read: whichever(condition, then.read, other.read, undefined) }
      : undefined
  if (then.type === 'bool')
    return other.type === 'bool'
      ? { type: 'bool', read: whichever(condition, then.read, other.read, undefined) }
      : undefined
  if (then.type !== other.type) return undefined
  return { type: then.type, read: whichever(condition, then.read, other.read, NaN) }
}
