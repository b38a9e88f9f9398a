/** Neighbouring buckets differ by this factor, so a quantile is read at most 2 % too high. */
const GROWTH = 1.02
const SMALLEST_MS = 0.01
const BUCKETS = Math.ceil(Math.log(3_600_000 / SMALLEST_MS) / Math.log(GROWTH))

/** Durations of an interval in buckets of constant ratio: adding one costs no allocation, whatever the rate. */
export type Quantiles = {
  add(durationMs: number): void
  /** The bucket bound below which `share` of the durations lie; 0 if there were none. */
  at(share: number): number
  count(): number
  reset(): void
}

export function createQuantiles(): Quantiles {
  const buckets = new Uint32Array(BUCKETS + 1)
  let total = 0
  return {
    add(durationMs) {
      const rank = Math.ceil(Math.log(Math.max(durationMs, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH))
      const index = Math.min(rank, BUCKETS)
      buckets[index] = (buckets[index] ?? 0) + 1
      total++
    },
    at(share) {
      if (total === 0) return 0
      let seen = 0
      const index = buckets.findIndex((count) => (seen += count) >= share * total)
      return SMALLEST_MS * GROWTH ** index
    },
    count: () => total,
    reset() {
      buckets.fill(0)
      total = 0
    },
  }
}
