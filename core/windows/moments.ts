import type { Aggregate } from './aggregate.ts'

/** Count, mean, and sum of squared distances from the mean (Welford; merged as by Chan, Golub and LeVeque). */
export type Moments = { readonly n: number; readonly mean: number; readonly squares: number }

export const MOMENTS: Aggregate<Moments, number> = {
  empty: { n: 0, mean: 0, squares: 0 },
  add(a, x) {
    const n = a.n + 1
    const d = x - a.mean
    const mean = a.mean + d / n
    return { n, mean, squares: a.squares + d * (x - mean) }
  },
  merge(a, b) {
    if (a.n === 0) return b
    if (b.n === 0) return a
    const n = a.n + b.n
    const d = b.mean - a.mean
    const mean = a.mean + (d * b.n) / n
    return { n, mean, squares: a.squares + b.squares + (d * d * a.n * b.n) / n }
  },
}

export const meanOf = ({ n, mean }: Moments): number | undefined => (n < 1 ? undefined : mean)
/** Of a sample: divided by n - 1. */
export const varianceOf = ({ n, squares }: Moments): number | undefined => (n < 2 ? undefined : squares / (n - 1))
export const sdOf = ({ n, squares }: Moments): number | undefined => (n < 2 ? undefined : Math.sqrt(squares / (n - 1)))

export type Pair = { readonly y: number; readonly x: number }
/** Means, and sums of products of distances from them. */
export type CoMoments = {
  readonly n: number
  readonly mx: number
  readonly my: number
  readonly qxx: number
  readonly qyy: number
  readonly qxy: number
}

export const CO_MOMENTS: Aggregate<CoMoments, Pair> = {
  empty: { n: 0, mx: 0, my: 0, qxx: 0, qyy: 0, qxy: 0 },
  add(a, { x, y }) {
    const n = a.n + 1
    const dx = x - a.mx
    const dy = y - a.my
    const mx = a.mx + dx / n
    const my = a.my + dy / n
    return { n, mx, my, qxx: a.qxx + dx * (x - mx), qyy: a.qyy + dy * (y - my), qxy: a.qxy + dx * (y - my) }
  },
  merge(a, b) {
    if (a.n === 0) return b
    if (b.n === 0) return a
    const n = a.n + b.n
    const dx = b.mx - a.mx
    const dy = b.my - a.my
    return {
      n,
      mx: a.mx + (dx * b.n) / n,
      my: a.my + (dy * b.n) / n,
      qxx: a.qxx + b.qxx + (dx * dx * a.n * b.n) / n,
      qyy: a.qyy + b.qyy + (dy * dy * a.n * b.n) / n,
      qxy: a.qxy + b.qxy + (dx * dy * a.n * b.n) / n,
    }
  },
}

/** Slope of y over x by least squares; none where x does not vary. */
export const betaOf = ({ n, qxx, qxy }: CoMoments): number | undefined => (n < 2 || qxx === 0 ? undefined : qxy / qxx)

export const correlationOf = ({ n, qxx, qyy, qxy }: CoMoments): number | undefined =>
  n < 2 || qxx === 0 || qyy === 0 ? undefined : qxy / Math.sqrt(qxx * qyy)

/** The x of a slope over time, in seconds: from a moment so near that microseconds keep their digits (2020-09-13). */
export const slopeTime = (at: number): number => (at - 1_600_000_000_000_000) / 1_000_000
