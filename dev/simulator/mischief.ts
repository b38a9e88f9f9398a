import type { SimulatedExchange } from './exchanges.ts'
import { fault, type Fault } from './fault-script.ts'
import { createRandom } from './random.ts'

/** What may happen by chance, with how long it lasts. Bans and refused handshakes do not: they would cost minutes. */
const KINDS: readonly (readonly [what: Fault['do'], fields?: Readonly<Record<string, unknown>>])[] = [
  ['disconnect', { code: 1001 }],
  ['disconnect', { code: 1006 }],
  ['disconnect', { code: 1011 }],
  ['stall', { forMs: 8000 }],
  ['mute', { forMs: 3000 }],
  ['duplicate'],
  ['out-of-order'],
  ['sequence-gap'],
  ['late'],
  ['malformed'],
  ['bad-utf8'],
  ['oversized'],
  ['clock', { forMs: 3000 }],
]

/** Pure: faults by chance, so many a minute over all exchanges, for so many minutes; the same seed gives the same. */
export function drawFaults(
  exchanges: readonly SimulatedExchange[],
  seed: number,
  perMinute: number,
  minutes: number,
): readonly Fault[] {
  const random = createRandom(seed)
  const pick = <One>(all: readonly One[]): One | undefined => all[Math.floor(random() * all.length)]
  const faults: Fault[] = []
  for (let i = 0; i < perMinute * minutes; i += 1) {
    const atMs = Math.floor(random() * minutes * 60_000)
    const [what, fields] = pick(KINDS) ?? []
    faults.push(fault.parse({ atMs, exchange: pick(exchanges), do: what, ...fields }))
  }
  return faults.toSorted((one, other) => one.atMs - other.atMs)
}
