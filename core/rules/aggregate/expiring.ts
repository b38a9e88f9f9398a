import type { Frame } from '../frame.ts'
import { finite } from './arithmetic.ts'
import { noBounds, type Bounding, type Bounds } from './bounds.ts'
import { blankItem, type Take } from './item.ts'
import { MOST_DISTINCT, quantileOf } from './lists.ts'
import { made, type Made } from './made.ts'
import { dropBefore, emptyRing, push, ringSize, type Columns, type Ring } from './ring.ts'
import { emptySorted, insert, nth, rankOf, remove, type Sorted } from './sorted.ts'

/** The window's events by their time, and what they are kept in beside. */
type Expiring<Kept> = { readonly bounds: Bounds; readonly ring: Ring; readonly kept: Kept; stamp: number }

type Keeping<Kept> = {
  readonly share: string
  readonly initial: () => Kept
  readonly put: (kept: Kept, value: number | string) => void
  readonly take: (kept: Kept, value: number | string) => void
  /** `except`: one that is in and does not count. */
  readonly read: (kept: Kept, except: number | string | undefined) => number
}

const EVENT_BYTES = 24

function expiring<Kept>(
  keeping: Keeping<Kept>,
  { since, touch }: Bounding,
  take: Take,
  columns: Columns,
  lag: 0 | 1,
): Made {
  const item = blankItem()
  const valueAt = ({ a, text }: Ring, index: number): number | string => (columns.text ? text[index] : a[index]) ?? 0
  const expire = ({ bounds, ring, kept }: Expiring<Kept>, { now }: Frame): void =>
    dropBefore(ring, since(bounds, now), (one, index) => keeping.take(kept, valueAt(one, index)))
  return made<Expiring<Kept>>({
    share: keeping.share,
    initial: () => ({ bounds: noBounds(), ring: emptyRing(), kept: keeping.initial(), stamp: -1 }),
    add(state, frame) {
      if (!take(frame, item)) return
      const { ring } = state
      expire(state, frame)
      push(ring, columns, item)
      keeping.put(state.kept, valueAt(ring, ring.at.length - 1))
      touch(state.bounds, frame.now)
      state.stamp = frame.stamp
    },
    held: ({ ring }) => EVENT_BYTES * ringSize(ring),
    number(state, frame) {
      expire(state, frame)
      const { ring } = state
      const except = lag === 1 && state.stamp === frame.stamp ? valueAt(ring, ring.at.length - 1) : undefined
      return keeping.read(state.kept, except)
    },
  })
}

/** Quantile `p`; median and quantiles of one `of` share their state. */
export const quantile = (p: number, bounding: Bounding, take: Take, columns: Columns, lag: 0 | 1): Made =>
  expiring<Sorted>(
    {
      share: 'sorted',
      initial: emptySorted,
      put: (sorted, x) => insert(sorted, Number(x)),
      take: (sorted, x) => remove(sorted, Number(x)),
      read(sorted, except) {
        if (except === undefined) return finite(quantileOf(sorted.size, p, (rank) => nth(sorted, rank)))
        const left = rankOf(sorted, Number(except))
        return finite(quantileOf(sorted.size - 1, p, (rank) => nth(sorted, rank < left ? rank : rank + 1)))
      },
    },
    bounding,
    take,
    columns,
    lag,
  )

/** How many different values. */
export const distinct = (bounding: Bounding, take: Take, columns: Columns, lag: 0 | 1): Made =>
  expiring<Map<number | string, number>>(
    {
      share: 'distinct',
      initial: () => new Map(),
      put: (counts, x) => counts.set(x, (counts.get(x) ?? 0) + 1),
      take(counts, x) {
        const count = counts.get(x) ?? 0
        if (count > 1) counts.set(x, count - 1)
        else counts.delete(x)
      },
      read: (counts, except) =>
        Math.min(MOST_DISTINCT, counts.size - (except !== undefined && counts.get(except) === 1 ? 1 : 0)),
    },
    bounding,
    take,
    columns,
    lag,
  )
