import type { Arithmetic } from './arithmetic.ts'
import type { Item } from './item.ts'

/** Sums by hop (its number since the epoch), the closed ones oldest first. Plain data, changed in place. */
export type Hops = {
  /** The one that is open, and its sum, if anything came. */
  hop: number
  open: object | undefined
  readonly closed: { readonly hop: number; readonly sum: object }[]
}

export type Hopping = {
  readonly lengthMicros: number
  readonly hopMicros: number
}

export const noHops = (): Hops => ({ hop: -1, open: undefined, closed: [] })

/** Closes the hop that has ended, if one has. */
export function closeHop(hops: Hops, now: number, hopMicros: number): void {
  const hop = Math.floor(now / hopMicros)
  if (hop === hops.hop) return
  if (hops.open !== undefined) hops.closed.push({ hop: hops.hop, sum: hops.open })
  hops.open = undefined
  hops.hop = hop
}

/** Lets go of hops before `hop`. */
export function forgetHops({ closed }: Hops, hop: number): void {
  let count = 0
  while (count < closed.length && (closed[count]?.hop ?? hop) < hop) count++
  if (count > 0) closed.splice(0, count)
}

export function addToHop(hops: Hops, { start, add }: Arithmetic, item: Item): void {
  hops.open = add(hops.open ?? start(), item)
}

/** Sum of the hops from `from` to before `end`, merged oldest first; `undefined`: nothing came. */
export function sumOfHops({ closed }: Hops, { merge }: Arithmetic, from: number, end: number): object | undefined {
  let sum: object | undefined
  for (const one of closed)
    if (one.hop >= from && one.hop < end) sum = sum === undefined ? one.sum : merge(sum, one.sum)
  return sum
}
