import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A schema registry that forgets: schemas of hidden ids are not there. */
export type RegistryProxy = {
  readonly url: string
  readonly hidden: Set<number>
  stop(): Promise<void>
}

export async function startRegistryProxy(registry: string): Promise<RegistryProxy> {
  const { origin, pathname } = new URL(registry)
  const hidden = new Set<number>()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const id = /\/schemas\/ids\/(\d+)/.exec(path)?.[1]
    if (id !== undefined && hidden.has(Number(id))) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error_code: 40_403, message: 'Schema not found' }))
      return
    }
    void forward(request, `${origin}${path}`, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    hidden,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function forward(request: IncomingMessage, url: string, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const answer = await fetch(url, {
    method: request.method ?? 'GET',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  })
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(await answer.text())
}
