const FIRST_MS = 500
const CAP_MS = 30_000
const MINUTE_MS = 60_000

/** Full jitter: up to 0.5 s doubled by each attempt, 30 s at most; `random` in [0, 1). Never gives up. */
export const delayMs = (attempt: number, random: number): number =>
  random * Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(attempt, 16))

/** Wait after an exchange said that we ask too much (429, 418): what it names, else one to ten minutes. */
export const refusedDelayMs = (retryAfterMs: number | undefined, random: number): number =>
  retryAfterMs ?? MINUTE_MS + random * 9 * MINUTE_MS

/** Of a service that restarts: 5 to 30 s, as the registry of close codes asks, so that not all clients come back at once. */
export const restartDelayMs = (random: number): number => 5000 + random * 25_000

/** After a close that objects to what we do: half a minute to a minute, doubled by each attempt, ten minutes at most. */
export const longDelayMs = (attempt: number, random: number): number =>
  ((1 + random) / 2) * Math.min(10 * MINUTE_MS, MINUTE_MS * 2 ** Math.min(attempt, 16))
