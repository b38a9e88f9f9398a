import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PipelineError } from '../core/errors.ts'

const MAX_CONNECTIONS = 4000
/** Connections on which nothing is asked; the longest silent one makes room for the next. */
const MAX_SILENT = 1000

/** With Node's defaults a client that sends its headers drop by drop holds a connection for 75 s (measured). */
const TIMEOUTS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
} as const

export async function listen(
  app: RequestListener,
  port: number,
  host: string,
  limits: Partial<Record<keyof typeof TIMEOUTS | 'maxSilent', number>> = {},
): Promise<{ server: Server; port: number }> {
  const { maxSilent = MAX_SILENT, ...timeouts } = limits
  const server = createServer({ ...TIMEOUTS, ...timeouts }, app)
  server.maxConnections = MAX_CONNECTIONS
  boundSilent(server, maxSilent)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? new PipelineError('PORT_BUSY', `port ${port} is taken`, { cause }) : cause),
    )
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : port }
}

/**
 * However many connections stand idle, there is room for who asks: a set remembers in which order they fell silent, and
 * beyond the limit the first of them is closed. Browsers open another when they need one.
 */
function boundSilent(server: Server, most: number): void {
  const silent = new Set<Socket>()
  const fallSilent = (socket: Socket): void => {
    if (socket.destroyed) return
    silent.delete(socket)
    silent.add(socket)
    const [first] = silent
    if (silent.size <= most || first === undefined) return
    silent.delete(first)
    first.destroy()
  }
  server.on('connection', (socket) => {
    socket.once('close', () => silent.delete(socket))
    fallSilent(socket)
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket)
    response.once('finish', () => fallSilent(socket))
  })
  server.on('upgrade', ({ socket }: IncomingMessage) => silent.delete(socket))
}

/** Stops accepting, lets running requests end for at most `deadlineMs`. */
export async function closeServer(server: Server, deadlineMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(timer)
}
