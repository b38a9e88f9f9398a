import type { Answer } from '../../io/outgoing/post.ts'

/**
 * What came of an attempt. `sent`: acknowledged. `failed`: it did not count, another attempt may. `unknown`: nobody knows
 * whether it counts. `refused`: it will never be taken.
 */
export type Delivery =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed' | 'unknown'; readonly reason: string; readonly afterMs?: number | undefined }
  | { readonly kind: 'refused'; readonly reason: string }

/** Beyond these an attempt fails for the message's sake, or because the other side is set up wrongly, which may be mended. */
const MENDABLE: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 409, 421, 423, 425, 429, 503])
const UNANSWERED = { forbidden: 'refused', unreached: 'failed', unknown: 'unknown' } as const

/** What an HTTP answer means for a message. 5xx other than 503: it broke on the other side, before or after it counted. */
export function deliveryOf(answer: Answer): Delivery {
  if (answer.kind !== 'answered') return { kind: UNANSWERED[answer.kind], reason: answer.reason }
  const { status, body, retryAfterMs } = answer
  if (status >= 200 && status < 300) return { kind: 'sent' }
  const words = body.replace(/\s+/g, ' ').trim()
  const reason = words === '' ? `status ${status}` : `status ${status}: ${words}`
  const afterMs = retryAfterMs ?? (status === 429 ? askedInBody(body) : undefined)
  if (MENDABLE.has(status)) return { kind: 'failed', reason, afterMs }
  if (status >= 500) return { kind: 'unknown', reason, afterMs }
  return { kind: 'refused', reason }
}

/** Telegram: `parameters.retry_after`, Discord: `retry_after`; seconds. */
function askedInBody(body: string): number | undefined {
  const seconds = Number(/"retry_after"\s*:\s*(\d{1,7}(?:\.\d{1,6})?)/.exec(body)?.[1])
  return Number.isNaN(seconds) ? undefined : Math.ceil(seconds * 1000)
}

/** Attempts after which a message is given up: over half an hour. */
export const MAX_ATTEMPTS = 16
const FIRST_MS = 1000
const LONGEST_MS = 300_000
/** Who asks for more does not want it at all. */
const LONGEST_ASKED_MS = 3_600_000

/** Milliseconds to the next attempt: doubling, half of it by chance, and never before the other side wants it. */
export function retryMs(attempts: number, random: number, askedMs: number | undefined): number {
  const backOff = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1)) * (0.5 + random / 2)
  return Math.round(Math.max(backOff, Math.min(LONGEST_ASKED_MS, askedMs ?? 0)))
}

/** What was begun may take longer than there is to stop. */
export function orStopped(signal: AbortSignal, delivering: Promise<Delivery>): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>()
  const stop = (): void => resolve({ kind: 'unknown', reason: 'stopped before the answer' })
  signal.addEventListener('abort', stop, { once: true })
  return Promise.race([delivering, promise]).finally(() => signal.removeEventListener('abort', stop))
}
