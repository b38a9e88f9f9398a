import { toIso, type Micros } from '../core/time.ts'
import { LIMITS, endingOf, type Limits, type Peer } from './hub.ts'
import type { SignalBoard, SignalChange } from './signal-board.ts'
import { fits, signalFilterKey, type Signal, type SignalFilter } from './signal.ts'

/** Stands for "was sent no state yet". */
const NOTHING = -1

/**
 * Fan-out of signals. As with prices a client's whole state is the number of the last change it was sent; what it missed
 * meanwhile comes conflated, but no beginning and no end is left out: a client so slow that one would be is closed.
 */
export type SignalHub = {
  /** Sends the open ones; changes follow with each flush. Replaces the client's earlier subscription. */
  subscribe(peer: Peer, filter: SignalFilter, now: Micros): void
  unsubscribe(peer: Peer): void
  /** Every client is sent the state anew with the next flush. */
  reset(): void
  flush(now: Micros): void
  subscribers(): number
}

export function createSignalHub(board: SignalBoard, source: string, limits: Limits = LIMITS): SignalHub {
  const clients = new Map<Peer, Client>()
  const texts = new WeakMap<Signal, string>()

  const textOf = (signal: Signal): string => {
    const known = texts.get(signal)
    if (known !== undefined) return known
    const text = JSON.stringify(signal)
    texts.set(signal, text)
    return text
  }
  const frame = (isSnapshot: boolean, signals: readonly Signal[], now: Micros): Buffer => {
    const time = toIso(now)
    const head = {
      type: 'arbitrage_signal',
      channel: 'signals',
      snapshot: isSnapshot,
      sequence: board.sequence(),
      time,
      source,
    }
    return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"signals":[${signals.map(textOf).join(',')}]}`)
  }
  /** `undefined`: nothing of it is wanted. */
  const update = (changes: readonly SignalChange[], filter: SignalFilter, now: Micros): Buffer | undefined => {
    const wanted = changes.flatMap(({ signal }) => (fits(filter, signal) ? [signal] : []))
    return wanted.length === 0 ? undefined : frame(false, wanted, now)
  }
  const state = (filter: SignalFilter, now: Micros): Buffer =>
    frame(
      true,
      board.open().filter((signal) => fits(filter, signal)),
      now,
    )

  return {
    subscribe(peer, filter, now) {
      const client: Client = { filter, key: signalFilterKey(filter), sent: NOTHING, heldSince: undefined }
      clients.set(peer, client)
      // A client that asks again and again without reading gets no second state into its buffer: a flush sends it later.
      if (peer.bufferedAmount() > limits.holdBytes) return
      client.sent = board.sequence()
      peer.send(state(filter, now))
    },
    unsubscribe: (peer) => void clients.delete(peer),
    reset() {
      for (const client of clients.values()) client.sent = NOTHING
    },
    subscribers: () => clients.size,
    flush(now) {
      const sequence = board.sequence()
      const shared = new Map<string, Buffer | undefined>()
      for (const [peer, client] of clients) {
        if (client.sent === sequence) continue
        const buffered = peer.bufferedAmount()
        client.heldSince = buffered > limits.holdBytes ? (client.heldSince ?? now) : undefined
        const changes = client.sent === NOTHING ? [] : board.since(client.sent)
        const ending =
          endingOf(buffered, client.heldSince, now, limits) ?? (changes === undefined ? 'behind' : undefined)
        if (ending !== undefined || changes === undefined) {
          clients.delete(peer)
          peer.end(ending ?? 'behind')
          continue
        }
        if (client.heldSince !== undefined) continue
        const key = `${client.sent} ${client.key}`
        if (!shared.has(key))
          shared.set(key, client.sent === NOTHING ? state(client.filter, now) : update(changes, client.filter, now))
        const message = shared.get(key)
        client.sent = sequence
        if (message !== undefined) peer.send(message)
      }
    },
  }
}

type Client = { readonly filter: SignalFilter; readonly key: string; sent: number; heldSince: Micros | undefined }
