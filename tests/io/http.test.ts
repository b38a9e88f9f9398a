import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { getJson } from '../../io/http.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`
}

const never = new AbortController().signal

describe('a document that we cannot do without', () => {
  test('is asked for until it comes and can be read', async () => {
    const answers = [
      { status: 500, body: 'no' },
      { status: 200, body: '{"a":0}' },
      { status: 200, body: '{"a":1}' },
    ]
    const url = await serve((_, response) => {
      const { status, body } = answers.shift() ?? { status: 404, body: '' }
      response.writeHead(status).end(body)
    })
    const failures: string[] = []
    const parse = (body: unknown): unknown => {
      if (JSON.stringify(body) === '{"a":0}') throw new Error('not yet')
      return body
    }
    const got = await getJson(url, parse, never, (message) => failures.push(message))
    expect(got).toEqual({ a: 1 })
    expect(failures).toEqual(['status 500', 'not yet'])
  }, 20_000)

  test('is not asked for again before the server allows it', async () => {
    const asked: number[] = []
    const url = await serve((_, response) => {
      asked.push(performance.now())
      if (asked.length === 1) response.writeHead(429, { 'retry-after': '1' }).end()
      else response.end('1')
    })
    expect(
      await getJson(
        url,
        (body) => body,
        never,
        () => undefined,
      ),
    ).toBe(1)
    expect(asked).toHaveLength(2)
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(995)
  }, 20_000)

  test('is waited for without an end of its own while the server says that we ask too much, until we stop', async () => {
    const abort = new AbortController()
    let asked = 0
    const url = await serve((_, response) => {
      asked++
      response.writeHead(418).end()
    })
    const got = getJson(
      url,
      (body) => body,
      abort.signal,
      () => setTimeout(() => abort.abort(), 1500),
    )
    await expect(got).rejects.toThrow('aborted')
    expect(asked).toBe(1)
  }, 20_000)

  test('is not fetched from elsewhere', async () => {
    const abort = new AbortController()
    const url = await serve((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())
    const failures: string[] = []
    const got = getJson(
      url,
      (body) => body,
      abort.signal,
      (message) => {
        failures.push(message)
        abort.abort()
      },
    )
    await expect(got).rejects.toThrow('fetch failed')
    expect(failures).toHaveLength(1)
  })

  test('is given up when its reader stops', async () => {
    const abort = new AbortController()
    const got = getJson(
      'http://127.0.0.1:1/',
      (body) => body,
      abort.signal,
      () => {},
    )
    setTimeout(() => abort.abort(), 50)
    await expect(got).rejects.toThrow(/abort|cancel/i)
  })
})
