import { MICROS_PER_SECOND } from '../../time.ts'
import { blankItem, type Take } from './item.ts'
import { made, type Made } from './made.ts'
import { dropBefore, emptyRing, push, ringSize, type Ring } from './ring.ts'

type Counted = { readonly ring: Ring; stamp: number }

const TIMES = { open: false, a: false, b: false, text: false }
const EVENT_BYTES = 8

/** How many events a sliding window holds: their times. */
export function slidingCount(agg: 'count' | 'rate', lengthMicros: number, take: Take, lag: 0 | 1): Made {
  const item = blankItem()
  const per = agg === 'count' ? 1 : lengthMicros / MICROS_PER_SECOND
  return made<Counted>({
    share: 'count',
    initial: () => ({ ring: emptyRing(), stamp: -1 }),
    add(state, frame) {
      if (!take(frame, item)) return
      push(state.ring, TIMES, item)
      dropBefore(state.ring, frame.now - lengthMicros + 1)
      state.stamp = frame.stamp
    },
    held: ({ ring }) => EVENT_BYTES * ringSize(ring),
    number(state, { now, stamp }) {
      dropBefore(state.ring, now - lengthMicros + 1)
      return (ringSize(state.ring) - (lag === 1 && state.stamp === stamp ? 1 : 0)) / per
    },
  })
}
