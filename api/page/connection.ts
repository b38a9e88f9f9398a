import { readMessage, type Message } from './messages.ts'

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly retryMs: number }

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000
/** A connection that lasted this long was a good one: the next failure starts from the short delay again. */
const GOOD_MS = 10_000

/** Full jitter, so that a thousand pages do not come back in the same moment after a restart of the server. */
export const retryDelayMs = (attempt: number, random: number): number =>
  Math.round(FIRST_RETRY_MS / 2 + random * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))

/** Keeps a socket to the server and subscribes to everything; never gives up. */
export function connect(onMessage: (message: Message) => void, onState: (state: ConnectionState) => void): void {
  let attempt = 0
  const open = (): void => {
    onState({ kind: 'connecting' })
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`)
    let openedAt = Number.NaN
    socket.addEventListener('open', () => {
      openedAt = Date.now()
      socket.send(JSON.stringify({ type: 'subscribe_prices' }))
    })
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? readMessage(data) : undefined
      if (message === undefined) return
      if (message.type === 'snapshot') onState({ kind: 'open' })
      onMessage(message)
    })
    socket.addEventListener('close', () => {
      attempt = Date.now() - openedAt > GOOD_MS ? 0 : attempt + 1
      const retryMs = retryDelayMs(attempt, Math.random())
      onState({ kind: 'closed', retryMs })
      setTimeout(open, retryMs)
    })
  }
  open()
}
