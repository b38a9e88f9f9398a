import { MICROS_PER_SECOND, toIso, type Micros } from '../core/time.ts'
import type { Board } from './board.ts'
import { priceItem, type Price } from './price.ts'
import { filterKey, matches, type Filter } from './protocol.ts'

/** Why the server ends a client; the metric's label. */
export type Ending = 'behind' | 'buffer_full'

/** A client's socket as the hub sees it. */
export type Peer = {
  bufferedAmount(): number
  send(frame: Buffer): void
  end(reason: Ending): void
}

export type Limits = {
  /** More bytes than this on the way: hold back, the next message carries the latest of each price. */
  readonly holdBytes: number
  readonly closeBytes: number
  /** Held back for longer than this: close. */
  readonly behindMicros: number
}

export const LIMITS: Limits = {
  holdBytes: 1024 * 1024,
  closeBytes: 4 * 1024 * 1024,
  behindMicros: 10 * MICROS_PER_SECOND,
}

/** Stands for "was sent no snapshot yet": below the number of every change. */
const NOTHING = -1

/**
 * Fan-out with conflation per client.
 *
 * A client's whole state is the number of the last change it was sent, so holding one back costs no memory and the next
 * message brings the latest of each price. Clients with the same filter and number share one serialised message.
 */
export type Hub = {
  /** Sends the snapshot; updates follow with each flush. Replaces the client's earlier subscription. */
  subscribe(peer: Peer, filter: Filter, now: Micros): void
  unsubscribe(peer: Peer): void
  /** Sends every client what changed since its last message; answers how many got one. */
  flush(now: Micros): number
  subscribers(): number
}

export function createHub(board: Board, source: string, limits: Limits = LIMITS): Hub {
  const clients = new Map<Peer, Client>()
  const fragments = new WeakMap<Price, { sequence: number; json: string }>()

  /** A price is serialised once per change, whatever the number of clients and filters. */
  const fragment = (price: Price): string => {
    const known = fragments.get(price)
    if (known !== undefined && known.sequence === price.sequence) return known.json
    const json = JSON.stringify(priceItem(price))
    fragments.set(price, { sequence: price.sequence, json })
    return json
  }
  const frame = (type: 'snapshot' | 'price_update', filter: Filter, since: number, now: Micros): Buffer | undefined => {
    const parts: string[] = []
    for (const price of board.prices())
      if (price.sequence > since && matches(filter, price)) parts.push(fragment(price))
    if (parts.length === 0 && type === 'price_update') return undefined
    const head = { type, channel: 'prices', sequence: board.sequence(), time: toIso(now), source }
    return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"prices":[${parts.join(',')}]}`)
  }

  return {
    subscribe(peer, filter, now) {
      const client: Client = { filter, key: filterKey(filter), sent: NOTHING, heldSince: undefined }
      clients.set(peer, client)
      // A client that asks again and again without reading gets no second snapshot into its buffer: a flush sends it later.
      if (peer.bufferedAmount() > limits.holdBytes) return
      client.sent = board.sequence()
      const snapshot = frame('snapshot', filter, NOTHING, now)
      if (snapshot !== undefined) peer.send(snapshot)
    },
    unsubscribe: (peer) => void clients.delete(peer),
    subscribers: () => clients.size,
    flush(now) {
      const sequence = board.sequence()
      const shared = new Map<string, Buffer | undefined>()
      let served = 0
      for (const [peer, client] of clients) {
        if (client.sent === sequence) continue
        const buffered = peer.bufferedAmount()
        client.heldSince = buffered > limits.holdBytes ? (client.heldSince ?? now) : undefined
        const ending = endingOf(buffered, client.heldSince, now, limits)
        if (ending !== undefined) {
          clients.delete(peer)
          peer.end(ending)
        }
        if (client.heldSince !== undefined || ending !== undefined) continue
        const key = `${client.sent} ${client.key}`
        const type = client.sent === NOTHING ? 'snapshot' : 'price_update'
        if (!shared.has(key)) shared.set(key, frame(type, client.filter, client.sent, now))
        const update = shared.get(key)
        client.sent = sequence
        if (update === undefined) continue
        peer.send(update)
        served++
      }
      return served
    },
  }
}

/** Whether a client reads too slowly to be kept. */
export function endingOf(
  bufferedBytes: number,
  heldSince: Micros | undefined,
  now: Micros,
  limits: Limits,
): Ending | undefined {
  if (bufferedBytes > limits.closeBytes) return 'buffer_full'
  return heldSince !== undefined && now - heldSince > limits.behindMicros ? 'behind' : undefined
}

type Client = { readonly filter: Filter; readonly key: string; sent: number; heldSince: Micros | undefined }
