import type { Aggregate } from '../../windows/aggregate.ts'
import type { Item } from './item.ts'

type Kept = Readonly<Item>

/** The item whose `a` is greatest (sign 1) or least (-1); of equal ones the earliest. */
export type Foremost = { readonly item: Kept | undefined }

export const foremost = (sign: 1 | -1): Aggregate<Foremost, Kept> => ({
  empty: { item: undefined },
  add: (sum, item) => (sum.item === undefined || (item.a - sum.item.a) * sign > 0 ? { item } : sum),
  merge: (older, newer) =>
    older.item === undefined || (newer.item !== undefined && (newer.item.a - older.item.a) * sign > 0) ? newer : older,
})

export type Edges = { readonly first: Kept | undefined; readonly last: Kept | undefined }

export const EDGES: Aggregate<Edges, Kept> = {
  empty: { first: undefined, last: undefined },
  add: ({ first }, item) => ({ first: first ?? item, last: item }),
  merge: (older, newer) => ({ first: older.first ?? newer.first, last: newer.last ?? older.last }),
}

/** Values that each hold until the next: from t1 to tn they make `area`; vn holds from tn on. */
export type Timed = {
  readonly n: number
  readonly t1: number
  readonly tn: number
  readonly vn: number
  readonly area: number
}

export const TIMED: Aggregate<Timed, { readonly at: number; readonly a: number }> = {
  empty: { n: 0, t1: 0, tn: 0, vn: 0, area: 0 },
  add: (sum, { at, a }) =>
    sum.n === 0
      ? { n: 1, t1: at, tn: at, vn: a, area: 0 }
      : { n: sum.n + 1, t1: sum.t1, tn: at, vn: a, area: sum.area + sum.vn * (at - sum.tn) },
  prepend: (sum, { at, a }) =>
    sum.n === 0
      ? { n: 1, t1: at, tn: at, vn: a, area: 0 }
      : { n: sum.n + 1, t1: at, tn: sum.tn, vn: sum.vn, area: a * (sum.t1 - at) + sum.area },
  merge: (older, newer) =>
    older.n === 0
      ? newer
      : newer.n === 0
        ? older
        : {
            n: older.n + newer.n,
            t1: older.t1,
            tn: newer.tn,
            vn: newer.vn,
            area: older.area + older.vn * (newer.t1 - older.tn) + newer.area,
          },
}
