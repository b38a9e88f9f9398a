import type { Origin } from './processor.ts'

/** Highest origin seen of each (processor, input partition) of one output partition; keys by {@link originKey}. */
export type OriginSieve = ReadonlyMap<string, Pick<Origin, 'offset' | 'ordinal'>>

export const originKey = ({ processor, partition }: Pick<Origin, 'processor' | 'partition'>): string =>
  `${processor}/${partition}`

/** Order of the outputs of one (processor, input partition): negative, 0 or positive. */
export const compareOrigins = (a: Pick<Origin, 'offset' | 'ordinal'>, b: Pick<Origin, 'offset' | 'ordinal'>): number =>
  a.offset - b.offset || a.ordinal - b.ordinal

/**
 * The sieve: splits an output partition's records, in log order, into first copies and repeats. A repeat's origin is not
 * above the highest one seen of its (processor, input partition); `version` is not compared, the first copy wins whoever
 * wrote it. `memory` is not changed: the caller adopts `seen` once the effect of `fresh` is durable.
 */
export function siftOrigins<Item extends { readonly origin: Origin }>(
  memory: OriginSieve,
  items: readonly Item[],
): { readonly fresh: readonly Item[]; readonly repeats: number; readonly seen: OriginSieve } {
  const seen = new Map<string, Pick<Origin, 'offset' | 'ordinal'>>()
  const fresh = items.filter(({ origin }) => {
    const key = originKey(origin)
    const highest = seen.get(key) ?? memory.get(key)
    if (highest !== undefined && compareOrigins(origin, highest) <= 0) return false
    seen.set(key, { offset: origin.offset, ordinal: origin.ordinal })
    return true
  })
  return { fresh, repeats: items.length - fresh.length, seen }
}
