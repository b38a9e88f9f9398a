import { afterEach, describe, expect, test } from 'vitest'
import { post, type Address, type Call, type Guard } from '../../../io/outgoing/post.ts'
import { startReceiver, type Receiver } from '../../support/receiver.ts'

const open: Receiver[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
const receiver = async (...answer: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const started = await startReceiver(...answer)
  open.push(started)
  return started
}

const INTERNET: Guard = { allowLoopback: false }
const HERE: Guard = { allowLoopback: true }
const call = (url: string, guard: Guard, change: Partial<Call> = {}) => post({ url, body: '{"a":1}', guard, ...change })
/** Answers what it is told, one after the other, and counts. */
function resolver(...answers: readonly (readonly string[])[]) {
  let asked = 0
  return {
    asked: () => asked,
    resolve: (): Promise<readonly Address[]> => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? []
      asked += 1
      return Promise.resolve(answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    },
  }
}

describe('a call', () => {
  test('posts its JSON on a connection of its own', async () => {
    const { url, arrived } = await receiver()
    const answer = await call(`${url}/hook?a=b`, HERE, { headers: { 'x-of': 'us' } })
    expect(answer).toEqual({ kind: 'answered', status: 200, body: 'ok', retryAfterMs: undefined })
    expect(arrived).toMatchObject([{ method: 'POST', path: '/hook?a=b', body: '{"a":1}' }])
    expect(arrived[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-of': 'us', connection: 'close' })
  })

  test('tells what was asked for by Retry-After', async () => {
    const { url } = await receiver((response) => void response.writeHead(429, { 'retry-after': '7' }).end())
    expect(await call(url, HERE)).toMatchObject({ kind: 'answered', status: 429, retryAfterMs: 7000 })
  })

  test('that is not answered in time may have counted', async () => {
    const { url, arrived } = await receiver(() => undefined)
    expect(await call(url, HERE, { timeoutMs: 300 })).toEqual({
      kind: 'unknown',
      reason: 'host 127.0.0.1: no answer in time',
    })
    expect(arrived.length).toBe(1)
  })

  test('whose connection closes before the answer may have counted', async () => {
    const { url } = await receiver((response) => void response.destroy())
    expect(await call(url, HERE)).toEqual({ kind: 'unknown', reason: 'host 127.0.0.1: ECONNRESET' })
  })

  test('whose answer breaks off has its status, which says enough', async () => {
    const { url } = await receiver((response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half', () => response.destroy())
    })
    expect(await call(url, HERE)).toMatchObject({ kind: 'answered', status: 200 })
  })

  test('whose answer never ends is read to a bound', async () => {
    const { url } = await receiver((response) => {
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more))
      more()
    })
    const answer = await call(url, HERE)
    expect(answer.kind === 'answered' && answer.body.length).toBe(16_384)
  })

  test('that finds nobody there was not sent', async () => {
    const gone = await startReceiver()
    await gone.close()
    expect(await call(gone.url, HERE)).toEqual({ kind: 'unreached', reason: 'host 127.0.0.1: ECONNREFUSED' })
  })

  test('to a server whose certificate nobody knows, or that speaks no TLS, was not sent', async () => {
    const { port, arrived } = await receiver()
    expect(await call(`https://127.0.0.1:${port}`, HERE)).toMatchObject({ kind: 'unreached' })
    expect(arrived).toEqual([])
  })

  test('ends when it is told to', async () => {
    const { url } = await receiver(() => undefined)
    const ending = new AbortController()
    const answer = call(url, HERE, { signal: ending.signal })
    ending.abort()
    expect(['unknown', 'unreached']).toContain((await answer).kind)
  })
})

describe('the guard', () => {
  // Each is this machine, its network or its cloud, in one of the ways to write that.
  test.each([
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://0x7f.1',
    'https://0177.0.0.1',
    'https://017700000001',
    'https://127.0.0.1.',
    'https://①②⑦.⓪.⓪.①',
    'https://0',
    'https://[::1]',
    'https://[0:0:0:0:0:0:0:1]',
    'https://[::]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'https://[fe80::1]',
    'https://[fd00:ec2::254]',
    'https://169.254.169.254/latest/meta-data/',
    'https://2852039166',
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://172.20.0.1',
    'https://100.64.0.1',
    'https://255.255.255.255',
    'https://224.0.0.1',
    'https://localhost',
  ])('does not let %s out', async (url) => {
    const { port, connections } = await receiver()
    const target = new URL(url)
    target.port = String(port)
    expect(await call(target.href, INTERNET)).toMatchObject({ kind: 'forbidden' })
    expect(connections()).toBe(0)
  })

  test.each([
    ['metadata', ['169.254.169.254']],
    ['IPv6 loopback', ['::1']],
    ['IPv4-mapped', ['::ffff:10.0.0.1']],
    ['a public one beside a private one', ['1.1.1.1', '127.0.0.1']],
    ['a public one beside a local one of IPv6', ['1.1.1.1', 'fe80::1']],
  ])('does not let out to a name that has %s as address', async (_, addresses) => {
    const { port, connections } = await receiver()
    const { resolve } = resolver(addresses)
    const answer = await call(`https://hooks.example:${port}`, { ...INTERNET, resolve })
    expect(answer).toMatchObject({ kind: 'forbidden', reason: expect.stringContaining('host hooks.example has') })
    expect(connections()).toBe(0)
  })

  test('asks for a name once and connects to what it was told then, whatever the name is said to be later', async () => {
    const { port, arrived } = await receiver()
    const { resolve, asked } = resolver(['127.0.0.1'], ['10.0.0.1'])
    const answer = await call(`http://hooks.example:${port}`, { ...HERE, resolve })
    expect(answer).toMatchObject({ kind: 'answered', status: 200 })
    expect(arrived[0]?.headers.host).toBe(`hooks.example:${port}`)
    expect(asked()).toBe(1)
  })

  test('judges a name that is bound anew at each call', async () => {
    const { port, connections } = await receiver()
    const { resolve } = resolver(['10.0.0.1'], ['127.0.0.1'])
    expect(await call(`https://hooks.example:${port}`, { ...HERE, resolve })).toMatchObject({ kind: 'forbidden' })
    expect(connections()).toBe(0)
  })

  test('follows no redirect', async () => {
    const inside = await receiver()
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await receiver((response) => void response.writeHead(status, { location: inside.url }).end())
      expect(await call(url, HERE)).toMatchObject({ kind: 'answered', status })
    }
    expect(inside.connections()).toBe(0)
  })

  test('lets nothing out unencrypted, but to this machine where that is allowed', async () => {
    const { url, connections } = await receiver()
    expect(await call(url, INTERNET)).toEqual({ kind: 'forbidden', reason: 'not https' })
    const { resolve } = resolver(['1.1.1.1'])
    expect(await call('http://hooks.example', { ...HERE, resolve })).toMatchObject({ kind: 'forbidden' })
    expect(connections()).toBe(0)
  })

  test.each(['ftp://example.org', 'file:///etc/passwd', 'javascript:1', 'nothing', 'https://u:p@example.org'])(
    'takes %s for no address',
    async (url) => expect(await call(url, HERE)).toMatchObject({ kind: 'forbidden' }),
  )

  test('with a list of hosts lets out to those alone', async () => {
    const { port, url } = await receiver()
    const { resolve } = resolver(['127.0.0.1'])
    const guard = { ...HERE, resolve, hosts: ['hooks.example'] }
    expect(await call(`http://hooks.example:${port}`, guard)).toMatchObject({ kind: 'answered' })
    expect(await call(`http://x.hooks.example:${port}`, guard)).toMatchObject({ kind: 'forbidden' })
    expect(await call(url, guard)).toMatchObject({ kind: 'forbidden' })
  })

  test('a name that nobody knows was not reached, nor one that nobody answers for', async () => {
    const unknown = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    expect(await call('https://hooks.example', { ...INTERNET, resolve: unknown })).toEqual({
      kind: 'unreached',
      reason: 'host hooks.example cannot be resolved: ENOTFOUND',
    })
    const silent = () => new Promise<never>(() => undefined)
    expect(await call('https://hooks.example', { ...INTERNET, resolve: silent }, { timeoutMs: 100 })).toMatchObject({
      kind: 'unreached',
    })
  })
})
