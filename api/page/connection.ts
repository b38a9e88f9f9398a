import { readAlertMessage, type AlertMessage } from './alerts.ts'
import { readMessage, type Message } from './messages.ts'
import { readSignalMessage, type SignalMessage } from './signals.ts'
import { retryDelayMs } from './retry.ts'

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly retryMs: number }
  /** The server wants a key, and the one it was shown, if any, is not known. */
  | { readonly kind: 'refused' }

/** A connection that lasted this long was a good one: the next failure starts from the short delay again. */
const GOOD_MS = 10_000
const UNAUTHORIZED = 4401

export type Connection = {
  /** Leaves the socket there is, and connects at once: with another key, or without. */
  again(): void
}

/** Keeps a socket to the server and subscribes to everything; never gives up, but waits for a key where one is needed. */
export function connect(
  key: () => string | undefined,
  onMessage: (message: Message) => void,
  onSignals: (message: SignalMessage) => void,
  onAlerts: (message: AlertMessage) => void,
  onState: (state: ConnectionState) => void,
): Connection {
  let attempt = 0
  let timer = 0
  let current: WebSocket | undefined

  const open = (): void => {
    clearTimeout(timer)
    onState({ kind: 'connecting' })
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`)
    current = socket
    let openedAt = Number.NaN
    socket.addEventListener('open', () => {
      openedAt = Date.now()
      const secret = key()
      if (secret !== undefined) socket.send(JSON.stringify({ type: 'auth', key: secret }))
      socket.send(JSON.stringify({ type: 'subscribe_prices' }))
      socket.send(JSON.stringify({ type: 'subscribe_signals' }))
      socket.send(JSON.stringify({ type: 'subscribe_alerts' }))
    })
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string' || current !== socket) return
      // Its state is called a snapshot, as that of prices is.
      const alerts = readAlertMessage(data)
      if (alerts !== undefined) return onAlerts(alerts)
      const message = readMessage(data)
      if (message === undefined) {
        const signals = readSignalMessage(data)
        if (signals !== undefined) onSignals(signals)
        return
      }
      if (message.type === 'snapshot') onState({ kind: 'open' })
      onMessage(message)
    })
    socket.addEventListener('close', ({ code }) => {
      if (current !== socket) return
      if (code === UNAUTHORIZED) return onState({ kind: 'refused' })
      attempt = Date.now() - openedAt > GOOD_MS ? 0 : attempt + 1
      const retryMs = retryDelayMs(attempt, Math.random())
      onState({ kind: 'closed', retryMs })
      timer = setTimeout(open, retryMs)
    })
  }
  open()
  return {
    again() {
      const before = current
      attempt = 0
      open()
      before?.close()
    },
  }
}
