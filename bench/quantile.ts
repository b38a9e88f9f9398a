export type Spread = { readonly p50Ms: number; readonly p99Ms: number }

/** Nearest rank of unsorted numbers; `undefined` if there are none. */
export function spreadOf(durationsMs: readonly number[]): Spread | undefined {
  const sorted = Float64Array.from(durationsMs).toSorted()
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return sorted.length === 0 ? undefined : { p50Ms: at(0.5), p99Ms: at(0.99) }
}

/**
 * One spread of several intervals': the middle of the medians, the worst of the 99th percentiles. Never better than what
 * all durations together would give.
 */
export function worstOf(intervals: readonly Spread[]): Spread | undefined {
  if (intervals.length === 0) return undefined
  const medians = spreadOf(intervals.map(({ p50Ms }) => p50Ms))
  return { p50Ms: medians?.p50Ms ?? 0, p99Ms: Math.max(...intervals.map(({ p99Ms }) => p99Ms)) }
}
