import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { WebSocket } from 'ws'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec } from '../../schemas/codec.ts'
import { listenTo, startApiRig, type ApiRig } from '../support/api.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'

const KEY = 'a-key-of-the-test-0123456789'
const OTHER = 'another-key-of-the-test-0123'
const ORIGIN = 'https://example.org'
const hash = (key: string): string => createHash('sha256').update(key).digest('hex')
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

let rig: ApiRig
const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${rig.url}${path}`, init)

beforeAll(async () => {
  rig = await startApiRig({
    access: {
      host: '0.0.0.0',
      keys: [
        { name: 'alice', hash: hash(KEY) },
        { name: 'bob', hash: hash(OTHER) },
      ],
      origins: [ORIGIN],
    },
    requestsPerMinute: { loopback: 10_000, others: 30 },
  })
})
afterAll(() => rig.stop())

describe('with keys', () => {
  test('rows and figures need one, on this machine too', async () => {
    for (const path of [
      '/api/v1/prices',
      '/API/v1/prices',
      '/api/v1/config',
      '/metrics',
      '/nowhere',
      '/%61pi/v1/prices',
    ]) {
      const response = await get(path)
      expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer'])
      expect(await response.json()).toMatchObject({ code: 'UNAUTHORIZED', type: '/errors#UNAUTHORIZED' })
    }
    expect((await get('/api/v1/prices', { headers: bearer(`${KEY}x`) })).status).toBe(401)
    expect((await get(`/api/v1/prices?key=${KEY}`)).status).toBe(401)
    expect((await get('/api/v1/prices', { headers: bearer(KEY) })).status).toBe(200)
  })

  test('who has none or a wrong one is on record: where from, why, where to, and never what was shown', async () => {
    await get('/api/v1/quotes')
    await get('/api/v1/quotes', { headers: bearer(`${KEY}y`) })
    const ranges = await openRanges(kafkaOptions(inject('stack').brokers))
    const decoder = openRegistry(inject('stack').registry).decoder(systemEventCodec)
    const records = async (): Promise<readonly (readonly (string | undefined)[])[]> => {
      const found = await allOf(ranges, { topic: rig.topics.system.name, partition: 0 })
      expect(Buffer.concat(found.map(({ value }) => value ?? Buffer.alloc(0))).includes(KEY)).toBe(false)
      const [id] = found.flatMap(({ value }) => (value === null ? [] : [value.readInt32BE(1)]))
      if (id !== undefined) await decoder.learn(id)
      return found.flatMap(({ value }) => {
        const decoded = decoder.decode(value)
        const details = decoded.kind === 'value' ? decoded.value.details : {}
        return details['audit'] === 'access_refused' ? [[details['address'], details['reason'], details['count']]] : []
      })
    }
    await expect.poll(records, { timeout: 10_000 }).toHaveLength(2)
    const own = expect.stringMatching(/127\.0\.0\.1$/)
    expect(await records()).toEqual(
      expect.arrayContaining([
        [own, 'no_key', '1'],
        [own, 'wrong_key', '1'],
      ]),
    )
    await ranges.close()
    const metrics = await (await get('/metrics', { headers: bearer(KEY) })).text()
    expect(metrics).toMatch(/access_refused_total\{reason="wrong_key",role="api"\} [1-9]/)
  })

  test('health and what describes the API do not', async () => {
    const paths = ['/', '/livez', '/readyz', '/version', '/errors', '/openapi.json', '/reference']
    const statuses = await Promise.all(paths.map(async (path) => (await get(path)).status))
    expect(statuses).toEqual(paths.map(() => 200))
  })

  test('a WebSocket that brings one in its header is let in or refused at the door', async () => {
    const outcome = (headers: Record<string, string>): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/ws`, { headers })
        socket.once('open', () => {
          socket.send('{"type":"subscribe_prices"}')
          socket.once('message', (data: Buffer) => {
            socket.close()
            resolve(data.toString())
          })
        })
        socket.once('error', (error) => resolve(error.message))
      })
    expect(await outcome(bearer(`${KEY}x`))).toContain('401')
    expect(await outcome(bearer(KEY))).toContain('"type":"snapshot"')
  })

  test('a WebSocket may show one in its first message, as browsers must', async () => {
    const known = await listenTo(rig.port, { type: 'auth', key: KEY })
    known.socket.send('{"type":"subscribe_prices"}')
    expect(await known.until(() => true)).toMatchObject({ type: 'snapshot' })
    known.socket.close()
  })

  test.each([
    ['nothing', undefined, 'no key came'],
    ['a wrong key', { type: 'auth', key: `${KEY}x` }, 'this key is not known'],
    ['something else first', { type: 'subscribe_prices' }, 'the first message must be auth with a key'],
  ])('a WebSocket that says %s hears UNAUTHORIZED, no price, and is closed with 4401', async (_, hello, message) => {
    const stranger = await listenTo(rig.port, hello)
    // The right key comes too late.
    if (hello !== undefined) {
      stranger.socket.send(JSON.stringify({ type: 'auth', key: KEY }))
      stranger.socket.send('{"type":"subscribe_prices"}')
    }
    expect(await stranger.closed).toBe(4401)
    expect(stranger.heard).toEqual([{ type: 'error', code: 'UNAUTHORIZED', message }])
  })
})

describe('other origins', () => {
  test('read answers if they are in the list, letter by letter', async () => {
    const allowed = async (origin: string): Promise<string | null> =>
      (await get('/version', { headers: { origin } })).headers.get('access-control-allow-origin')
    expect(await allowed(ORIGIN)).toBe(ORIGIN)
    for (const origin of ['https://example.org.evil.net', 'http://example.org', 'https://example.com', 'null'])
      expect(await allowed(origin)).toBeNull()
    expect((await get('/version')).headers.get('vary')).toContain('origin')
  })

  test('may send a key: the preflight says so to them alone', async () => {
    const ask = (origin: string): Promise<Response> =>
      get('/api/v1/prices', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
    const answer = await ask(ORIGIN)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect((await ask('https://example.com')).status).toBe(401)
  })
})

describe('rate limits', () => {
  test('are by key, say what is left, and when to come again', async () => {
    const ask = (key: string): Promise<Response> => get('/version', { headers: bearer(key) })
    const first = await ask(OTHER)
    expect(first.headers.get('ratelimit-policy')).toMatch(/q=30; w=60/)
    expect(first.headers.get('ratelimit')).toMatch(/r=29; t=\d+/)
    for (let n = 0; n < 29; n++) expect((await ask(OTHER)).status).toBe(200)
    const refused = await ask(OTHER)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('ratelimit')).toMatch(/r=0/)
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    expect((await ask(KEY)).status).toBe(200)
    expect((await get('/livez', { headers: bearer(OTHER) })).status).toBe(200)
  })
})

test('beyond this machine and without keys it does not start', async () => {
  await expect(startApiRig({ access: { host: '0.0.0.0', keys: [], origins: [] } })).rejects.toMatchObject({
    code: 'BAD_ENVIRONMENT',
  })
})
