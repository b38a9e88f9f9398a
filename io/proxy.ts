import { Agent, request as plain, type ClientRequest } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { isIP } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'

const CONNECT_MS = 10_000
/** Statuses that by the standard have no body: a `Response` refuses one. */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** How addresses beyond this machine are reached, as the usual variables say it. */
export type ProxySettings = {
  /** `http://user:password@host:port`, or https; `undefined`: straight. */
  readonly proxy: string | undefined
  /** What is reached straight, by comma: `example.org` and all below it, `host:port`, `*` for everything. */
  readonly noProxy: string | undefined
}

export const STRAIGHT: ProxySettings = { proxy: undefined, noProxy: undefined }

/** Whether a text names a proxy that we can use. SOCKS would need a library. */
export const isProxy = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)

/**
 * An agent that reaches the address through the proxy by CONNECT, which sees bytes only; `undefined` if the address is
 * reached straight, as this machine always is.
 */
export function agentFor(address: string, { proxy, noProxy = '' }: ProxySettings): Agent | undefined {
  const target = new URL(address)
  if (proxy === undefined || isLoopback(target.hostname)) return undefined
  const straight = noProxy.split(',').map((one) => one.trim().toLowerCase())
  if (straight.some((one) => isWithin(one, target))) return undefined
  const by = new URL(proxy)
  const isSecure = target.protocol === 'wss:' || target.protocol === 'https:'
  const agent = isSecure ? new SecureAgent() : new Agent()
  const open = async (done: ((error: Error | null, stream: Duplex) => void) | undefined): Promise<void> => {
    try {
      const stream = await tunnel(by, target, isSecure)
      done?.(null, stream)
    } catch (error) {
      // Node looks at no stream where there is an error.
      done?.(error instanceof Error ? error : new Error(String(error)), new PassThrough())
    }
  }
  const createConnection: Agent['createConnection'] = (_options, done) => {
    void open(done)
    return undefined
  }
  return Object.assign(agent, { createConnection })
}

/** A GET through an agent, in the words of `fetch`, which takes none. Follows nothing, takes nothing compressed. */
export function getThrough(
  agent: Agent,
  url: string,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const request = url.startsWith('https:') ? secure : plain
  const asked = request(url, { agent, signal, headers: { ...headers, 'accept-encoding': 'identity' } })
  asked.once('error', reject)
  asked.once('response', (response) => {
    const { statusCode: status = 0 } = response
    const fields = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    )
    if (status >= 300 && status < 400) response.destroy()
    const body = BODYLESS.has(status) ? null : chunksOf(response)
    resolve(new Response(body, { status, headers: fields }))
  })
  asked.end()
  return promise
}

const chunksOf = (stream: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> => ReadableStream.from(stream)

async function tunnel(proxy: URL, target: URL, isSecure: boolean): Promise<Duplex> {
  const socket = await connect(proxy, `${target.hostname}:${portOf(target)}`)
  if (!isSecure) return socket
  const host = bare(target.hostname)
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const tls = connectTls({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) })
  tls.once('error', reject)
  tls.once('secureConnect', () => {
    tls.off('error', reject)
    resolve(tls)
  })
  return promise
}

function connect(proxy: URL, path: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const request = proxy.protocol === 'https:' ? secure : plain
  const failed = (why: string, cause?: Error): void => reject(new Error(`the proxy ${proxy.host}: ${why}`, { cause }))
  const ask: ClientRequest = request({
    method: 'CONNECT',
    host: bare(proxy.hostname),
    port: portOf(proxy),
    path,
    headers: { host: path, ...authorization(proxy) },
    timeout: CONNECT_MS,
  })
  ask.once('connect', ({ statusCode = 0 }, socket, head) => {
    socket.setTimeout(0)
    if (head.length > 0) socket.unshift(head)
    if (statusCode === 200) return resolve(socket)
    socket.destroy()
    return failed(`status ${statusCode}`)
  })
  ask.once('response', ({ statusCode = 0 }) => {
    failed(`status ${statusCode}`)
    ask.destroy()
  })
  ask.once('timeout', () => ask.destroy(new Error(`no answer in ${CONNECT_MS / 1000} s`)))
  ask.once('error', (error) => failed(error.message, error))
  ask.end()
  return promise
}

function authorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {}
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }
}

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'ws:': '80', 'https:': '443', 'wss:': '443' }
const portOf = ({ port, protocol }: URL): string => (port === '' ? (PORTS[protocol] ?? '') : port)
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)

function isWithin(one: string, target: URL): boolean {
  if (one === '') return false
  if (one === '*' || one === `${target.hostname}:${portOf(target)}`) return true
  const domain = one.replace(/^\*?\./, '')
  return target.hostname === domain || target.hostname.endsWith(`.${domain}`)
}
