import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTls } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { getJson } from '../../io/http.ts'
import { agentFor, getThrough, isProxy } from '../../io/proxy.ts'
import { openSocket, type SocketClosing } from '../../io/websocket.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})
const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0

/** A CONNECT proxy that knows `exchange.test` as the port given, and writes down what it was asked. */
async function startProxy(port: number, status = 200) {
  const asked: { readonly target: string; readonly login: string | undefined }[] = []
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    asked.push({ target: request.url ?? '', login: request.headers['proxy-authorization'] })
    client.on('error', () => undefined)
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const exchange = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      exchange.write(head)
      exchange.pipe(client).pipe(exchange)
    })
    exchange.on('error', () => client.destroy())
    return undefined
  })
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { url: `http://user:p%40ss@127.0.0.1:${portOf(server.address())}`, asked }
}

/** An exchange: REST and sockets on one port. */
async function startExchange(): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"symbols":["é"]}')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.on('message', (text: Buffer) => socket.send(`echo ${text.toString()}`))
    socket.send('hello')
  })
  cleanups.push(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return portOf(server.address())
}

const never = new AbortController().signal

describe('a proxy', () => {
  test('carries a WebSocket, with its login', async () => {
    const { url, asked } = await startProxy(await startExchange())
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = openSocket(
      'ws://exchange.test:8080/stream?a=b',
      {
        opened: () => socket.send('ours'),
        frame: (text) => (text === 'hello' ? undefined : resolve(text)),
        pong() {},
        closed: ({ detail }) => resolve(detail),
      },
      { proxy: url, noProxy: undefined },
    )
    cleanups.push(() => socket.terminate())
    expect(await promise).toBe('echo ours')
    expect(asked).toEqual([
      { target: 'exchange.test:8080', login: `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
    ])
  })

  test('carries a GET', async () => {
    const { url, asked } = await startProxy(await startExchange())
    const body = await getJson(
      'http://exchange.test/list',
      (one) => one,
      never,
      () => {},
      {
        proxy: url,
        noProxy: 'other.test',
      },
    )
    expect(body).toEqual({ symbols: ['é'] })
    expect(asked.map(({ target }) => target)).toEqual(['exchange.test:80'])
  })

  test('is followed nowhere else', async () => {
    const { url } = await startProxy(await startExchange())
    const agent = agentFor('http://exchange.test/', { proxy: url, noProxy: undefined })
    if (agent === undefined) throw new Error('no agent')
    const { status } = await getThrough(agent, 'http://exchange.test/moved', { headers: {}, signal: never })
    expect(status).toBe(302)
  })

  test('starts TLS with the exchange, whose certificate has to be right', async () => {
    const server = createTls({}, () => undefined)
    cleanups.push(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { url, asked } = await startProxy(portOf(server.address()))
    const closing = await closingOf('wss://exchange.test/', url)
    expect(closing.reason).toBe('error')
    expect(closing.detail).toMatch(/SSL|TLS|handshake/i)
    expect(asked.map(({ target }) => target)).toEqual(['exchange.test:443'])
  })

  test.each([407, 502])('that answers %i is an end that says so', async (status) => {
    const { url } = await startProxy(1, status)
    expect(await closingOf('ws://exchange.test/', url)).toMatchObject({
      reason: 'error',
      detail: expect.stringContaining(`status ${status}`),
    })
  })

  test('that is not there is an end that names it and not its login', async () => {
    const closing = await closingOf('ws://exchange.test/', 'http://user:secret@127.0.0.1:1')
    expect(closing.detail).toContain('127.0.0.1:1')
    expect(closing.detail).not.toContain('secret')
  })
})

describe('which addresses a proxy is for', () => {
  const goes = (address: string, noProxy = ''): boolean =>
    agentFor(address, { proxy: 'http://proxy.test:3128', noProxy }) !== undefined

  test.each([
    ['wss://stream.binance.com:9443/stream', '', true],
    ['wss://stream.binance.com:9443/stream', 'kraken.com, example.org', true],
    ['wss://stream.binance.com:9443/stream', '.binance.com', false],
    ['wss://stream.binance.com:9443/stream', 'binance.com', false],
    ['wss://stream.binance.com:9443/stream', '*.binance.com', false],
    ['wss://stream.binance.com:9443/stream', 'stream.binance.com:9443', false],
    ['wss://stream.binance.com:9443/stream', 'stream.binance.com:443', true],
    ['wss://notbinance.com/', 'binance.com', true],
    ['wss://ws.kraken.com/v2', '*', false],
    ['http://127.0.0.1:1/', '', false],
    ['ws://localhost:1/', '', false],
    ['ws://[::1]:1/', '', false],
  ])('%s beside "%s": %s', (address, noProxy, expected) => expect(goes(address, noProxy)).toBe(expected))

  test('are all reached straight without one', () => {
    expect(agentFor('wss://ws.kraken.com/v2', { proxy: undefined, noProxy: undefined })).toBeUndefined()
  })

  test.each([
    ['http://proxy.test:3128', true],
    ['https://proxy.test', true],
    ['socks5://proxy.test:1080', false],
    ['proxy.test:3128', false],
  ])('%s is one that we can use: %s', (text, expected) => expect(isProxy(text)).toBe(expected))
})

function closingOf(address: string, proxy: string): Promise<SocketClosing> {
  const { promise, resolve } = Promise.withResolvers<SocketClosing>()
  const socket = openSocket(
    address,
    { opened() {}, frame() {}, pong() {}, closed: resolve },
    { proxy, noProxy: undefined },
  )
  cleanups.push(() => socket.terminate())
  return promise
}
