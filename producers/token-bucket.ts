/** A documented limit: so many requests, or so much weight, within a span. */
export type Limit = { readonly count: number; readonly perMs: number }

type Taken = { readonly time: number; readonly weight: number }

/**
 * What was taken of a limit, and until when nothing may be. Times in microseconds.
 *
 * A token comes back when the whole span has passed since it was taken, so that no span of that length ever sees more than
 * our share of the limit: buckets that refill steadily let twice as much through after a pause.
 */
export type TokenBucket = { readonly taken: readonly Taken[]; readonly heldUntil: number }

export const FULL_BUCKET: TokenBucket = { taken: [], heldUntil: 0 }

/** Of a documented limit we use this much, since its count of us may differ from ours. */
const SHARE = 0.8
/** What is taken within one of so many parts of the span comes back together, so that a bucket stays small. */
const PARTS = 64

/** When so much may be taken: `time` itself if now. What exceeds our whole share waits for all of it. */
export function allowedAt({ taken, heldUntil }: TokenBucket, limit: Limit, time: number, weight = 1): number {
  const span = limit.perMs * 1000
  let missing = Math.min(weight, shareOf(limit)) - shareOf(limit)
  for (const one of taken) if (one.time > time - span) missing += one.weight
  let at = Math.max(time, heldUntil)
  for (const one of taken) {
    if (missing <= 0) break
    if (one.time <= time - span) continue
    missing -= one.weight
    at = Math.max(at, one.time + span)
  }
  return at
}

/** Takes so much now, allowed or not: ask {@link allowedAt} first. */
export function take({ taken, heldUntil }: TokenBucket, limit: Limit, time: number, weight = 1): TokenBucket {
  const span = limit.perMs * 1000
  const part = Math.max(1, Math.floor(span / PARTS))
  const last = taken.at(-1)
  // A clock that steps back keeps the order; the later time is the safe one.
  const at = Math.max(Math.ceil(time / part) * part, last?.time ?? 0)
  const kept = taken.filter((one) => one.time > time - span)
  if (last !== undefined && last.time === at && kept.length > 0)
    return { taken: [...kept.slice(0, -1), { time: at, weight: last.weight + weight }], heldUntil }
  return { taken: [...kept, { time: at, weight }], heldUntil }
}

/** The other side asked us to wait: nothing before `until`, whoever of us asks. */
export const hold = (bucket: TokenBucket, until: number): TokenBucket => ({
  taken: bucket.taken,
  heldUntil: Math.max(bucket.heldUntil, until),
})

const shareOf = ({ count }: Limit): number => Math.max(1, Math.floor(count * SHARE))
