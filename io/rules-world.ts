import type { Rule } from '../core/rules/document.ts'
import { validateRule, type Verdict } from '../core/rules/validate.ts'
import { EMPTY_WORLD, type World } from '../core/rules/world.ts'
import type { Config } from './config.ts'

/** What of the world around a rule the store knows. */
export type Around = Pick<World, 'others' | 'versions' | 'active'>
export type Judge = (document: unknown, around: Around) => Verdict

/** Judges rules as this pipeline would run them: its exchanges, symbols and partitions. */
export const judgeBy =
  (config: () => Pick<Config, 'exchanges' | 'partitions'>): Judge =>
  (document, around) =>
    validateRule(document, { ...EMPTY_WORLD, ...groundOf(config()), ...around })

const groundOf = ({ exchanges, partitions }: Pick<Config, 'exchanges' | 'partitions'>) => ({
  exchanges: new Map(Object.entries(exchanges).map(([name, { symbols }]) => [name, symbols] as const)),
  partitions,
})

export const activeOf = (rules: readonly Rule[], id: string): Rule | undefined => rules.find((rule) => rule.id === id)
