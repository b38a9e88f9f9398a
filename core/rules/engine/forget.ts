import type { Micros } from '../../time.ts'
import { forgetKey } from './keys.ts'
import type { Lineup } from './lineup.ts'
import { keysOf, type Space } from './state.ts'

/** Forgets the keys that had no record for the longest horizon of the rules that know them: nothing is left that would matter. */
export function forget({ state, seats }: Lineup, now: Micros): void {
  const horizons = new Map<Space, number>()
  for (const { space, program } of seats) horizons.set(space, Math.max(horizons.get(space) ?? 0, program.horizonMicros))
  for (const space of state.spaces.values()) {
    const oldest = now - (horizons.get(space) ?? 0)
    for (const key of keysOf(space)) {
      if (key.last > oldest) continue
      space.active -= key.active.length
      for (const of of key.rules) if (of !== undefined) of.due = undefined
      forgetKey(space, key)
    }
  }
}
