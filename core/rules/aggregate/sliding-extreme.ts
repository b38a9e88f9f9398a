import { blankItem, type Item, type Take } from './item.ts'
import { made, type Made } from './made.ts'
import { dropBefore, emptyRing, fill, pop, push, ringSize, type Columns, type Ring } from './ring.ts'

/** Only those after which no better one came, so the first is the best; and the best before the latest event. */
type Extreme = { readonly ring: Ring; readonly before: Item; hadBefore: boolean; stamp: number }

const EVENT_BYTES = 16

/** `sign` 1: the greatest `a`, -1: the least; of equal ones the earliest. Read is `a`, or what was there beside it. */
export function slidingExtreme(
  sign: 1 | -1,
  of: 'a' | 'b',
  lengthMicros: number,
  take: Take,
  columns: Columns,
  lag: 0 | 1,
): Made {
  const item = blankItem()
  const found = blankItem()
  const best = (state: Extreme, now: number, stamp: number): Item | undefined => {
    dropBefore(state.ring, now - lengthMicros + 1)
    if (lag === 1 && state.stamp === stamp) return state.hadBefore ? state.before : undefined
    return ringSize(state.ring) === 0 ? undefined : fill(found, state.ring, state.ring.head)
  }
  return made<Extreme>({
    share: sign === 1 ? 'greatest' : 'least',
    initial: () => ({ ring: emptyRing(), before: blankItem(), hadBefore: false, stamp: -1 }),
    add(state, frame) {
      if (!take(frame, item)) return
      const { ring } = state
      dropBefore(ring, frame.now - lengthMicros + 1)
      state.hadBefore = ringSize(ring) > 0
      if (state.hadBefore) fill(state.before, ring, ring.head)
      while (ring.at.length > ring.head && ((ring.a.at(-1) ?? 0) - item.a) * sign < 0) pop(ring, columns)
      push(ring, columns, item)
      state.stamp = frame.stamp
    },
    held: ({ ring }) => EVENT_BYTES * ringSize(ring),
    number: (state, { now, stamp }) => best(state, now, stamp)?.[of] ?? Number.NaN,
    text: (state, { now, stamp }) => best(state, now, stamp)?.text,
  })
}
