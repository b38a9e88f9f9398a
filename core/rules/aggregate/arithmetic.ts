import { panes } from '../../panes.ts'
import type { Micros } from '../../time.ts'
import type { Aggregate } from '../../windows/aggregate.ts'
import type { Item } from './item.ts'

/**
 * How one aggregate is summed and read, whatever its window. Two with the same `share` sum alike and may read one state. A sum
 * is plain data and is not changed once it is made, but for lists, to which {@link Arithmetic.add} appends.
 */
export type Arithmetic = {
  readonly share: string
  /** Sum of nothing; of a list another at every call. */
  start(this: void): object
  add(this: void, sum: object, item: Item): object
  /** `older` on the left; only asked for where {@link Arithmetic.merges}. */
  merge(this: void, older: object, newer: object): object
  readonly merges: boolean
  readonly isList: boolean
  /** Bytes that a sum takes. */
  held(this: void, sum: object): number
  /** NaN is absent; the window from `from` to `to`, in microseconds. */
  number(this: void, sum: object, from: number, to: number): number
  text(this: void, sum: object): string | undefined
  panes(this: void, lengthMicros: number): ErasedPanes
}

export type ErasedPanes = {
  initial(this: void): object
  add(this: void, state: object, at: Micros, item: Item): void
  value(this: void, state: object, now: Micros, lag: 0 | 1): object
  held(this: void, state: object): number
}

export type Definition<Acc extends object, X> = {
  readonly share: string
  readonly aggregate: Aggregate<Acc, X>
  /** What an item is to the aggregate: another value at each call. */
  readonly of: (item: Item) => X
  readonly number: (sum: Acc, from: number, to: number) => number
  readonly text?: (sum: Acc) => string | undefined
  readonly merges?: boolean
}

const SUM_BYTES = 96
const EVENT_BYTES = 16
const PANE_BYTES = 128

/** Absent also if no double can hold it. */
export const finite = (x: number): number => (Number.isFinite(x) ? x : Number.NaN)

export function arithmetic<Acc extends object, X>({
  share,
  aggregate,
  of,
  number,
  text = () => undefined,
  merges = true,
}: Definition<Acc, X>): Arithmetic {
  const typed = {
    start: (): Acc => aggregate.empty,
    add(sum: Acc, item: Item): Acc {
      return aggregate.add(sum, of(item))
    },
    merge(older: Acc, newer: Acc): Acc {
      return aggregate.merge(older, newer)
    },
    number(sum: Acc, from: number, to: number): number {
      return finite(number(sum, from, to))
    },
    text(sum: Acc): string | undefined {
      return text(sum)
    },
    panes(lengthMicros: number) {
      const { initial, add, value } = panes(aggregate, lengthMicros)
      type State = ReturnType<typeof initial>
      return {
        initial,
        add: (state: State, at: Micros, item: Item): void => add(state, at, of(item)),
        value,
        held: ({ times, head, nodes }: State): number =>
          EVENT_BYTES * (times.length - head) + PANE_BYTES * (nodes[0]?.size ?? 0),
      }
    },
  }
  return { share, merges, isList: false, held: () => SUM_BYTES, ...erase(typed) }
}

type Typed<Acc extends object> = {
  start(this: void): Acc
  add(this: void, sum: Acc, item: Item): Acc
  merge(this: void, older: Acc, newer: Acc): Acc
  number(this: void, sum: Acc, from: number, to: number): number
  text(this: void, sum: Acc): string | undefined
  panes(this: void, lengthMicros: number): ErasedPanes
}
type Erased = Pick<Arithmetic, 'start' | 'add' | 'merge' | 'number' | 'text' | 'panes'>
const erase = <Acc extends object>(typed: Typed<Acc>): Erased => typed
