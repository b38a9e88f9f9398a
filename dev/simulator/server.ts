import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { now } from '../../io/clock.ts'
import { NOTHING, type Books, type Dialect, type Reply } from './dialect.ts'
import { DIALECTS } from './dialects/all.ts'
import type { Book } from './book.ts'
import { createLedger, LIMITS, type Ledger } from './limits.ts'
import { isListening, type Connection, type Outbox } from './outbox.ts'
import { answerPast } from './rest/serve.ts'

const BEAT_MS = 1000
const CLOSE_DEADLINE_MS = 500

/** The sockets of all simulated exchanges. */
export type ExchangeServer = {
  readonly port: number
  readonly connections: ReadonlySet<Connection>
  /** When the first client connected; `undefined` before. */
  firstClientAtMs(): number | undefined
  stop(): Promise<void>
}

type Site = { readonly dialect: Dialect; readonly books: readonly Book[]; readonly byName: Books }

/** Whose limits hold, and how many trades of a symbol REST knows. */
type RestOptions = { readonly ledger?: Ledger; readonly keeps?: number | undefined }

/** Serves each exchange of `books` below its own name: sockets, the list of instruments, past trades. */
export async function serveExchanges(
  books: readonly Book[],
  outbox: Outbox,
  port: number,
  { ledger = createLedger(LIMITS), keeps }: RestOptions = {},
): Promise<ExchangeServer> {
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

  const rest = { ledger, keeps, note: (kind: string, details: Readonly<Record<string, unknown>>) => outbox.note(kind, details) }
  const http = createServer((request, response) => {
    const { pathname } = addressOf(request)
    const site = sites.find(({ dialect }) => pathname.startsWith(`/${dialect.exchange}/`))
    if (site === undefined || !answerPast(site, rest, request, response)) answerList(sites, request, response)
  })
  http.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    const { pathname, searchParams } = addressOf(request)
    const site = sites.find(({ dialect }) => pathname === socketPath(dialect))
    // A client that is gone before it was served is no error of ours.
    raw.on('error', () => undefined)
    if (site === undefined) return raw.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
    return sockets.handleUpgrade(request, raw, head, (socket) => admit(site, socket, raw, searchParams))
  })

  function admit({ dialect, byName }: Site, socket: WebSocket, raw: Duplex, query: URLSearchParams): void {
    const openedAtMs = Date.now()
    firstClientAtMs ??= openedAtMs
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
      if (isListening(connection)) socket.pong(payload)
    })
    socket.on('pong', () => {
      connection.pongAtMs = Date.now()
    })
    socket.on('message', (content: Buffer) => {
      if (isListening(connection)) answer(dialect.receive(connection.subscription, content.toString(), byName, now()))
    })
    socket.on('close', (code) => {
      connections.delete(connection)
      outbox.note('closed', { exchange: dialect.exchange, connection: connection.id, code })
    })
    outbox.note('opened', { exchange: dialect.exchange, connection: connection.id })
    connections.add(connection)
    answer(dialect.open(query, byName, connection.id))
  }

  const beats = setInterval(() => {
    for (const connection of connections) beat(connection, outbox)
  }, BEAT_MS)

  await listen(http, port)
  const address = http.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    connections,
    firstClientAtMs: () => firstClientAtMs,
    async stop() {
      clearInterval(beats)
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

/** What is due each second on a connection: heartbeat, ping, and the end of one that does not do its part. */
function beat(connection: Connection, outbox: Outbox): void {
  const { dialect, socket, openedAtMs, pongAtMs, subscription } = connection
  if (!isListening(connection)) return
  const aged = Date.now() - openedAtMs
  if (dialect.ping !== undefined) {
    const { everyMs, withinMs } = dialect.ping
    if (aged % everyMs < BEAT_MS && aged >= BEAT_MS) socket.ping(String(Date.now()))
    if (Date.now() - pongAtMs > everyMs + withinMs) return socket.close(1008, 'Pong timeout')
  }
  const isMute = subscription.trades.size + subscription.quotes.size === 0 && !subscription.heartbeats
  if (dialect.subscribeWithinMs !== undefined && isMute && aged > dialect.subscribeWithinMs) return socket.close(1008)
  connection.beats += 1
  const frame = dialect.heartbeat(subscription, connection.beats, connection.idle)
  if (frame !== undefined) outbox.reply(connection, frame, 'heartbeat')
  connection.idle = true
}

const sitesOf = (books: readonly Book[]): readonly Site[] =>
  Object.values(DIALECTS).flatMap((dialect) => {
    const own = books.filter(({ instrument }) => instrument.exchange === dialect.exchange)
    const byName = new Map(own.map((book): [string, Book] => [dialect.nativeSymbol(book.instrument), book]))
    return own.length === 0 ? [] : [{ dialect, books: own, byName }]
  })

function answerList(sites: readonly Site[], request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = addressOf(request)
  const site = sites.find(({ dialect }) => pathname === `/${dialect.exchange}${dialect.listPath}`)
  if (site === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(site.dialect.list(site.books, now()))
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
