import type { Stage } from './processor.ts'

/** The second stage gets what the first one emits, at once and in that order: no topic between them, no copy. */
export function pipe<A, B, In, Mid, Out>(
  first: Stage<A, In, Mid>,
  second: Stage<B, Mid, Out>,
): Stage<readonly [A, B], In, Out> {
  return {
    initial: () => [first.initial(), second.initial()],
    step([a, b], input, effects) {
      first.step(a, input, { emit: (mid) => second.step(b, mid, effects), count: effects.count })
    },
  }
}

/**
 * Two stages over one stream of events: the second sees each input and then what the first made of it. What comes out is
 * what either adds, the first's before the second's; the input itself only by {@link passing}. Nests to any number.
 */
export function beside<A, B, Event>(
  first: Stage<A, Event, Event>,
  second: Stage<B, Event, Event>,
): Stage<readonly [A, B], Event, Event> {
  return {
    initial: () => [first.initial(), second.initial()],
    step([a, b], input, effects) {
      const { emit, count } = effects
      const added: Event[] = []
      first.step(a, input, { emit: (event) => void added.push(event), count })
      for (const event of added) emit(event)
      second.step(b, input, effects)
      for (const event of added) second.step(b, event, effects)
    },
  }
}

/** Lets the input through before what the stage makes of it. */
export function passing<State, Event>(stage: Stage<State, Event, Event>): Stage<State, Event, Event> {
  return {
    initial: () => stage.initial(),
    step(state, input, effects) {
      effects.emit(input)
      stage.step(state, input, effects)
    },
  }
}

/** One state per key; inputs without a key pass by. Keys must be few by nature (symbols): they are never forgotten. */
export function keyed<State, In, Out>(
  keyOf: (input: In) => string | undefined,
  stage: Stage<State, In, Out>,
): Stage<Map<string, State>, In, Out> {
  return {
    initial: () => new Map(),
    step(states, input, effects) {
      const key = keyOf(input)
      if (key === undefined) return
      let state = states.get(key)
      if (state === undefined) {
        state = stage.initial()
        states.set(key, state)
      }
      stage.step(state, input, effects)
    },
  }
}
