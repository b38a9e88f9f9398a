/**
 * Times and values, oldest first, as one array of doubles that is written round and round: nothing is moved and nothing
 * allocated until it is full. Plain data, changed in place.
 */
export type DoubleRing = {
  /** Time and value by turns; its half is a power of two. */
  pairs: number[]
  head: number
  count: number
}

const LEAST = 8

export const emptyDoubleRing = (): DoubleRing => ({ pairs: doubles(2 * LEAST), head: 0, count: 0 })

/** Zeros in the form in which V8 keeps doubles unboxed; NaN is what makes it do so from the first on. */
export function doubles(length: number): number[] {
  const made = [Number.NaN]
  while (made.length < length) made.push(0)
  made[0] = 0
  return made
}

/** The same numbers in that form; an array that was read from a snapshot boxes each. */
export function unboxed(numbers: readonly number[]): number[] {
  const made = doubles(numbers.length)
  for (let index = 0; index < numbers.length; index++) made[index] = numbers[index] ?? 0
  return made
}

export function pushPair(ring: DoubleRing, time: number, value: number): void {
  if (2 * ring.count === ring.pairs.length) grow(ring)
  const { pairs } = ring
  const index = (2 * (ring.head + ring.count)) & (pairs.length - 1)
  pairs[index] = time
  pairs[index + 1] = value
  ring.count++
}

/** Lets go of what is not after `start`; how many that were. */
export function dropPairs(ring: DoubleRing, start: number): number {
  const { pairs } = ring
  const mask = pairs.length - 1
  let { head, count } = ring
  while (count > 0 && (pairs[2 * head] ?? 0) <= start) {
    head = (2 * head + 2) & mask
    head /= 2
    count--
  }
  const dropped = ring.count - count
  ring.head = head
  ring.count = count
  return dropped
}

function grow(ring: DoubleRing): void {
  const { pairs, head, count } = ring
  const made = doubles(2 * pairs.length)
  for (let index = 0; index < 2 * count; index++) made[index] = pairs[(2 * head + index) & (pairs.length - 1)] ?? 0
  ring.pairs = made
  ring.head = 0
}
