import type { Tick } from './tick.ts'

/** Highest ordinal seen per session of one partition; keys by {@link sessionKey}. */
export type TickSieve = ReadonlyMap<string, number>

/** A session's key in a sieve. */
export const sessionKey = (tick: Pick<Tick, 'exchange' | 'session'>): string => `${tick.exchange}/${tick.session}`

/**
 * The tick sieve: splits one partition's records, in log order, into fresh ones and repeats.
 *
 * A record whose ordinal is not above its session's highest in that partition is a repeat (a late or doubled batch of a
 * producer). `memory` is not changed: the caller adopts `seen` once the effect of `fresh` is durable.
 */
export function sift<Item extends { readonly tick: Tick }>(
  memory: TickSieve,
  items: readonly Item[],
): { readonly fresh: readonly Item[]; readonly repeats: number; readonly seen: TickSieve } {
  const seen = new Map<string, number>()
  const fresh = items.filter(({ tick }) => {
    const key = sessionKey(tick)
    const highest = seen.get(key) ?? memory.get(key) ?? -1
    if (tick.ordinal <= highest) return false
    seen.set(key, tick.ordinal)
    return true
  })
  return { fresh, repeats: items.length - fresh.length, seen }
}
