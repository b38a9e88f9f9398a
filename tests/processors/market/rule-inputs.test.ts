import { expect, test } from 'vitest'
import type { OpenTick } from '../../../core/arrivals.ts'
import type { Match } from '../../../core/match.ts'
import { fold, type Logged } from '../../../core/processor.ts'
import type { Rule } from '../../../core/rules/document.ts'
import type { Batch } from '../../../core/rules/engine/batch.ts'
import { explain } from '../../../core/rules/testing/explain.ts'
import { micros } from '../../../core/time.ts'
import { ruleInputs } from '../../../processors/market/rule-inputs.ts'
import { logOf } from '../../support/generated-log.ts'
import { seededStory } from '../../support/generated-story.ts'
import { generatedRules } from '../../support/rule-sets.ts'
import { MARKET } from './run.ts'

/** They speak from their first record on, as a rule does that is explained. */
const RULES = generatedRules(1)
  .rules.filter(({ enabled }) => enabled)
  .map((rule): Rule => ({ ...rule, onUpdate: 'reset' }))
const LOG = logOf(seededStory(1), { rules: () => ({ rules: RULES, shadow: [] }) }).slice(0, 6000)

/** Which set was in force is nothing that an explanation knows. */
const bare = (match: Match): Match => ({ ...match, ruleSetHash: '' })

const written = fold(MARKET, LOG).outputs.flatMap(({ value }) => (value.kind === 'match' ? [bare(value.match)] : []))

function explained(rule: Rule, log: readonly Logged<OpenTick>[]): readonly Match[] {
  const batches: Batch[] = []
  const step = ruleInputs(new Set(['BTC-ETH']), (batch) => void batches.push(batch))
  for (const record of log) step(record)
  const [first] = batches
  const made = explain({ rule, others: RULES, from: first?.now ?? micros(0) })
  if (!('explainer' in made)) throw new TypeError(JSON.stringify(made.diagnostics))
  for (const batch of batches) made.explainer.take(batch)
  return made.explainer.end(batches.at(-1)?.now).matches.map(bare)
}
test.each(RULES.map((rule) => [rule.id, rule] as const))(
  '%s, explained over a range of the log, matches what market wrote',
  (id, rule) => {
    const own = written.filter(({ ruleId }) => ruleId === id)
    expect(explained(rule, LOG)).toEqual(own)
  },
)

test('they are rules of every kind, and most of them match', () => {
  const matched = new Set(written.map(({ ruleId }) => ruleId))
  expect(RULES.length - matched.size).toBeLessThanOrEqual(2)
})
