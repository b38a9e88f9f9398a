import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** `pass`; `refuse`: connections are reset; `mute`: they stand, and nothing goes through any more. */
export type ProxyMode = 'pass' | 'refuse' | 'mute'

/** A TCP proxy before one server; a new mode holds for the connections that stand, too. */
export type TcpProxy = { readonly port: number; mode: ProxyMode; connections(): number; stop(): void }

export async function startTcpProxy(target: URL): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, upstream: Socket]>()
  let mode: ProxyMode = 'pass'
  const cut = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [upstream, client] as const])
      from
        .on('data', (chunk) => void (mode === 'pass' && to.write(chunk)))
        .on('error', () => cut(pair))
        .on('close', () => cut(pair))
    if (mode === 'refuse') cut(pair)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get mode() {
      return mode
    },
    set mode(wanted) {
      mode = wanted
      if (mode === 'refuse') for (const pair of pairs) cut(pair)
    },
    connections: () => pairs.size,
    stop() {
      server.close()
      for (const pair of pairs) cut(pair)
    },
  }
}
