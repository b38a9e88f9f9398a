import type { Stage } from '../processor.ts'
import type { Micros } from '../time.ts'
import type { Aggregate } from './aggregate.ts'
import { checkLength, window, type Told, type Window } from './window.ts'

/** Events of the last intervals, by their times, oldest first; changed in place. */
export type LastState<X> = { readonly events: { readonly at: Micros; readonly value: X }[] }

/**
 * The last `count` of what comes once an interval (candles, closed windows), by their own times: those after newest - count x interval.
 * So the window is bounded by time too, and where some are missing it holds fewer, not older ones. An older event is counted `late`.
 * Summed anew at each event, oldest first: O(count).
 */
export function lastOf<Acc, X>(
  { add, empty }: Aggregate<Acc, X>,
  { count, intervalMicros }: { readonly count: number; readonly intervalMicros: number },
): Stage<LastState<X>, Told<X>, Window<Acc>> {
  checkLength('interval', intervalMicros)
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST)
    throw new RangeError(`count: 1 to ${MOST}, not ${count}`)
  const length = count * intervalMicros

  return {
    initial: () => ({ events: [] }),
    step({ events }, { event }, effects) {
      if (event === undefined) return
      const newest = Math.max(event.at, events.at(-1)?.at ?? 0)
      const oldest = newest - length
      if (event.at <= oldest) return effects.count('late')
      events.splice(events.findLastIndex(({ at }) => at <= event.at) + 1, 0, event)
      const kept = events.findIndex(({ at }) => at > oldest)
      events.splice(0, kept)
      const sum = events.reduce((acc, { value }) => add(acc, value), empty)
      effects.emit(window(oldest + intervalMicros, newest + intervalMicros, sum))
    },
  }
}

/** A state of more is not small any longer (rules.md section 4). */
const MOST = 2000
