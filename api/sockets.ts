import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { Micros } from '../core/time.ts'
import type { Log } from '../io/log.ts'
import type { Metrics } from '../io/metrics.ts'
import type { Hub, Peer } from './hub.ts'
import { LOCAL, keyOf, keysOf, type Access } from './access.ts'
import type { AlertHub } from './alert-hub.ts'
import type { SignalHub } from './signal-hub.ts'
import type { RefusalReason, Refusals } from './refusals.ts'
import { errorMessage, readRequest, type SocketErrorCode } from './protocol.ts'

const MAX_CLIENTS = 1000
/** Whoever has shown no key yet may not fill the house. */
const MAX_STRANGERS = 100
const AUTH_MS = 5000
/** Browsers cannot read an HTTP status of a refused socket, but they can read this. */
const UNAUTHORIZED = 4401
const MAX_PAYLOAD_BYTES = 64 * 1024
const MESSAGES_PER_SECOND = 10
const PING_MS = 20_000
/** A client that was told 1013 may still drain and read why; then its buffer is given back. */
const FAREWELL_MS = 10_000

export type SocketDeps = {
  readonly hub: Hub
  readonly signals: SignalHub
  readonly alerts: AlertHub
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => Micros
  readonly access?: Access
  readonly refusals?: Pick<Refusals, 'refused'>
  readonly pingMs?: number
  /** How long a client may take to show its key. */
  readonly authMs?: number
}

export type Sockets = { clients(): number; stop(): Promise<void> }

/** The WebSocket side of the server: who may come in, what clients say, who is still there. */
export function serveSockets(server: Server, deps: SocketDeps): Sockets {
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const clients = deps.metrics.gauge('ws_clients', 'WebSocket clients connected')
  const closed = deps.metrics.counter('ws_client_closed_total', 'WebSocket clients gone, by reason', ['reason'])

  const access = deps.access ?? LOCAL
  const strangers = new Set<WebSocket>()

  server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(request, wss.clients.size, access, strangers.size)
    const address = request.socket.remoteAddress ?? ''
    if (refusal?.[0] === 401) deps.refusals?.refused(address, 'wrong_key', '/ws', deps.now())
    if (refusal !== undefined) return refuse(socket, refusal)
    const isStranger = access.keys.length > 0 && request.headers.authorization === undefined
    wss.handleUpgrade(request, socket, head, (client) => welcome(client, isStranger, address))
  })

  function welcome(client: WebSocket, isStranger: boolean, address: string): void {
    let missedPongs = 0
    let reason = 'client'
    let windowStart = 0
    let messages = 0
    clients.set(wss.clients.size)
    const peer: Peer = {
      bufferedAmount: () => client.bufferedAmount,
      send: (frame) => client.send(frame, { binary: false }),
      end: (why) => {
        reason = why
        deps.log.info({ reason, bufferedBytes: client.bufferedAmount }, 'ws_client_closed')
        client.close(1013, 'too slow: reconnect for a fresh snapshot')
        setTimeout(() => client.terminate(), FAREWELL_MS).unref()
      },
    }
    const complain = (code: SocketErrorCode, text: string): void => client.send(errorMessage(code, text))
    const turnAway = (text: string, why: RefusalReason): void => {
      reason = 'unauthorized'
      deps.refusals?.refused(address, why, '/ws', deps.now())
      complain('UNAUTHORIZED', text)
      client.close(UNAUTHORIZED, 'unauthorized')
    }
    const patience = setTimeout(() => {
      if (strangers.has(client)) turnAway('no key came', 'no_key')
    }, deps.authMs ?? AUTH_MS)
    if (isStranger) strangers.add(client)
    const ping = setInterval(() => {
      if (missedPongs >= 2) {
        reason = 'no_pong'
        return client.terminate()
      }
      missedPongs++
      client.ping()
    }, deps.pingMs ?? PING_MS)

    client.on('pong', () => (missedPongs = 0))
    client.on('message', (bytes, isBinary) => {
      // Told to go; what it had sent before that may still come in.
      if (client.readyState !== client.OPEN) return
      const second = Math.floor(deps.now() / 1e6)
      messages = second === windowStart ? messages + 1 : 1
      windowStart = second
      if (messages > MESSAGES_PER_SECOND) {
        reason = 'too_many_messages'
        complain('TOO_MANY_MESSAGES', `more than ${MESSAGES_PER_SECOND} messages a second`)
        return client.close(1008, 'too many messages')
      }
      if (isBinary) return complain('BINARY_MESSAGE', 'messages are JSON text')
      const request = readRequest(textOf(bytes))
      if (request.kind === 'auth') {
        const isKnown = access.keys.length === 0 || keyOf(`Bearer ${request.key}`, keysOf(access)) !== undefined
        return isKnown ? void strangers.delete(client) : turnAway('this key is not known', 'wrong_key')
      }
      if (strangers.has(client)) return turnAway('the first message must be auth with a key', 'no_key')
      if (request.kind === 'subscribe') deps.hub.subscribe(peer, request.filter, deps.now())
      else if (request.kind === 'unsubscribe') deps.hub.unsubscribe(peer)
      else if (request.kind === 'subscribe_signals') deps.signals.subscribe(peer, request.filter, deps.now())
      else if (request.kind === 'unsubscribe_signals') deps.signals.unsubscribe(peer)
      else if (request.kind === 'subscribe_alerts') deps.alerts.subscribe(peer, request.filter, deps.now())
      else if (request.kind === 'unsubscribe_alerts') deps.alerts.unsubscribe(peer)
      else complain(request.code, request.message)
    })
    client.on('error', (error) => {
      reason = 'protocol_error'
      deps.log.info({ err: error }, 'ws_client_failed')
    })
    client.on('close', () => {
      clearInterval(ping)
      clearTimeout(patience)
      strangers.delete(client)
      deps.hub.unsubscribe(peer)
      deps.signals.unsubscribe(peer)
      deps.alerts.unsubscribe(peer)
      clients.set(wss.clients.size)
      closed.labels(reason).inc()
    })
  }

  return {
    clients: () => wss.clients.size,
    async stop() {
      for (const client of wss.clients) client.close(1001, 'server stops')
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          for (const client of wss.clients) client.terminate()
        }, 1000)
        wss.close(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    },
  }
}

type Refusal = readonly [status: number, reason: string]

/**
 * Why a client is not let in. Browsers send an Origin: only pages served under this address, or from an origin of the list,
 * may connect. Without keys that address must be this machine's: a foreign name may be made to point here. A client without
 * an Authorization header (no browser can send one) shows its key in its first message.
 */
export function refusalOf(
  { url, headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  clients: number,
  access: Access = LOCAL,
  strangers = 0,
): Refusal | undefined {
  const { keys, origins } = access
  if (url?.split('?')[0] !== '/ws') return [404, 'Not Found']
  if (clients >= MAX_CLIENTS) return [503, 'Service Unavailable']
  const { origin, host, authorization } = headers
  if (keys.length > 0 && authorization === undefined && strangers >= MAX_STRANGERS) return [503, 'Service Unavailable']
  if (keys.length > 0 && authorization !== undefined && keyOf(authorization, keysOf(access)) === undefined)
    return [401, 'Unauthorized']
  if (origin === undefined || origins.includes(origin)) return undefined
  if (!URL.canParse(origin)) return [403, 'Forbidden']
  const from = new URL(origin)
  const isOurs = keys.length > 0 || /^(127\.0\.0\.1|localhost|\[::1\])$/.test(from.hostname)
  return from.host === host && isOurs ? undefined : [403, 'Forbidden']
}

function refuse(socket: Duplex, [status, reason]: Refusal): void {
  socket.on('error', () => socket.destroy())
  const challenge = status === 401 ? 'www-authenticate: Bearer\r\n' : ''
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${challenge}connection: close\r\ncontent-length: 0\r\n\r\n`)
}

function textOf(bytes: RawData): string {
  if (Array.isArray(bytes)) return Buffer.concat(bytes).toString()
  return bytes instanceof ArrayBuffer ? Buffer.from(bytes).toString() : bytes.toString()
}
