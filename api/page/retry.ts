const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000

/** Full jitter, so that a thousand pages do not come back in the same moment after a restart of the server. */
export const retryDelayMs = (attempt: number, random: number): number =>
  Math.round(FIRST_RETRY_MS / 2 + random * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))
