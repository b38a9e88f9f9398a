/** Doubles as whole numbers of 2^-80: exact for all that have no digit below. */
const UNIT = 80n

function exact(x: number): bigint {
  let scale = 0n
  let whole = x
  while (!Number.isInteger(whole)) {
    whole *= 2
    scale += 1n
  }
  if (scale > UNIT) throw new RangeError(`too fine: ${x}`)
  return BigInt(whole) << (UNIT - scale)
}

/** Variance of a sample, worked out without rounding but in the last step. */
export function exactVariance(values: readonly number[]): number {
  const n = BigInt(values.length)
  const wholes = values.map(exact)
  const sum = wholes.reduce((acc, x) => acc + x, 0n)
  const squares = wholes.reduce((acc, x) => acc + x * x, 0n)
  const numerator = n * squares - sum * sum
  const denominator = (n * (n - 1n)) << (2n * UNIT)
  // 200 binary digits behind the point, of which Number keeps the first 53.
  return Number((numerator << 200n) / denominator) / 2 ** 200
}
