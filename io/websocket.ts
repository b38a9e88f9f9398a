import { WebSocket } from 'ws'
import { retryAfterMs } from './retry-after.ts'
import { agentFor, STRAIGHT, type ProxySettings } from './proxy.ts'

const MAX_PAYLOAD = 4 * 1024 * 1024
const HANDSHAKE_MS = 10_000
const PING_MS = 15_000

/** How a socket ended, from a bounded set. `code` is that of a close, `status` that of a refused handshake. */
export type SocketClosing = {
  readonly reason: 'closed' | 'error' | 'refused' | 'oversized'
  readonly detail: string
  readonly code?: number
  readonly status?: number
  readonly retryAfterMs?: number
}

export type SocketEvents = {
  opened(): void
  /** A text frame; of a binary one, which no dialect of ours uses, base64. */
  frame(text: string): void
  pong(): void
  /** Once, unless we terminated it. */
  closed(closing: SocketClosing): void
}

export type Socket = {
  send(text: string): void
  /** At once; not one event comes after it. */
  terminate(): void
}

/**
 * A client's WebSocket to an exchange, hostile until proven otherwise: bounded frames, strict UTF-8, no redirects, no
 * compression. Pings each 15 s; that nobody answers is for the owner to notice.
 */
export function openSocket(url: string, events: SocketEvents, proxy: ProxySettings = STRAIGHT): Socket {
  const socket = new WebSocket(url, {
    maxPayload: MAX_PAYLOAD,
    handshakeTimeout: HANDSHAKE_MS,
    followRedirects: false,
    perMessageDeflate: false,
    agent: agentFor(url, proxy),
  })
  let over = false
  let closing: SocketClosing | undefined
  const ping = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.ping()
  }, PING_MS)
  const end = (last: SocketClosing): void => {
    if (over) return
    over = true
    clearInterval(ping)
    events.closed(last)
  }

  socket.on('open', () => {
    if (!over) events.opened()
  })
  socket.on('message', (data, isBinary) => {
    if (over) return
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
    events.frame(isBinary ? bytes.toString('base64') : bytes.toString('utf8'))
  })
  socket.on('pong', () => {
    if (!over) events.pong()
  })
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode ?? 0
    const { date, 'retry-after': retryAfter } = response.headers
    const askedMs = retryAfterMs({ retryAfter, date }, Date.now())
    request.destroy()
    end({
      reason: 'refused',
      detail: `handshake answered with status ${status}`,
      status,
      ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
    })
  })
  socket.on('error', (error: Error & { readonly code?: string }) => {
    const oversized = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    closing ??= { reason: oversized ? 'oversized' : 'error', detail: error.message }
    // After a protocol error ws starts a closing handshake, which a half-dead peer answers in 30 s.
    if (socket.readyState !== WebSocket.CONNECTING) socket.terminate()
  })
  socket.on('close', (code, reason) => {
    end(closing ?? { reason: 'closed', detail: `closed with code ${code} ${reason.toString('utf8')}`.trimEnd(), code })
  })

  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    terminate() {
      over = true
      clearInterval(ping)
      socket.terminate()
    },
  }
}
