import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Micros } from '../../core/time.ts'
import { NOTHING, type Books, type Dialect, type Reply } from './dialect.ts'
import { BEAT_MS, beat } from './beat.ts'
import { DIALECTS } from './dialects/all.ts'
import type { Book } from './book.ts'
import { openBooks, type Lasting } from './lasting.ts'
import { retryAfterSeconds, type Ledger, type Verdict } from './limits.ts'
import { isListening, type Connection, type Outbox } from './outbox.ts'
import { answerPast } from './rest/serve.ts'

const CLOSE_DEADLINE_MS = 500

/** The sockets of all simulated exchanges. */
export type ExchangeServer = {
  readonly port: number
  readonly connections: ReadonlySet<Connection>
  /** Heartbeats, pings and the ends of connections that do not do their part, each second; to be called more often. */
  beatIfDue(): void
  /** When the first client connected; `undefined` before. */
  firstClientAtMs(): number | undefined
  stop(): Promise<void>
}

type Site = { readonly dialect: Dialect; readonly books: readonly Book[]; readonly byName: Books }

export type ServerDeps = {
  readonly books: readonly Book[]
  readonly outbox: Outbox
  readonly port: number
  readonly ledger: Ledger
  readonly lasting: Lasting
  readonly now: () => Micros
  /** How many trades of a symbol REST knows. */
  readonly keeps: number | undefined
}

/** Serves each exchange of `books` below its own name: sockets, the list of instruments, past trades. */
export async function serveExchanges({
  books,
  outbox,
  port,
  ledger,
  lasting,
  now,
  keeps,
}: ServerDeps): Promise<ExchangeServer> {
  const nowMs = (): number => now() / 1000
  const connections = new Set<Connection>()
  const sites = sitesOf(books)
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: 1024 * 1024,
  })
  let firstClientAtMs: number | undefined
  let ids = 0

  const rest = {
    ledger,
    keeps,
    note: (kind: string, details: Readonly<Record<string, unknown>>) => outbox.note(kind, details),
  }
  const http = createServer((request, response) => {
    const { pathname } = addressOf(request)
    const site = sites.find(({ dialect }) => pathname.startsWith(`/${dialect.exchange}/`))
    if (site === undefined || !answerPast(site, rest, request, response)) answerList(sites, request, response, now())
  })
  http.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    const { pathname, searchParams } = addressOf(request)
    const site = sites.find(({ dialect }) => pathname === socketPath(dialect))
    // A client that is gone before it was served is no error of ours.
    raw.on('error', () => undefined)
    if (site === undefined) return raw.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
    firstClientAtMs ??= nowMs()
    const { exchange } = site.dialect
    const address = request.socket.remoteAddress ?? ''
    const refusal = lasting.handshakes.get(exchange) ?? refusedBy(ledger.connect(exchange, address, nowMs()))
    if (refusal === undefined)
      return sockets.handleUpgrade(request, raw, head, (socket) => admit(site, socket, raw, searchParams, address))
    const { status, retryAfterS } = refusal
    outbox.note('refused', { exchange, status, retryAfterS })
    const retryAfter = retryAfterS === undefined ? '' : `Retry-After: ${retryAfterS}\r\n`
    return raw.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${retryAfter}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    )
  })

  function admit(
    { dialect, byName }: Site,
    socket: WebSocket,
    raw: Duplex,
    query: URLSearchParams,
    address: string,
  ): void {
    const openedAtMs = nowMs()
    ids += 1
    const connection: Connection = {
      id: ids,
      dialect,
      socket,
      raw,
      openedAtMs,
      lastTrades: new Map(),
      lastTradeSymbol: undefined,
      subscription: NOTHING,
      sequence: 0,
      stalledUntilMs: 0,
      pongs: false,
      ahead: 0,
      address,
      messages: [],
      activeAtMs: openedAtMs,
      pongAtMs: openedAtMs,
      beats: 0,
      idle: true,
    }
    const answer = ({ subscription, frames }: Reply): void => {
      connection.subscription = subscription
      for (const frame of frames) outbox.reply(connection, frame, 'reply')
    }
    socket.on('error', () => socket.terminate())
    socket.on('ping', (payload) => {
      if (isListening(connection) || connection.pongs) socket.pong(payload)
    })
    socket.on('pong', () => {
      connection.pongAtMs = nowMs()
    })
    socket.on('message', (content: Buffer) => {
      if (!isListening(connection)) return
      connection.activeAtMs = nowMs()
      const text = content.toString()
      if (dialect.isCounted?.(text) !== false && !ledger.message(dialect.exchange, connection.messages, nowMs()))
        return refuseMessage(connection)
      answer(dialect.receive(connection.subscription, text, openBooks(lasting, dialect.exchange, byName), now()))
    })
    socket.on('close', (code) => {
      connections.delete(connection)
      outbox.note('closed', { exchange: dialect.exchange, connection: connection.id, code })
    })
    outbox.note('opened', { exchange: dialect.exchange, connection: connection.id })
    connections.add(connection)
    answer(dialect.open(query, openBooks(lasting, dialect.exchange, byName), connection.id))
  }

  /** More messages than the exchange allows on a connection: its words for it, or the end of the connection. */
  function refuseMessage(connection: Connection): void {
    const { dialect, subscription, socket, address, id } = connection
    const { frame, close } = dialect.tooMany(subscription)
    outbox.note('too-many-messages', { exchange: dialect.exchange, connection: id, closed: close !== undefined })
    if (frame !== undefined) outbox.reply(connection, frame, 'reply')
    if (close === undefined) return
    ledger.offence(dialect.exchange, address, nowMs())
    socket.close(close.code, close.reason)
  }

  let nextBeatMs = nowMs() + BEAT_MS
  function beatIfDue(): void {
    const time = nowMs()
    if (time < nextBeatMs) return
    nextBeatMs = Math.max(nextBeatMs + BEAT_MS, time)
    for (const connection of connections) beat(connection, outbox, time)
  }

  await listen(http, port)
  const address = http.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    connections,
    beatIfDue,
    firstClientAtMs: () => firstClientAtMs,
    async stop() {
      const closed = new Promise((resolve) => http.close(resolve))
      for (const { socket } of connections) socket.close(1001)
      const deadline = setTimeout(() => {
        for (const { socket } of connections) socket.terminate()
        http.closeAllConnections()
      }, CLOSE_DEADLINE_MS)
      await closed
      clearTimeout(deadline)
    },
  }
}

const refusedBy = (
  verdict: Verdict,
): { readonly status: number; readonly retryAfterS: number | undefined } | undefined =>
  verdict.kind === 'allowed'
    ? undefined
    : { status: verdict.status, retryAfterS: retryAfterSeconds(verdict.retryAfterMs) }

const sitesOf = (books: readonly Book[]): readonly Site[] =>
  Object.values(DIALECTS).flatMap((dialect) => {
    const own = books.filter(({ instrument }) => instrument.exchange === dialect.exchange)
    const byName = new Map(own.map((book): [string, Book] => [dialect.nativeSymbol(book.instrument), book]))
    return own.length === 0 ? [] : [{ dialect, books: own, byName }]
  })

function answerList(sites: readonly Site[], request: IncomingMessage, response: ServerResponse, now: Micros): void {
  const { pathname } = addressOf(request)
  const site = sites.find(({ dialect }) => pathname === `/${dialect.exchange}${dialect.listPath}`)
  if (site === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(site.dialect.list(site.books, now))
}

const socketPath = ({ exchange, socketPath: path }: Dialect): string => `/${exchange}${path === '/' ? '' : path}`

/** Address without a slash at its end. */
function addressOf(request: IncomingMessage): { readonly pathname: string; readonly searchParams: URLSearchParams } {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator')
  return { pathname: pathname.replace(/\/$/, ''), searchParams }
}

const listen = (http: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', resolve)
  })
