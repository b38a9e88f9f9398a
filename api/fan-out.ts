import type { Micros } from '../core/time.ts'
import { endingOf, type Limits, type Peer } from './hub.ts'

/** Stands for "was sent no state yet". */
const NOTHING = -1

/** What is told: numbered changes, and how a state and changes read to those who want what a filter lets through. */
export type Told<Filter, Change> = {
  /** Number of the newest change. */
  sequence(): number
  /** Ascending; `undefined` if one that may not be left out is no longer kept. */
  since(sequence: number): readonly Change[] | undefined
  /** Equal for filters that let the same through, so that their clients share one serialised message. */
  keyOf(filter: Filter): string
  state(filter: Filter, now: Micros): Buffer
  /** `undefined`: nothing of it is wanted. */
  update(changes: readonly Change[], filter: Filter, now: Micros): Buffer | undefined
}

/**
 * Fan-out of changes none of which may be missed. As with prices a client's whole state is the number of the last change it
 * was sent; a client so slow that one would be left out is closed.
 */
export type FanOut<Filter> = {
  /** Sends the state; changes follow with each flush. Replaces the client's earlier subscription. */
  subscribe(peer: Peer, filter: Filter, now: Micros): void
  unsubscribe(peer: Peer): void
  /** Every client is sent the state anew with the next flush. */
  reset(): void
  flush(now: Micros): void
  subscribers(): number
}

export function createFanOut<Filter, Change>(told: Told<Filter, Change>, limits: Limits): FanOut<Filter> {
  const clients = new Map<Peer, Client<Filter>>()
  return {
    subscribe(peer, filter, now) {
      const client: Client<Filter> = { filter, key: told.keyOf(filter), sent: NOTHING, heldSince: undefined }
      clients.set(peer, client)
      // A client that asks again and again without reading gets no second state into its buffer: a flush sends it later.
      if (peer.bufferedAmount() > limits.holdBytes) return
      client.sent = told.sequence()
      peer.send(told.state(filter, now))
    },
    unsubscribe: (peer) => void clients.delete(peer),
    reset() {
      for (const client of clients.values()) client.sent = NOTHING
    },
    subscribers: () => clients.size,
    flush(now) {
      const sequence = told.sequence()
      const shared = new Map<string, Buffer | undefined>()
      for (const [peer, client] of clients) {
        if (client.sent === sequence) continue
        const buffered = peer.bufferedAmount()
        client.heldSince = buffered > limits.holdBytes ? (client.heldSince ?? now) : undefined
        const changes = client.sent === NOTHING ? [] : told.since(client.sent)
        const ending =
          endingOf(buffered, client.heldSince, now, limits) ?? (changes === undefined ? 'behind' : undefined)
        if (ending !== undefined || changes === undefined) {
          clients.delete(peer)
          peer.end(ending ?? 'behind')
          continue
        }
        if (client.heldSince !== undefined) continue
        const key = `${client.sent} ${client.key}`
        if (!shared.has(key)) {
          const { filter } = client
          shared.set(key, client.sent === NOTHING ? told.state(filter, now) : told.update(changes, filter, now))
        }
        const message = shared.get(key)
        client.sent = sequence
        if (message !== undefined) peer.send(message)
      }
    },
  }
}

type Client<Filter> = { readonly filter: Filter; readonly key: string; sent: number; heldSince: Micros | undefined }

/** JSON of each item once, whatever the number of clients and filters; items are never changed. */
export function jsonTexts(): (item: object) => string {
  const texts = new WeakMap<object, string>()
  return (item) => {
    const known = texts.get(item)
    if (known !== undefined) return known
    const text = JSON.stringify(item)
    texts.set(item, text)
    return text
  }
}
