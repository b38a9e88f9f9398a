import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { LOCAL } from '../../api/access.ts'
import { problem } from '../../api/documents.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { lenient, ruleOf } from '../support/rules.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const POOL = 10
/** Five seconds for a connection, four for an answer, and a busy machine. */
const PATIENCE_MS = 30_000
const FROM = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:10:00Z'
const ROUTES = [
  '/api/v1/prices',
  '/api/v1/prices/BTC-USD',
  `/api/v1/trades?symbol=BTC-USD&${FROM}`,
  `/api/v1/quotes?symbol=BTC-USD&${FROM}`,
  `/api/v1/candles?symbol=BTC-USD&${FROM}`,
  `/api/v1/gaps?${FROM}`,
  '/api/v1/exchanges',
  '/api/v1/services',
  '/api/v1/latency',
  '/api/v1/rules',
]
const KEY = 'a-key-that-may-write-01234567'

let proxy: TcpProxy
let rig: ApiRig
const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${rig.url}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS), ...init })
const codeOf = async (path: string): Promise<string> => {
  const response = await get(path)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  return `${response.status} ${problem.parse(await response.json()).code}`
}

beforeAll(async () => {
  proxy = await startTcpProxy(new URL(inject('stack').database))
  rig = await startApiRig({
    access: { ...LOCAL, localKeyHash: createHash('sha256').update(KEY).digest('hex') },
    judge: lenient,
    databaseUrl(address) {
      const url = new URL(address)
      url.hostname = '127.0.0.1'
      url.port = String(proxy.port)
      return url.href
    },
  })
})
afterAll(async () => {
  proxy.mode = 'pass'
  await rig.stop()
  proxy.stop()
})

const recovers = async (): Promise<void> => {
  proxy.mode = 'pass'
  await expect.poll(async () => (await get('/api/v1/exchanges')).status, { timeout: 20_000 }).toBe(200)
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(200)
}

describe('without PostgreSQL', () => {
  test('every route that needs it is a 503, health answers, and it comes back by itself', async () => {
    proxy.mode = 'refuse'
    expect(await Promise.all(ROUTES.map(codeOf))).toEqual(ROUTES.map(() => '503 DATABASE_UNAVAILABLE'))
    expect((await get('/livez')).status).toBe(200)
    expect((await get('/api/v1/config')).status).toBe(200)
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(503)
    await recovers()
  })

  test('that takes requests and answers none, no request hangs and the pool stays bounded', async () => {
    await Promise.all(ROUTES.map((path) => get(path)))
    proxy.mode = 'mute'
    const asked = Array.from({ length: 3 * POOL }, (_, n) => ROUTES[n % ROUTES.length] ?? '')
    const answers = Promise.all(asked.map(codeOf))
    expect((await get('/livez')).status).toBe(200)
    expect(proxy.connections()).toBeLessThanOrEqual(POOL)
    expect(new Set(await answers)).toEqual(new Set(['503 DATABASE_UNAVAILABLE']))
    await recovers()
    await expect.poll(() => proxy.connections()).toBeLessThanOrEqual(POOL)
  })

  test('a rule is not written, and its repeat is, once', async () => {
    const body = JSON.stringify(ruleOf('meanwhile'))
    const headers = {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'idempotency-key': 'meanwhile',
    }
    const post = (): Promise<Response> => get('/api/v1/rules', { method: 'POST', headers, body })
    proxy.mode = 'refuse'
    expect((await post()).status).toBe(503)
    await recovers()
    expect([(await post()).status, (await post()).status]).toEqual([201, 201])
    const { rows } = await rig.database.pool.query("select action from rule_changes where rule_id = 'meanwhile'")
    expect(rows).toEqual([{ action: 'create' }])
  })
})

describe('a slow query', () => {
  const running = async (): Promise<number> => {
    const { rows } = await rig.database.pool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
        where datname = current_database() and application_name = 'crosstide api_ro' and state = 'active'`,
    )
    return rows[0]?.n ?? Number.NaN
  }

  test('is ended after 2 s with a 503 that says so, also for a client that has left', async () => {
    const lock = await rig.database.pool.connect()
    try {
      await lock.query('begin; lock table symbols, exchanges in access exclusive mode')
      const leaving = new AbortController()
      const left = get('/api/v1/exchanges', { signal: leaving.signal }).catch(() => 'left')
      const stayed = codeOf('/api/v1/exchanges')
      await expect.poll(running).toBe(2)
      leaving.abort()
      expect(await left).toBe('left')
      expect(await stayed).toBe('503 QUERY_TIMEOUT')
      await expect.poll(running, { timeout: 10_000 }).toBe(0)
      expect((await get('/livez')).status).toBe(200)
    } finally {
      await lock.query('rollback')
      lock.release()
    }
    expect((await get('/api/v1/exchanges')).status).toBe(200)
  })
})
