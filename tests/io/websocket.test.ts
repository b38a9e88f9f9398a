import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcp, type AddressInfo, type Socket as TcpSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { openSocket, type SocketClosing } from '../../io/websocket.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A loopback server that hands every connection over. */
async function serve(accept: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', accept)
  cleanups.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  await once(server, 'listening')
  return `ws://127.0.0.1:${portOf(server.address())}/`
}

async function serveHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  upgrade?: (socket: Duplex) => void,
): Promise<string> {
  const server: Server = createServer(answer)
  if (upgrade !== undefined) server.on('upgrade', (_, socket) => upgrade(socket))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `ws://127.0.0.1:${portOf(server.address())}/`
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0

/** Opens a socket and writes down what it says, until it closes. */
function watch(url: string) {
  const heard: string[] = []
  const { promise: closed, resolve } = Promise.withResolvers<SocketClosing>()
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  let closings = 0
  const socket = openSocket(url, {
    opened: open,
    frame: (text) => heard.push(text),
    pong: () => heard.push('(pong)'),
    closed(closing) {
      closings++
      resolve(closing)
    },
  })
  cleanups.push(() => socket.terminate())
  return { socket, heard, closed, opened, closings: () => closings }
}

describe('a socket to an exchange', () => {
  test('hands over text as it comes and sends ours', async () => {
    const { promise: echoed, resolve } = Promise.withResolvers<string>()
    const url = await serve((peer) => {
      peer.on('message', (data: Buffer) => resolve(data.toString('utf8')))
      peer.send('{"a":"é😀"}')
      peer.close(1012, 'restart')
    })
    const { heard, closed, opened, socket } = watch(url)
    await opened
    socket.send('hello')
    expect(await closed).toEqual({ reason: 'closed', detail: 'closed with code 1012 restart', code: 1012 })
    expect(heard).toEqual(['{"a":"é😀"}'])
    await Promise.race([echoed, sleep(200)])
  })

  test('hands over a binary frame as something that is no JSON object', async () => {
    const { heard, closed } = watch(
      await serve((peer) => {
        peer.send(Buffer.from('{"channel":"heartbeat"}'))
        peer.close()
      }),
    )
    await closed
    expect(heard).toEqual([Buffer.from('{"channel":"heartbeat"}').toString('base64')])
  })

  test('closes on a frame above 4 MiB, and says so', async () => {
    const { heard, closed } = watch(await serve((peer) => peer.send('x'.repeat(4 * 1024 * 1024 + 1))))
    expect(await closed).toMatchObject({ reason: 'oversized' })
    expect(heard).toEqual([])
  })

  test('takes a frame of 3 MiB', async () => {
    const { heard, closed } = watch(
      await serve((peer) => {
        peer.send('x'.repeat(3 * 1024 * 1024))
        peer.close()
      }),
    )
    await closed
    expect(heard[0]).toHaveLength(3 * 1024 * 1024)
  })

  test.each([
    ['text that is no UTF-8', [0x81, 0x02, 0xc3, 0x28]],
    ['reserved bits', [0xf1, 0x01, 0x61]],
    ['a masked frame of a server', [0x81, 0x81, 1, 2, 3, 4, 5]],
    ['an unknown opcode', [0x83, 0x00]],
  ])('closes at once on %s', async (_, bytes) => {
    const { heard, closed } = watch(
      await serve((peer) => {
        // The library would not send this.
        const raw: unknown = Reflect.get(peer, '_socket')
        if (raw instanceof Object && 'write' in raw && typeof raw.write === 'function') raw.write(Buffer.from(bytes))
      }),
    )
    expect(await closed).toMatchObject({ reason: 'error' })
    expect(heard).toEqual([])
  })

  test('says when a connection is cut in the middle of a frame', async () => {
    const url = await serve((peer) => {
      const raw: unknown = Reflect.get(peer, '_socket')
      if (raw instanceof Object && 'write' in raw && typeof raw.write === 'function')
        raw.write(Buffer.from([0x81, 0x7d]))
      peer.terminate()
    })
    const { closed, heard } = watch(url)
    expect(await closed).toMatchObject({ reason: 'closed' })
    expect(heard).toEqual([])
  })

  test.each([
    [429, { 'retry-after': '7' }, 7000],
    [503, {}, undefined],
    [302, { location: 'ws://127.0.0.1:1/' }, undefined],
  ])('says with which status the handshake was refused: %i', async (status, headers, retryAfterMs) => {
    const { closed } = watch(await serveHttp((_, response) => response.writeHead(status, headers).end()))
    const closing = await closed
    expect(closing).toMatchObject({ reason: 'refused', status })
    expect(closing.retryAfterMs).toBe(retryAfterMs)
  })

  test('says that nobody listens', async () => {
    const { closed, closings } = watch('ws://127.0.0.1:1/')
    expect(await closed).toMatchObject({ reason: 'error' })
    await sleep(50)
    expect(closings()).toBe(1)
  })

  test('says no more once it is terminated, whatever the peer does', async () => {
    const url = await serve((peer) => {
      const timer = setInterval(() => peer.send('x'), 5)
      peer.on('close', () => clearInterval(timer))
    })
    const { socket, heard, opened, closings } = watch(url)
    await opened
    socket.terminate()
    const before = heard.length
    await sleep(80)
    expect(heard.length).toBe(before)
    expect(closings()).toBe(0)
  })

  test('is left open when the peer falls silent: that is for the deadlines of its owner', async () => {
    const peers: TcpSocket[] = []
    const server = createTcp((peer) => peers.push(peer))
    cleanups.push(() => {
      for (const peer of peers) peer.destroy()
      server.close()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { socket, closings } = watch(`ws://127.0.0.1:${portOf(server.address())}/`)
    await sleep(100)
    expect(closings()).toBe(0)
    socket.terminate()
    await sleep(50)
    expect(closings()).toBe(0)
  })
})
