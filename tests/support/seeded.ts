/** An integer from 0 up to, not including, `below`. */
export type Random = (below: number) => number

/** Marsaglia's xorshift32: the same numbers on every engine, spread well enough for tests. */
export function seeded(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
}
