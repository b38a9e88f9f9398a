import { panes, type PanesState } from '../panes.ts'
import type { Stage } from '../processor.ts'
import type { Aggregate } from './aggregate.ts'
import { window, type Told, type Window } from './window.ts'

/**
 * At each event the sum over (T - length, T], by T: nothing is late. `lag` 1 leaves the present event out. Written with the same bits
 * wherever a run began (core/panes.ts); `start` and `end` are T - length and T.
 */
export function sliding<Acc, X>(
  aggregate: Aggregate<Acc, X>,
  { lengthMicros, lag = 0 }: { readonly lengthMicros: number; readonly lag?: 0 | 1 },
): Stage<PanesState<Acc, X>, Told<X>, Window<Acc>> {
  const { initial, add, value } = panes(aggregate, lengthMicros)
  return {
    initial,
    step(state, { now, event }, { emit }) {
      if (event === undefined) return
      if (lag === 0) add(state, now, event.value)
      emit(window(now - lengthMicros, now, value(state, now)))
      if (lag === 1) add(state, now, event.value)
    },
  }
}
