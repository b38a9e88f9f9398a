/** How often and how fast a process that died is started again. */
export type RestartPolicy = {
  readonly maxStarts: number
  readonly withinMs: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

/** At most five starts in five minutes (ecosystem.md section 6): a process that dies that often needs a person. */
export const RESTART_POLICY: RestartPolicy = { maxStarts: 5, withinMs: 300_000, firstDelayMs: 250, maxDelayMs: 8000 }

/**
 * Milliseconds to wait before the next start, `undefined` to give up.
 *
 * @param starts when it was started, in milliseconds, the first start included, ascending
 */
export function restartDelay(starts: readonly number[], now: number, policy = RESTART_POLICY): number | undefined {
  const recent = starts.filter((start) => start > now - policy.withinMs)
  if (recent.length >= policy.maxStarts) return undefined
  const earlier = Math.max(0, recent.length - 1)
  return Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** earlier)
}
