import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeServer, listen } from '../../api/server.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { idle, timesOf } from '../support/idle.ts'

let rig: ApiRig
beforeAll(async () => {
  rig = await startApiRig({ requestsPerMinute: { loopback: 100, others: 100 } })
})
afterAll(() => rig.stop())

/** What a server says to bytes, until it closes. */
const say = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    socket.on('error', () => resolve(heard))
    socket.on('close', () => resolve(heard))
  })

describe('a server', () => {
  test('closes the connections that were silent longest and answers who asks, however many stand idle', async () => {
    const idlers = await idle(rig.port, 1500)
    try {
      await timesOf(`${rig.url}/livez`, 20)
      expect(idlers.open()).toBeLessThanOrEqual(1000)
    } finally {
      idlers.end()
    }
  })

  test('keeps a connection on which it is answering, and counts it as silent again afterwards', async () => {
    const { server, port } = await listen(
      (asked, response) => void setTimeout(() => response.end(asked.url), asked.url === '/slow' ? 500 : 0),
      0,
      '127.0.0.1',
      { maxSilent: 5 },
    )
    const slow = fetch(`http://127.0.0.1:${port}/slow`).then((response) => response.text())
    await sleep(100)
    const idlers = await idle(port, 20)
    expect(await slow).toBe('/slow')
    const later = await idle(port, 20)
    await sleep(100)
    expect(idlers.open() + later.open()).toBeLessThanOrEqual(5)
    idlers.end()
    later.end()
    await closeServer(server, 100)
  })

  test('ends a body that comes drop by drop with 408', async () => {
    const { server, port } = await listen(
      (asked, response) => asked.on('end', () => response.end()).resume(),
      0,
      '127.0.0.1',
      {
        requestTimeout: 800,
        headersTimeout: 500,
        connectionsCheckingInterval: 100,
      },
    )
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n'),
      )
      const drops = setInterval(() => socket.write('x'), 100)
      let heard = ''
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        clearInterval(drops)
        resolve(heard)
      })
    })
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    await closeServer(server, 100)
  })

  test.each([
    ['two lengths', 'content-length: 4\r\ncontent-length: 5\r\n\r\nabcd'],
    ['a length and chunks', 'content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'content-length : 4\r\n\r\nabcd'],
    ['a folded header', 'x-one: 1\r\n two\r\n\r\n'],
    ['a bare line feed', 'x-one: 1\n\n'],
    ['a chunk size that is none', 'transfer-encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n'],
  ])('gives no second answer to a request with %s', async (_what, headers) => {
    const smuggled = 'GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'
    const heard = await say(rig.port, `POST /livez HTTP/1.1\r\nhost: x\r\n${headers}${smuggled}`)
    expect(heard).not.toContain('"version"')
    expect(heard.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1)
  })

  test('refuses a request without a host, and one in another protocol', async () => {
    expect(await say(rig.port, 'GET /livez HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await say(rig.port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('a flood', () => {
  test('is a 429 with when to come again, while health answers', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 400 }, () =>
        fetch(`${rig.url}/version`).then(async (response) => {
          await response.text()
          return [response.status, response.headers.get('retry-after') !== null] as const
        }),
      ),
    )
    const counted = Object.groupBy(statuses, ([status]) => String(status))
    expect(Object.keys(counted)).toEqual(['200', '429'])
    expect(counted['200']?.length).toBeLessThanOrEqual(100)
    expect(counted['429']?.every(([, says]) => says)).toBe(true)
    for (const path of ['/livez', '/readyz']) expect((await fetch(`${rig.url}${path}`)).status).toBe(200)
  })

  test('of wrong methods and nowhere paths is counted like any other', async () => {
    for (const [method, path] of [
      ['DELETE', '/'],
      ['GET', '/nowhere'],
      ['GET', '/livez/'],
    ] as const)
      expect((await fetch(`${rig.url}${path}`, { method })).status).toBe(429)
  })

  test('of headers that claim another address is not fooled', async () => {
    const status = await new Promise((resolve) =>
      request(`${rig.url}/version`, { headers: { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' } })
        .on('response', (response) => resolve(response.resume().statusCode))
        .end(),
    )
    expect(status).toBe(429)
  })
})
