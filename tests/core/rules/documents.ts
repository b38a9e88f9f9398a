/** A rule of trades that is right in all; members in `more` take the place of its own. */
export const whenRule = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  id: 'a-rule',
  version: 1,
  name: 'A rule',
  enabled: true,
  on: 'trade',
  by: ['symbol'],
  when: 'price > 1',
  severity: 'info',
  emit: { type: 'X' },
  tests: [{ name: 'nothing', given: [], expect: [] }],
  ...more,
})

/** As {@link whenRule}, with a pattern of these steps within 10 s. */
export function patternRule(
  steps: readonly unknown[],
  pattern: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const { when: _, ...rest } = whenRule(more)
  return { ...rest, pattern: { within: '10s', steps, ...pattern } }
}

export const without = (rule: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(rule).filter(([one]) => one !== name))

export const aggregate = (agg: string, of: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  agg,
  of,
  over: { sliding: '10s' },
  ...more,
})
