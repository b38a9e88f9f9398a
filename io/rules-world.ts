import { failedTests } from '../core/rules/testing/test-rule.ts'
import type { Rule } from '../core/rules/document.ts'
import { validateRule, type Verdict } from '../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../core/rules/validate/world.ts'
import type { Config } from './config.ts'

/** What of the world around a rule the store knows. */
export type Around = Pick<World, 'others' | 'versions' | 'active'> & Partial<Pick<World, 'runTests'>>
export type Judge = (document: unknown, around: Around) => Verdict

/** What the alert path does (`consumers/alerts/commands.ts`). */
const COMMANDS = new Map([
  ['pause-exchange', ['exchange']],
  ['resume-exchange', ['exchange']],
])

/**
 * Judges rules as this pipeline would run them: its exchanges, symbols and partitions. Their own tests are run. `webhooks`: names
 * that actions may ask for, `undefined`: any.
 */
export const judgeBy =
  (config: () => Pick<Config, 'exchanges' | 'partitions'>, webhooks?: readonly string[]): Judge =>
  (document, around) => {
    const ground = { ...groundOf(config()), commands: COMMANDS, webhooks }
    return validateRule(document, { ...EMPTY_WORLD, runTests: failedTests, ...ground, ...around })
  }

const groundOf = ({ exchanges, partitions }: Pick<Config, 'exchanges' | 'partitions'>) => ({
  exchanges: new Map(Object.entries(exchanges).map(([name, { symbols }]) => [name, symbols] as const)),
  partitions,
})

/** How long a document listens before it speaks, microseconds; `undefined`: it cannot be judged. */
export const warmUpBy =
  (judge: Judge) =>
  (document: unknown): number | undefined =>
    judge(document, { others: [], versions: undefined, active: undefined, runTests: undefined }).bound?.warmUpMicros

/** Of the others those that may be asked about: a cycle of matches is made of rules that read matches, and a thousand take long. */
export const hearers = (rules: readonly Rule[], id: string): readonly Rule[] =>
  rules.filter((rule) => rule.id !== id && JSON.stringify(rule).includes('"match"'))
