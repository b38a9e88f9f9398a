import { setTimeout as sleep } from 'node:timers/promises'
import { ExponentialBackoff, handleAll, retry } from 'cockatiel'
import { agentFor, getThrough, STRAIGHT, type ProxySettings } from './proxy.ts'
import { retryAfterMs } from './retry-after.ts'

const REQUEST_MS = 20_000
const FIRST_DELAY_MS = 500
const MINUTE_MS = 60_000
/** A timer of Node holds no more, almost 25 days. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1
const MAX_DELAY_MS = 30_000
/** Binance's list of instruments is the largest we read, about 15 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * GET of a JSON document that the caller cannot do without: tries with jittered back-off until it comes and `parse` takes
 * it, or `signal` aborts. `failed` hears of every attempt that did not do.
 */
export function getJson<Parsed>(
  url: string,
  parse: (body: unknown) => Parsed,
  signal: AbortSignal,
  failed: (message: string) => void,
  proxy: ProxySettings = STRAIGHT,
): Promise<Parsed> {
  const policy = retry(handleAll, {
    maxAttempts: Infinity,
    backoff: new ExponentialBackoff({ initialDelay: FIRST_DELAY_MS, maxDelay: MAX_DELAY_MS }),
  })
  return policy.execute(async () => {
    try {
      return parse(await once(url, signal, proxy))
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error))
      if (error instanceof Refused) await sleep(waitMs(error), undefined, { signal })
      throw error
    }
  }, signal)
}

/** What a GET was answered: `undefined` as status: nothing, `body` says why. */
export type HttpAnswer = {
  readonly status: number | undefined
  readonly body: string
  readonly retryAfterMs: number | undefined
}

/** One GET, whatever comes of it; never rejects. */
export async function getText(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  proxy: ProxySettings = STRAIGHT,
): Promise<HttpAnswer> {
  try {
    const response = await get(url, proxy, {
      headers: { accept: 'application/json', ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    })
    return { status: response.status, body: await bounded(response), retryAfterMs: askedMs(response) }
  } catch (error) {
    return { status: undefined, body: error instanceof Error ? error.message : String(error), retryAfterMs: undefined }
  }
}

function get(url: string, proxy: ProxySettings, asked: Parameters<typeof getThrough>[2]): Promise<Response> {
  const agent = agentFor(url, proxy)
  return agent === undefined ? fetch(url, { redirect: 'error', ...asked }) : getThrough(agent, url, asked)
}

async function once(url: string, signal: AbortSignal, proxy: ProxySettings): Promise<unknown> {
  const response = await get(url, proxy, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  })
  if (!response.ok) throw new Refused(response.status, askedMs(response))
  return JSON.parse(await bounded(response))
}

class Refused extends Error {
  readonly status: number
  readonly askedMs: number | undefined
  constructor(status: number, askedMs: number | undefined) {
    super(`status ${status}`)
    this.status = status
    this.askedMs = askedMs
  }
}

/** What it asks for; without that one to ten minutes if it said that we ask too much. */
function waitMs({ status, askedMs: asked }: Refused): number {
  const asksTooMuch = status === 429 || status === 418
  return Math.min(LONGEST_SLEEP_MS, asked ?? (asksTooMuch ? MINUTE_MS * (1 + 9 * Math.random()) : 0))
}

const askedMs = ({ headers }: Response): number | undefined =>
  retryAfterMs({ retryAfter: headers.get('retry-after'), date: headers.get('date') }, Date.now())

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
