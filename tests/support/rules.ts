import type { Rule } from '../../core/rules/document.ts'

/** A rule that says little; `bps` makes it another one. */
export const ruleOf = (id: string, version = 1, bps = 10, rest: Partial<Rule> = {}): Rule => ({
  id,
  version,
  name: `Spread of ${id}`,
  enabled: true,
  on: 'quote',
  by: ['symbol'],
  when: `spreadBps > ${bps}`,
  severity: 'info',
  emit: { type: 'spread' },
  ...rest,
})
