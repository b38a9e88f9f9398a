import type { Rule } from '../../core/rules/document.ts'
import type { Match } from '../../core/match.ts'
import { ruleEngine } from '../../core/rules/engine/engine.ts'
import type { RulesState } from '../../core/rules/engine/state.ts'
import type { RuleEvent } from '../../core/rules/events.ts'
import { START } from './events.ts'
import { MICROS_PER_MINUTE, micros } from '../../core/time.ts'

const LONGER_THAN_ANY_WARM_UP = 26 * 60 * MICROS_PER_MINUTE

/** A rule set in force and warmed up before the first event, and what steps an event through it. */
export type Running = { readonly state: RulesState; step(event: RuleEvent): void }

export function startRules(rules: readonly Rule[], matched: (match: Match) => void): Running {
  const engine = ruleEngine({ scope: 'asset' })
  const state = engine.initial()
  const effects = {
    emit: (output: Parameters<Parameters<typeof engine.step>[2]['emit']>[0]): void => {
      if (output.kind === 'match') matched(output.match)
      else if (output.kind === 'finding' && output.finding.kind === 'CONTROL_REFUSED')
        throw new Error(`${output.finding.message} ${JSON.stringify(output.finding.details)}`)
    },
    count: (): void => undefined,
  }
  const control = {
    kind: 'control',
    documentId: 'rules',
    epoch: 1,
    hash: 'bench',
    document: { rules: rules.toSorted((a, b) => (a.id < b.id ? -1 : 1)), shadow: [] },
  } as const
  const before = micros(START - LONGER_THAN_ANY_WARM_UP)
  engine.step(state, { offset: 0, now: before, events: [], control: undefined }, effects)
  engine.step(state, { offset: 1, now: before, events: [], control }, effects)
  engine.step(state, { offset: 2, now: micros(START - 1), events: [], control: undefined }, effects)
  // One for all events: the engine keeps neither the batch nor its list.
  const events: RuleEvent[] = []
  const batch = { offset: 0, now: before, events, control: undefined }
  return {
    state,
    step(event) {
      batch.offset = event.offset
      batch.now = event.at
      events[0] = event
      engine.step(state, batch, effects)
    },
  }
}
