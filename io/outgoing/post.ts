import { lookup as systemLookup } from 'node:dns/promises'
import { request as plain, type IncomingMessage } from 'node:http'
import { request as secure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { retryAfterMs } from '../retry-after.ts'
import { isLoopbackAddress, isPublicAddress } from './addresses.ts'

const TIMEOUT_MS = 5000
/** What an answer says beyond this nobody reads. */
const MAX_ANSWER_BYTES = 16 * 1024

export type Address = { readonly address: string; readonly family: number }
export type Resolve = (hostname: string) => Promise<readonly Address[]>

/** Where a call may go. */
export type Guard = {
  /** For development: `http://` and addresses of this machine, too. */
  readonly allowLoopback: boolean
  /** If given, these host names and no others. */
  readonly hosts?: readonly string[] | undefined
  /** Asked once per call; default: the system's. */
  readonly resolve?: Resolve
}

/**
 * What came of a call. `forbidden`: the guard does not let it out. `unreached`: nothing was sent. `unknown`: it was sent, or
 * part of it, and nobody knows whether it counts.
 */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly body: string
      readonly retryAfterMs: number | undefined
    }
  | { readonly kind: 'forbidden' | 'unreached' | 'unknown'; readonly reason: string }

export type Call = {
  readonly url: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly guard: Guard
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

const systemResolve: Resolve = (hostname) => systemLookup(hostname, { all: true })

/**
 * POST of a JSON body to an address that somebody else has named (reliability.md section 10, SSRF): https only, the name is
 * resolved once, every address it has must be public, and the connection goes to what was checked. Redirects are not
 * followed, connections not kept. Never rejects; no reason names more than the host.
 */
export async function post(call: Call): Promise<Answer> {
  const { guard, timeoutMs = TIMEOUT_MS } = call
  const target = URL.canParse(call.url) ? new URL(call.url) : undefined
  if (target === undefined) return { kind: 'forbidden', reason: 'not an address' }
  const why = forbiddenUrl(target, guard)
  if (why !== undefined) return { kind: 'forbidden', reason: why }
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline])
  const found = await addressesOf(target, guard, signal)
  if (!('addresses' in found)) return found
  return send(call, target, found.addresses, signal)
}

function forbiddenUrl({ protocol, hostname, username, password }: URL, guard: Guard): string | undefined {
  if (protocol !== 'https:' && !(protocol === 'http:' && guard.allowLoopback)) return 'not https'
  if (username !== '' || password !== '') return 'the address holds a login'
  if (guard.hosts !== undefined && !guard.hosts.includes(hostname)) return `host ${hostname} is not on the allow list`
  return undefined
}

async function addressesOf(
  target: URL,
  guard: Guard,
  signal: AbortSignal,
): Promise<{ readonly addresses: readonly Address[] } | Extract<Answer, { readonly reason: string }>> {
  // Odd spellings of an address (octal, one number, short) are made plain by `URL` before we see them.
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  let addresses: readonly Address[]
  try {
    addresses =
      family === 0 ? await orAborted((guard.resolve ?? systemResolve)(host), signal) : [{ address: host, family }]
  } catch (error) {
    return { kind: 'unreached', reason: `host ${host} cannot be resolved: ${codeOf(error)}` }
  }
  if (addresses.length === 0) return { kind: 'unreached', reason: `host ${host} has no address` }
  // One bad address is enough: a name that has both is made to get us in.
  const bad = addresses.find(({ address }) => !isAllowed(address, target.protocol, guard))
  return bad === undefined
    ? { addresses }
    : { kind: 'forbidden', reason: `host ${host} has the address ${bad.address}` }
}

/** Unencrypted only to this machine, even where that is allowed. */
const isAllowed = (address: string, protocol: string, guard: Guard): boolean =>
  (protocol === 'https:' && isPublicAddress(address)) || (guard.allowLoopback && isLoopbackAddress(address))

function send(call: Call, target: URL, addresses: readonly Address[], signal: AbortSignal): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  let isSent = false
  const failed = (error: unknown): void => {
    const late = signal.aborted ? 'no answer in time' : codeOf(error)
    resolve({ kind: isSent ? 'unknown' : 'unreached', reason: `host ${target.hostname}: ${late}` })
  }
  try {
    const request = (target.protocol === 'https:' ? secure : plain)(target, {
      method: 'POST',
      // A connection of its own, which goes to the addresses that were checked and nowhere else.
      agent: false,
      lookup: lookupAmong(addresses),
      signal,
      headers: {
        ...call.headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(call.body),
        'user-agent': 'crosstide',
        connection: 'close',
      },
    })
    request.once('error', failed)
    request.once('socket', (socket) => {
      // From here on bytes of the body may be on their way.
      socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        isSent = true
      })
    })
    request.once('response', (response) => {
      void read(response).then(resolve, failed)
    })
    request.end(call.body)
  } catch (error) {
    failed(error)
  }
  return promise
}

async function read(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.iterator({ destroyOnReturn: true })) {
      if (!(chunk instanceof Uint8Array)) break
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES) break
    }
  } catch {
    // The status says what became of it; the rest of the answer would only have been words.
  }
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString()
  const retryAfter = { retryAfter: headers['retry-after'], date: headers.date }
  return { kind: 'answered', status, body, retryAfterMs: retryAfterMs(retryAfter, Date.now()) }
}

const lookupAmong =
  (addresses: readonly Address[]): LookupFunction =>
  (_hostname, options, done) => {
    const [first] = addresses
    if (options.all === true) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family)
  }

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(Object.assign(new Error('aborted'), { code: 'ETIMEDOUT' }))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

/** Error codes and not messages: those name addresses, and paths of webhooks are secrets. */
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'failed'
