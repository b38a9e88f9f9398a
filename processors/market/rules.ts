import type { Arrival, OpenControl } from '../../core/arrivals.ts'
import type { Stage } from '../../core/processor.ts'
import type { RuleOutput } from '../../core/rules/engine/batch.ts'
import { ruleEngine } from '../../core/rules/engine/engine.ts'
import type { RulesState } from '../../core/rules/engine/state.ts'
import type { RuleEvent } from '../../core/rules/events.ts'
import { horizonOfAll } from '../../core/rules/horizon.ts'
import type { Micros } from '../../core/time.ts'
import type { MarketEvent } from './events.ts'
import type { Gathered } from './gathered.ts'
import { ruleEvents, type ClosesState } from './rule-events.ts'

/** What is written of a record, and T at it. */
export type Told = {
  readonly now: Micros
  readonly event: Exclude<MarketEvent, { kind: 'tick' | 'best' }> | RuleOutput
}

export type MarketRulesState = { readonly closes: ClosesState; readonly engine: RulesState }

/**
 * The last step of market: lets pass what the steps before made of a record, then what the rules in force match in all of it.
 * Which rules, the log says, by records of the document 'rules'.
 */
export function marketRules(inverses: ReadonlySet<string>): Stage<MarketRulesState, Gathered, Told> {
  const engine = ruleEngine({ scope: 'asset' })
  const seenAs = ruleEvents(inverses)
  return {
    initial: () => ({ closes: new Map(), engine: engine.initial() }),
    step(state, { arrival, events }, { emit, count }) {
      const { offset, now } = arrival
      const seen: RuleEvent[] = []
      for (const event of events) {
        if (event.kind !== 'tick' && event.kind !== 'best') emit({ now, event })
        const one = seenAs(event, arrival, state.closes)
        if (one !== undefined) seen.push(one)
      }
      const batch = { offset, now, events: seen, control: controlOf(arrival) }
      engine.step(state.engine, batch, { emit: (event) => emit({ now, event }), count })
    },
  }
}

const controlOf = ({ tick: { payload } }: Arrival): OpenControl | undefined =>
  payload.kind === 'control' ? payload : undefined

/** The longest horizon of the rules in force and of those they are about to replace, in microseconds. */
export const rulesHorizon = ({ engine: { versions } }: MarketRulesState): number =>
  horizonOfAll(versions.map(({ rule }) => rule))
