/**
 * A sum of what a window holds, as values in and values out, so that parts can be kept and merged. The bits of a result
 * depend on the order of adding and merging: that order is fixed by whoever uses it (core/panes.ts), never by history.
 */
export type Aggregate<Acc, X> = {
  readonly empty: Acc
  readonly add: (acc: Acc, x: X) => Acc
  /** Takes one that is older than all in `acc`, where that is not the same as {@link Aggregate.add}. */
  readonly prepend?: (acc: Acc, x: X) => Acc
  /** `empty` on either side gives the other, bit for bit. */
  readonly merge: (older: Acc, newer: Acc) => Acc
}

export type Sum = { readonly n: number; readonly sum: number }

export const SUM: Aggregate<Sum, number> = {
  empty: { n: 0, sum: 0 },
  add: ({ n, sum }, x) => ({ n: n + 1, sum: sum + x }),
  merge: (a, b) => (a.n === 0 ? b : b.n === 0 ? a : { n: a.n + b.n, sum: a.sum + b.sum }),
}

export type Sized = { readonly price: number; readonly size: number }
/** Sums of price x size and of size. */
export type Weighted = { readonly n: number; readonly volume: number; readonly quoteVolume: number }

export const WEIGHTED: Aggregate<Weighted, Sized> = {
  empty: { n: 0, volume: 0, quoteVolume: 0 },
  add: ({ n, volume, quoteVolume }, { price, size }) => ({
    n: n + 1,
    volume: volume + size,
    quoteVolume: quoteVolume + price * size,
  }),
  merge: (a, b) =>
    a.n === 0
      ? b
      : b.n === 0
        ? a
        : { n: a.n + b.n, volume: a.volume + b.volume, quoteVolume: a.quoteVolume + b.quoteVolume },
}

/** Mean price by size; none without volume. */
export const vwap = ({ volume, quoteVolume }: Weighted): number | undefined =>
  volume > 0 ? quoteVolume / volume : undefined

/** `min` and `max` are infinite while `n` is 0. */
export type Extremes = { readonly n: number; readonly min: number; readonly max: number }

export const EXTREMES: Aggregate<Extremes, number> = {
  empty: { n: 0, min: Infinity, max: -Infinity },
  add: ({ n, min, max }, x) => ({ n: n + 1, min: Math.min(min, x), max: Math.max(max, x) }),
  merge: (a, b) => ({ n: a.n + b.n, min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }),
}
