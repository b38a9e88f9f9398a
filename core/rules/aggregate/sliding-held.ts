import type { Arithmetic } from './arithmetic.ts'
import { blankItem, type Take } from './item.ts'
import { made, type Made } from './made.ts'
import { dropBefore, emptyRing, fill, push, ringSize, type Columns, type Ring } from './ring.ts'

type Held = {
  readonly ring: Ring
  stamp: number
  memo: { readonly at: number; readonly share: string; readonly sum: object } | undefined
}

const EVENT_BYTES = 16

/**
 * The events of a sliding window themselves, summed oldest first at reading. `ends`: the sum asks for the first and the last
 * only.
 */
export function slidingHeld(
  { share, start, add, number, text }: Arithmetic,
  lengthMicros: number,
  take: Take,
  columns: Columns,
  wanted: 0 | 1,
  ends: boolean,
): Made {
  const item = blankItem()
  const sumOf = (state: Held, now: number, stamp: number): object => {
    const { ring } = state
    dropBefore(ring, now - lengthMicros + 1)
    const lag = wanted === 1 && state.stamp === stamp ? 1 : 0
    const memo = `${share} ${lag}`
    if (state.memo?.at === now && state.memo.share === memo) return state.memo.sum
    const end = ring.at.length - lag
    let sum = start()
    if (!ends) for (let index = ring.head; index < end; index++) sum = add(sum, fill(item, ring, index))
    else if (ring.head < end) sum = add(add(sum, fill(item, ring, ring.head)), fill(item, ring, end - 1))
    state.memo = { at: now, share: memo, sum }
    return sum
  }
  return made<Held>({
    share: 'held',
    initial: () => ({ ring: emptyRing(), stamp: -1, memo: undefined }),
    add(state, frame) {
      if (!take(frame, item)) return
      push(state.ring, columns, item)
      dropBefore(state.ring, frame.now - lengthMicros + 1)
      state.stamp = frame.stamp
      state.memo = undefined
    },
    held: ({ ring }) => EVENT_BYTES * ringSize(ring),
    number: (state, { now, stamp }) => number(sumOf(state, now, stamp), now - lengthMicros, now),
    text: (state, { now, stamp }) => text(sumOf(state, now, stamp)),
  })
}
