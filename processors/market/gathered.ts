import type { Arrival } from '../../core/arrivals.ts'
import type { Stage } from '../../core/processor.ts'
import type { MarketEvent } from './events.ts'

/** All that the steps made of one tick that came for the first time, in the order of the steps; nothing of a repeated trade. */
export type Gathered = { readonly arrival: Arrival; readonly events: readonly MarketEvent[] }

/**
 * One output per input instead of any number: who comes after sees where a record ends, and every record's T. A rule's timers
 * run before all that the record brings, and what rules match comes after all of it.
 */
export const gathered = <State>(stage: Stage<State, Arrival, MarketEvent>): Stage<State, Arrival, Gathered> => ({
  initial: () => stage.initial(),
  step(state, arrival, effects) {
    const events: MarketEvent[] = []
    stage.step(state, arrival, { emit: (event) => void events.push(event), count: effects.count })
    effects.emit({ arrival, events })
  },
})
