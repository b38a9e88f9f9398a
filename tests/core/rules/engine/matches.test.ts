import { expect, test } from 'vitest'
import type { Aggregate, Rule } from '../../../../core/rules/document.ts'
import { control, rule, run, traded, type Row } from './rig.ts'

const counted: Aggregate = { agg: 'count', over: { sliding: '60s' }, on: 'match' }
/** From the first record on. */
const every: Pick<Rule, 'edge' | 'when' | 'onUpdate'> = { edge: 'every', when: 'true', onUpdate: 'reset' }
const source = rule({ id: 'a', ...every })
const trades: readonly Row[] = [1, 2, 3, 4].map((second) => traded(second))

/** The field `n` of what a rule wrote, beside the others. */
const told = (id: string, ...rules: readonly Rule[]): readonly unknown[] =>
  run([control(0, rules), ...trades])
    .matches.filter(({ ruleId }) => ruleId === id)
    .map(({ fields }) => fields['n'])

test("a rule's aggregates do not count its own matches", () => {
  const reader = rule({
    id: 'r',
    ...every,
    on: 'match',
    let: { n: counted },
    emit: { type: 'R', fields: { n: 'n' } },
  })
  expect(told('r', source, reader)).toEqual([1, 2, 3, 4])
})

test('nor do those of a rule that takes trades', () => {
  const reader = rule({ id: 'r', ...every, let: { n: counted }, emit: { type: 'R', fields: { n: 'n' } } })
  // At a trade the matches of the trades before it were counted.
  expect(told('r', source, reader)).toEqual([0, 1, 2, 3])
})

test('chains of rules over matches are as long as there are rules', () => {
  const chain = Array.from({ length: 40 }, (_, index): Rule => {
    const id = `c${index + 10}`
    return index === 0 ? rule({ id, ...every }) : rule({ id, ...every, on: 'match', where: `type == 'C${index + 9}'` })
  })
  const { matches } = run([control(0, chain), traded(1)])
  expect(matches.map(({ ruleId }) => ruleId)).toEqual(chain.map(({ id }) => id))
})

test('rules that read each other in a circle while sets change end', () => {
  const reads = (id: string, other: string, version: number, more: Partial<Rule> = {}): Rule =>
    rule({ id, version, ...every, on: 'match', where: `ruleId in ['${other}', 'a']`, ...more })
  const warm: Partial<Rule> = {
    let: { n: { agg: 'count', over: { sliding: '10m' } } },
    when: 'n > 0',
    onUpdate: 'warm',
  }
  // Of the first set p reads q, q reads r; of the second r reads p, at once, while p and q still speak.
  const first = [source, reads('p', 'q', 1), reads('q', 'r', 1), reads('r', 'a', 1)]
  const second = [source, reads('p', 'a', 2, warm), reads('q', 'a', 2, warm), reads('r', 'p', 2, { onUpdate: 'reset' })]
  const ids = (rows: readonly Row[]): readonly string[] =>
    run([control(0, first), traded(1), ...rows]).matches.map(({ ruleId, ruleVersion }) => `${ruleId}${ruleVersion}`)
  // To `a` all three answer, r before q before p, as q reads r and p reads q; then q to r, p to both of q's.
  expect(ids([])).toEqual(['a1', 'r1', 'q1', 'p1', 'q1', 'p1', 'p1'])
  // In the circle they read `a` alone.
  expect(
    ids([control(2, second, { epoch: 1_000_000 }), traded(3)])
      .slice(7)
      .toSorted(),
  ).toEqual(['a1', 'p1', 'q1', 'r2'])
})
