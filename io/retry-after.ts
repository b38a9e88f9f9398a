const DAY_MS = 24 * 3_600_000
/** Nobody bans for longer; beyond it a header is a mistake or meant to hurt. */
const LONGEST_MS = 30 * DAY_MS
/** `Sun, 06 Nov 1994 08:49:37 GMT` and the two obsolete forms; `Date.parse` alone takes `-1` for a date. */
const HTTP_DATE = /^[A-Z][a-z]+,? /

/**
 * What a `Retry-After` header asks for, `undefined` if it cannot be read: seconds, or a date, which is measured by the
 * answer's own `Date` where it has one, since our clock may be ahead of the server's.
 */
export function retryAfterMs(
  { retryAfter, date }: { readonly retryAfter: string | null | undefined; readonly date: string | null | undefined },
  nowMs: number,
): number | undefined {
  const text = retryAfter?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(LONGEST_MS, Math.ceil(Number(text) * 1000))
  const until = dateMs(text)
  if (until === undefined) return undefined
  return Math.min(LONGEST_MS, Math.max(0, until - Math.min(dateMs(date?.trim() ?? '') ?? nowMs, nowMs)))
}

function dateMs(text: string): number | undefined {
  const time = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
