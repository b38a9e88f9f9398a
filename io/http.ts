import { ExponentialBackoff, handleAll, retry } from 'cockatiel'

const REQUEST_MS = 20_000
const FIRST_DELAY_MS = 500
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
): Promise<Parsed> {
  const policy = retry(handleAll, {
    maxAttempts: Infinity,
    backoff: new ExponentialBackoff({ initialDelay: FIRST_DELAY_MS, maxDelay: MAX_DELAY_MS }),
  })
  return policy.execute(async () => {
    try {
      return parse(await once(url, signal))
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error))
      throw error
    }
  }, signal)
}

async function once(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return JSON.parse(await bounded(response))
}

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
