import type { Adapter, Instrument } from './adapter.ts'

/** Every adapter subscribes trades and quotes. */
const SUBSCRIPTIONS_PER_SYMBOL = 2
/** Servers and what stands before them refuse longer addresses (8 kB are usual), long before a documented limit of streams. */
const LONGEST_ADDRESS = 7500

/**
 * Deals instruments to sockets, in their order, so that each stays within what the exchange allows on one connection: its
 * subscriptions, and the length of an address that names them.
 */
export function sockets(
  instruments: readonly Instrument[],
  adapter: Pick<Adapter, 'connect' | 'limits'>,
): readonly (readonly Instrument[])[] {
  const most = Math.max(1, Math.floor((adapter.limits.subscriptionsPerSocket ?? Infinity) / SUBSCRIPTIONS_PER_SYMBOL))
  const dealt: (readonly Instrument[])[] = []
  let socket: readonly Instrument[] = []
  for (const one of instruments) {
    const longer = [...socket, one]
    if (longer.length === 1 || (longer.length <= most && addressLength(adapter, longer) <= LONGEST_ADDRESS)) {
      socket = longer
      continue
    }
    dealt.push(socket)
    socket = [one]
  }
  return socket.length === 0 ? dealt : [...dealt, socket]
}

const addressLength = (adapter: Pick<Adapter, 'connect'>, instruments: readonly Instrument[]): number =>
  adapter.connect(instruments.map(({ nativeSymbol }) => nativeSymbol)).url.length
