import { WebSocket } from 'ws'
import { fromIso } from '../core/time.ts'
import { now } from '../io/clock.ts'
import { spreadOf, type Spread } from './quantile.ts'

/** A client of `/ws` on the same host that compares the time a frame was received with its own clock. */
export type PushClient = {
  /** Forgets what was measured until now. */
  reset(): void
  result(): { readonly spread: Spread | undefined; readonly prices: number }
  close(): void
}

/** Connects and subscribes to all prices. */
export async function openPushClient(api: string): Promise<PushClient> {
  const socket = new WebSocket(`${api.replace(/^http/, 'ws')}/ws`)
  let durationsMs: number[] = []
  const last = new Map<string, string>()
  socket.on('message', (content: Buffer) => {
    const arrivedAt = now()
    const message: unknown = JSON.parse(content.toString())
    for (const { name, receiveTime } of pricesOf(message)) {
      // A price that only changed its state repeats the time of its last tick.
      const isNew = last.get(name) !== receiveTime
      last.set(name, receiveTime)
      const receivedAt = fromIso(receiveTime)
      if (isNew && receivedAt !== undefined) durationsMs.push((arrivedAt - receivedAt) / 1000)
    }
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.send('{"type":"subscribe_prices"}')
  return {
    reset() {
      durationsMs = []
    },
    result: () => ({ spread: spreadOf(durationsMs), prices: durationsMs.length }),
    close: () => socket.close(),
  }
}

/** Pure: name and time of each price in a message that changes prices; a snapshot is old by nature. */
export function pricesOf(message: unknown): readonly { readonly name: string; readonly receiveTime: string }[] {
  if (!isObject(message) || message['type'] !== 'price_update' || !Array.isArray(message['prices'])) return []
  return message['prices'].flatMap((price: unknown) => {
    if (!isObject(price)) return []
    const { exchange, symbol, receiveTime } = price
    return typeof exchange === 'string' && typeof symbol === 'string' && typeof receiveTime === 'string'
      ? [{ name: `${exchange} ${symbol}`, receiveTime }]
      : []
  })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
