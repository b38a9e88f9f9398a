/** Numbers in [0, 1), the same ones for the same seed. */
export type Random = () => number

/** Mulberry32: 32 bits of state, plain integer arithmetic, so that every engine draws the same numbers. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Close to a standard normal number (sum of four uniform ones, so never beyond 3.5): no log, no cos. */
export const bell = (random: Random): number => (random() + random() + random() + random() - 2) * Math.sqrt(3)
