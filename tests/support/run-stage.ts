import type { Stage, Tally } from '../../core/processor.ts'

/** A stage over these inputs, from its initial state: what it emitted, its counts, and the state it ended in. */
export function runStage<State, In, Out>(
  stage: Stage<State, In, Out>,
  inputs: Iterable<In>,
): { readonly events: readonly Out[]; readonly tally: Tally; readonly state: State } {
  const events: Out[] = []
  const tally: Tally = new Map()
  const state = stage.initial()
  for (const input of inputs)
    stage.step(state, input, {
      emit: (event) => void events.push(event),
      count: (what, by = 1) => void tally.set(what, (tally.get(what) ?? 0) + by),
    })
  return { events, tally, state }
}
