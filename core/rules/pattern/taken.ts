import type { Taken } from '../frame.ts'

/** Reads a field or captured value of an event taken; NaN is absent. */
export type OfTaken = (taken: Taken) => number

/** The newest event that the step of this name took, or the one `nth` before it. */
export function lastTaken(taken: Taken | undefined, name: number, nth = 0): Taken | undefined {
  let left = nth
  for (let one = taken; one !== undefined; one = one.before) {
    if (one.name !== name) continue
    if (left === 0) return one
    left--
  }
  return undefined
}

/** The first event that the step of this name took, or the one `nth` after it. */
export function firstTaken(taken: Taken | undefined, name: number, nth = 0): Taken | undefined {
  return lastTaken(taken, name, countTaken(taken, name) - 1 - nth)
}

export function countTaken(taken: Taken | undefined, name: number): number {
  let count = 0
  for (let one = taken; one !== undefined; one = one.before) if (one.name === name) count++
  return count
}

/** Added oldest first; 0 over no events, absent (NaN) if one of the values is. */
export function sumTaken(taken: Taken | undefined, name: number, of: OfTaken): number {
  const values: number[] = []
  for (let one = taken; one !== undefined; one = one.before) if (one.name === name) values.push(of(one))
  let sum = 0
  for (let i = values.length - 1; i >= 0; i--) sum += values[i] ?? NaN
  return Number.isFinite(sum) ? sum : NaN
}

/** Absent (NaN) over no events, or if one of the values is. */
export function meanTaken(taken: Taken | undefined, name: number, of: OfTaken): number {
  return sumTaken(taken, name, of) / countTaken(taken, name)
}

/** Absent (NaN) over no events, or if one of the values is. */
export function minTaken(taken: Taken | undefined, name: number, of: OfTaken): number {
  let least = NaN
  let isFirst = true
  for (let one = taken; one !== undefined; one = one.before) {
    if (one.name !== name) continue
    least = isFirst ? of(one) : Math.min(least, of(one))
    isFirst = false
  }
  return least
}

/** Absent (NaN) over no events, or if one of the values is. */
export function maxTaken(taken: Taken | undefined, name: number, of: OfTaken): number {
  return -minTaken(taken, name, (one) => -of(one))
}
