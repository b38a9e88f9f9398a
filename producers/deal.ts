import type { Adapter, Instrument } from './adapter.ts'
import { sockets } from './sockets.ts'

/**
 * Deals what is wanted to sockets that run already: each keeps what it has and is still wanted, those with room take what
 * is new, in order, and what is left over goes to new sockets at the end. An empty one is to be closed.
 */
export function deal(
  running: readonly (readonly Instrument[])[],
  wanted: readonly Instrument[],
  adapter: Pick<Adapter, 'connect' | 'limits'>,
): readonly (readonly Instrument[])[] {
  const held = new Set(running.flat().map(nameOf))
  const names = new Set(wanted.map(nameOf))
  const dealt = running.map((socket) => socket.filter((one) => names.has(nameOf(one))))
  const left: Instrument[] = []
  for (const one of wanted) {
    if (held.has(nameOf(one))) continue
    const index = dealt.findIndex((socket) => socket.length > 0 && sockets([...socket, one], adapter).length === 1)
    const socket = dealt[index]
    if (socket === undefined) left.push(one)
    else dealt[index] = [...socket, one]
  }
  return [...dealt, ...sockets(left, adapter)]
}

/** A symbol that stands for another instrument now is another one. */
const nameOf = ({ symbol, nativeSymbol }: Instrument): string => `${symbol} ${nativeSymbol}`
