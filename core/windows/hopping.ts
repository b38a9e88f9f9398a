import type { Stage } from '../processor.ts'
import type { Aggregate } from './aggregate.ts'
import { checkLength, floorTo, window, type Told, type Window } from './window.ts'

export type Hops = {
  readonly lengthMicros: number
  /** Windows end at multiples of it since the epoch; it divides the length. */
  readonly hopMicros: number
  /** How long after its end, of T, a window still takes events; 0 for events that are stamped with T. */
  readonly graceMicros: number
}

/** Sums of one hop's events, by its start; `due` is the end of the next window that has any. Changed in place. */
export type HoppingState<Acc> = { readonly hops: Map<number, Acc>; due: number }

/**
 * Windows of `lengthMicros` that begin each `hopMicros`, by the events' own times. A window closes when T is at or past its end
 * and the grace, before the record that carries T there. An event is counted `late` if all of its windows have closed, `late_for_some` if
 * the first of them have. A hop's events are added in the log's order, hops merged oldest first.
 */
export function hopping<Acc, X>(
  { add, merge, empty }: Aggregate<Acc, X>,
  { lengthMicros, hopMicros, graceMicros }: Hops,
): Stage<HoppingState<Acc>, Told<X>, Window<Acc>> {
  checkLength('length', lengthMicros)
  checkLength('hop', hopMicros)
  if (lengthMicros % hopMicros !== 0) throw new RangeError(`a hop of ${hopMicros} does not divide ${lengthMicros}`)

  const sumOf = (hops: ReadonlyMap<number, Acc>, end: number): Acc | undefined => {
    let sum: Acc | undefined
    for (let start = end - lengthMicros; start < end; start += hopMicros) {
      const one = hops.get(start)
      if (one !== undefined) sum = sum === undefined ? one : merge(sum, one)
    }
    return sum
  }
  const dueAfter = (end: number, hops: ReadonlyMap<number, Acc>): number => {
    let first = Infinity
    for (const start of hops.keys()) first = Math.min(first, start)
    return Math.max(end + hopMicros, first + hopMicros)
  }

  return {
    initial: () => ({ hops: new Map(), due: Infinity }),
    step(state, { now, event }, { emit, count }) {
      const { hops } = state
      /** The last end whose window is closed. */
      const closed = floorTo(Math.max(0, now - graceMicros), hopMicros)
      while (state.due <= closed) {
        const end = state.due
        const value = sumOf(hops, end)
        if (value !== undefined) emit(window(end - lengthMicros, end, value))
        hops.delete(end - lengthMicros)
        state.due = dueAfter(end, hops)
      }
      if (event === undefined) return
      const start = floorTo(event.at, hopMicros)
      if (start + lengthMicros <= closed) return count('late')
      if (start + hopMicros <= closed) count('late_for_some')
      hops.set(start, add(hops.get(start) ?? empty, event.value))
      state.due = Math.min(state.due, Math.max(start, closed) + hopMicros)
    },
  }
}

/** Windows side by side: each event falls into one. */
export const tumbling = <Acc, X>(
  aggregate: Aggregate<Acc, X>,
  { lengthMicros, graceMicros }: Omit<Hops, 'hopMicros'>,
): Stage<HoppingState<Acc>, Told<X>, Window<Acc>> =>
  hopping(aggregate, { lengthMicros, hopMicros: lengthMicros, graceMicros })
