import type { Micros } from '../core/time.ts'

const FIRST_MS = 500
const CAP_MS = 30_000
const MINUTE_MS = 60_000

/** Full jitter: up to 0.5 s doubled by each attempt, 30 s at most; `random` in [0, 1). Never gives up. */
export const delayMs = (attempt: number, random: number): number =>
  random * Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(attempt, 16))

/** Wait after an exchange said that we ask too much (429, 418): what it names, else one to ten minutes. */
export const refusedDelayMs = (retryAfterMs: number | undefined, random: number): number =>
  retryAfterMs ?? MINUTE_MS + random * 9 * MINUTE_MS

/** Of a documented limit we use this much, since its count of us may differ from ours. */
const SHARE = 0.8

/** When the next connection may be tried, given the times of the former attempts (ascending). */
export function connectAllowedAt(
  attempts: readonly Micros[],
  limit: { readonly count: number; readonly perMs: number },
  time: Micros,
): number {
  const count = Math.max(1, Math.floor(limit.count * SHARE))
  const oldest = attempts.at(-count)
  return oldest === undefined ? time : Math.max(time, oldest + limit.perMs * 1000)
}
