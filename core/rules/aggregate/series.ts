import type { Arithmetic } from './arithmetic.ts'
import { foldOf, forgetFolds, noFolds, numberOf, type Folds } from './folds.ts'
import { addToHop, closeHop, forgetHops, noHops, sumOfHops, type Hopping, type Hops } from './hops.ts'
import { blankItem, type Item, type Take } from './item.ts'
import { made, type Made } from './made.ts'

type Series = {
  readonly hops: Hops
  /** The last closed window's end, in hops. */
  end: number
  /** Of windows that something fell into and that have a value: their ends, oldest first, and values. */
  readonly closed: { readonly end: number; readonly a: number; readonly text: string | undefined }[]
  readonly folds: Folds
}

/** The aggregate whose closed windows are the values; `zero`: one that nothing fell into has the value 0, else none. */
export type Inner = {
  readonly arithmetic: Arithmetic
  readonly window: Hopping
  readonly isText: boolean
  readonly zero: boolean
}

const VALUE_BYTES = 16
const HOP_BYTES = 96

/** The last `count` closed windows of an aggregate of its own, summed at reading, oldest first, by their ends. */
export function series(arithmetic: Arithmetic, inner: Inner, count: number, take: Take, name: string): Made {
  const { share, start, add, text } = arithmetic
  const { lengthMicros, hopMicros } = inner.window
  const hopsOfWindow = lengthMicros / hopMicros
  const item = blankItem()

  function closeWindow(state: Series, end: number): void {
    const sum = sumOfHops(state.hops, inner.arithmetic, end - hopsOfWindow, end)
    if (sum === undefined) return
    const a = inner.isText ? 0 : inner.arithmetic.number(sum, end * hopMicros - lengthMicros, end * hopMicros)
    const found = inner.isText ? inner.arithmetic.text(sum) : undefined
    if (Number.isNaN(a) || (inner.isText && found === undefined)) return
    state.closed.push({ end, a, text: found })
  }

  function close(state: Series, now: number): void {
    const { hops, closed } = state
    closeHop(hops, now, hopMicros)
    if (hops.hop === state.end) return
    const newest = hops.closed.at(-1)?.hop ?? -Infinity
    const last = Math.min(hops.hop, newest + hopsOfWindow)
    for (let end = Math.max(state.end, hops.hop - count) + 1; end <= last; end++) closeWindow(state, end)
    state.end = hops.hop
    forgetHops(hops, state.end + 1 - hopsOfWindow)
    const kept = closed.findIndex(({ end }) => end > state.end - count)
    closed.splice(0, kept < 0 ? closed.length : kept)
    forgetFolds(state.folds)
  }

  function sumOf(state: Series): object {
    const one: Item = blankItem()
    let sum = start()
    let next = 0
    for (let end = state.end - count + 1; end <= state.end; end++) {
      const found = state.closed[next]
      const isHere = found?.end === end
      if (isHere) next++
      else if (!inner.zero) continue
      one.at = end * hopMicros
      one.a = isHere ? found.a : 0
      one.text = isHere ? found.text : undefined
      sum = add(sum, one)
    }
    return sum
  }

  return made<Series>({
    share: 'series',
    initial: () => ({ hops: noHops(), end: -1, closed: [], folds: noFolds() }),
    add(state, frame) {
      if (!take(frame, item)) return
      close(state, frame.now)
      addToHop(state.hops, inner.arithmetic, item)
    },
    held: ({ hops, closed }) =>
      VALUE_BYTES * closed.length +
      HOP_BYTES * hops.closed.length +
      (hops.open === undefined ? 0 : inner.arithmetic.held(hops.open)),
    number(state, { now }) {
      close(state, now)
      const sum = foldOf(state.folds, share, () => sumOf(state))
      return numberOf(arithmetic, state.folds, name, sum, now - count * hopMicros, now)
    },
    text(state, { now }) {
      close(state, now)
      return text(foldOf(state.folds, share, () => sumOf(state)))
    },
  })
}
