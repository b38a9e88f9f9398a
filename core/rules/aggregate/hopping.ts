import type { Arithmetic } from './arithmetic.ts'
import { addToHop, closeHop, forgetHops, noHops, sumOfHops, type Hopping, type Hops } from './hops.ts'
import { blankItem, type Take } from './item.ts'
import { made, type Made } from './made.ts'

type State = {
  readonly hops: Hops
  /** The last closed window's end, in hops, and its sum; another at each close. */
  end: number
  sum: object | undefined
  /** Of lists: what was asked for of that sum already. */
  readonly memo: Map<string, number>
}

const HOP_BYTES = 96

/**
 * The value of the last closed window that ends at a multiple of the hop; tumbling ones hop by their length. Closed when T is
 * seen to have passed its end, by whoever comes first, so that it needs no timer. The present event is never in it.
 */
export function hopping(arithmetic: Arithmetic, window: Hopping, take: Take, name: string): Made {
  const { share, start, held, isList, number, text } = arithmetic
  const { lengthMicros, hopMicros } = window
  const hopsOfWindow = lengthMicros / hopMicros
  const item = blankItem()
  const empty = start()

  function close(state: State, now: number): void {
    closeHop(state.hops, now, hopMicros)
    const end = state.hops.hop
    if (end === state.end) return
    state.end = end
    state.memo.clear()
    forgetHops(state.hops, end - hopsOfWindow)
    state.sum = sumOfHops(state.hops, arithmetic, end - hopsOfWindow, end)
  }
  const value = (state: State): number =>
    number(state.sum ?? empty, state.end * hopMicros - lengthMicros, state.end * hopMicros)

  return made<State>({
    share,
    initial: () => ({ hops: noHops(), end: -1, sum: undefined, memo: new Map() }),
    add(state, frame) {
      if (!take(frame, item)) return
      close(state, frame.now)
      addToHop(state.hops, arithmetic, item)
    },
    held: ({ hops: { open, closed } }) =>
      (open === undefined ? 0 : held(open)) +
      (isList ? closed.reduce((bytes, { sum }) => bytes + held(sum), 0) : HOP_BYTES * closed.length),
    number(state, { now }) {
      close(state, now)
      if (!isList) return value(state)
      const known = state.memo.get(name)
      if (known !== undefined) return known
      const found = value(state)
      state.memo.set(name, found)
      return found
    },
    text(state, { now }) {
      close(state, now)
      return text(state.sum ?? empty)
    },
  })
}
