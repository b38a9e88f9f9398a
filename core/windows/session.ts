import type { Stage } from '../processor.ts'
import type { Micros } from '../time.ts'
import type { Aggregate } from './aggregate.ts'
import { checkLength, floorTo, window, type Told, type Window } from './window.ts'

/** The window that is open, if any; `end` is where it closes unless an event comes before. Changed in place. */
export type SessionState<Acc> = {
  open: { readonly start: Micros; end: number; sum: Acc } | undefined
}

/**
 * A window from the first event after a pause of `gapMicros` to the next such pause, by T: nothing is late. Also cut at multiples of
 * `mostMicros` since the epoch, so that it depends on so much of the log and no more. Its end is the last event's time and the gap,
 * or the cut; it closes when T is there, before the record that carries T there.
 */
export function session<Acc, X>(
  { add, empty }: Aggregate<Acc, X>,
  { gapMicros, mostMicros }: { readonly gapMicros: number; readonly mostMicros: number },
): Stage<SessionState<Acc>, Told<X>, Window<Acc>> {
  checkLength('gap', gapMicros)
  checkLength('most', mostMicros)
  const endOf = (now: number): number => Math.min(now + gapMicros, floorTo(now, mostMicros) + mostMicros)

  return {
    initial: () => ({ open: undefined }),
    step(state, { now, event }, { emit }) {
      const { open } = state
      if (open !== undefined && now >= open.end) {
        emit(window(open.start, open.end, open.sum))
        state.open = undefined
      }
      if (event === undefined) return
      if (state.open === undefined) state.open = { start: now, end: endOf(now), sum: add(empty, event.value) }
      else {
        state.open.end = endOf(now)
        state.open.sum = add(state.open.sum, event.value)
      }
    },
  }
}
