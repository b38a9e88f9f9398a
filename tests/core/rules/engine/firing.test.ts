import { describe, expect, test } from 'vitest'
import type { Rule } from '../../../../core/rules/document.ts'
import { brief, control, rule, run, traded, type Row } from './rig.ts'

type At = readonly [second: number, isTrue: boolean]
/** `when` at seconds after noon, as the tables write it. */
const rows = (...values: readonly At[]): readonly Row[] =>
  values.map(([second, isTrue]) => traded(second, { price: isTrue ? 101 : 99 }))

const written = (more: Partial<Rule>, ...values: readonly At[]): readonly string[] =>
  run([control(0, [rule({ id: 'r', when: 'price > 100', ...more })]), ...rows(...values)]).matches.map(brief)

describe('goldens of section 5', () => {
  const held: Partial<Rule> = { hold: '2s', release: { after: '3s' }, renew: '15m' }
  const first: readonly At[] = [
    [1, true],
    [2, false],
    [3, true],
    [6, true],
  ]

  test('hold begins anew after a record at which the condition is false', () => {
    expect(written(held, ...first)).toEqual(['FIRED 5'])
  })

  test('release begins anew after a record at which the condition is true', () => {
    expect(written(held, [1, true], [4, true], [5, false], [7, true], [9, false], [13, false])).toEqual([
      'FIRED 3',
      'RESOLVED(release) 12',
    ])
  })

  test('renewal ends a firing; a condition still true fires again, after hold', () => {
    const seconds = Array.from({ length: 902 }, (_, index): At => [index + 1, true])
    expect(written(held, ...seconds)).toEqual(['FIRED 3', 'RESOLVED(renew) 900', 'FIRED 902'])
  })

  test('a cool-down holds FIRED back', () => {
    expect(written({ ...held, cooldown: { for: '10s' } }, ...first, [8, false], [12, true], [15, true])).toEqual([
      'FIRED 5',
      'RESOLVED(release) 11',
    ])
  })
})

test('renewal sets anew the rhythm of a rule whose release holds where its condition does', () => {
  const overlapping: Partial<Rule> = { hold: '10s', release: { when: 'price < 105' }, renew: '15m' }
  const from = (first: number): readonly string[] =>
    written(overlapping, ...Array.from({ length: 920 - first }, (_, index): At => [first + index, true]))
  // From 1: pending at 1, 12, … 11·81 + 1, which renewal ends: at 900 the condition was true for more than `hold`. Pending at 900.
  const anew = ['FIRED 910', 'RESOLVED(release) 910']
  expect(from(1).slice(-4)).toEqual(['FIRED 891', 'RESOLVED(release) 891', ...anew])
  // From 5: pending at 5 + 11·81, ended too.
  expect(from(5).slice(-4)).toEqual(['FIRED 895', 'RESOLVED(release) 895', ...anew])
})

test('timers of a condition that flickers do not pile up', () => {
  const flicker = Array.from({ length: 5000 }, (_, index): At => [1 + index / 10, index % 2 === 0])
  const { state } = run([control(0, [rule({ id: 'r', when: 'price > 100', hold: '10m' })]), ...rows(...flicker)])
  expect(state.timers.length).toBeLessThan(1000)
})

describe('timers of one deadline', () => {
  test('run by kind: absence, hold, release; of one kind by the order of rules', () => {
    const silent = rule({
      id: 'z-silent',
      pattern: {
        within: '10s',
        steps: [
          { as: 'x', if: 'price > 100' },
          { not: { if: 'price > 100' }, for: '5s' },
        ],
      },
      renew: '15m',
    })
    const held = (id: string) => rule({ id, when: 'price > 100', hold: '5s', renew: '15m' })
    // Released since 1 s, so that it is resolved at 6 s, when the others are due.
    const released = rule({ id: 'a-released', when: 'price < 100', release: { after: '5s' }, renew: '15m' })
    const { matches } = run([
      control(
        -60,
        [silent, held('m-held'), held('b-held'), released].map((one) => ({ ...one, onUpdate: 'reset' as const })),
      ),
      traded(0, { price: 99 }),
      traded(1, { price: 101 }),
      traded(7, { price: 100 }),
    ])
    const due = matches.filter((match) => brief(match).endsWith(' 6'))
    expect(due.map(({ ruleId, phase }) => `${ruleId} ${phase}`)).toEqual([
      'z-silent FIRED',
      'b-held FIRED',
      'm-held FIRED',
      'a-released RESOLVED',
    ])
  })
})
