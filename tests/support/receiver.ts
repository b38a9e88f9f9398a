import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { once } from 'node:events'

export type Arrived = {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Receiver = {
  readonly url: string
  readonly port: number
  /** What arrived whole, in its order. */
  readonly arrived: readonly Arrived[]
  /** Connections that were opened. */
  readonly connections: () => number
  close(): Promise<void>
}

/** A server of this machine that notes what it is sent; `answer` says what it does then, by how many came before. */
export async function startReceiver(
  answer: (response: ServerResponse, nth: number, arrived: Arrived) => unknown = (response) => void response.end('ok'),
): Promise<Receiver> {
  const arrived: Arrived[] = []
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url: path, headers } = request
      const one = { method, path, headers, body: Buffer.concat(chunks).toString() }
      arrived.push(one)
      answer(response, arrived.length - 1, one)
    })
  })
  server.on('connection', () => void (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    arrived,
    connections: () => connections,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
