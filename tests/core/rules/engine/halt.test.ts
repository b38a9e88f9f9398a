import { describe, expect, test } from 'vitest'
import { KEY_BYTES } from '../../../../core/rules/validate/bound.ts'
import { MICROS_PER_SECOND } from '../../../../core/time.ts'
import { brief, control, NOON, row, rule, run, traded, type Row } from './rig.ts'

const heavy = rule({
  id: 'heavy',
  let: { m: { agg: 'median', of: 'price', over: { sliding: '59s' } } },
  when: 'price > 100 && has(m)',
  release: { when: 'price < 99' },
  renew: '15m',
})
const light = rule({ id: 'light', when: 'price > 100', release: { when: 'price < 99' }, renew: '15m' })

/** As many trades in each second from `from` on, for `seconds`. */
const burst = (from: number, seconds: number, each: number): readonly Row[] =>
  Array.from({ length: seconds * each }, (_, index) => traded(from + Math.floor(index / each), { price: 101 }))

const log = [
  control(0, [heavy, light]),
  ...burst(1, 100, 1),
  // 59 s of 50 trades are above 2,000 values of 16 bytes at least; of one trade, below.
  ...burst(101, 70, 50),
  ...burst(171, 900, 1),
  row(1100),
]
const LIMIT = 2000 * 16

test('a rule that holds more than it may is halted at a whole minute, and listens anew from its next renewal on', () => {
  const { matches, outputs } = run(log, { limitBytes: LIMIT })
  const found = outputs.flatMap((output) =>
    output.kind === 'finding' && output.finding.details['ruleId'] === 'heavy'
      ? [`${output.finding.kind} ${(output.finding.at - NOON) / MICROS_PER_SECOND}`]
      : [],
  )
  expect(found).toEqual(['RULE_ACTIVE 60', 'RULE_HALTED 180', 'RULE_ACTIVE 960'])
  expect(matches.filter(({ ruleId }) => ruleId === 'heavy').map(brief)).toEqual([
    'FIRED 60',
    'RESOLVED(rule) 180',
    'FIRED 960',
  ])
})

test('others go on meanwhile', () => {
  const { matches } = run(log, { limitBytes: LIMIT })
  expect(matches.filter(({ ruleId }) => ruleId === 'light').map(brief)).toEqual([
    'FIRED 1',
    'RESOLVED(renew) 900',
    'FIRED 900',
  ])
})

test('what it knew is forgotten, and a restored state agrees', () => {
  const until = log.filter(({ now }) => now < NOON + 300 * MICROS_PER_SECOND)
  const { state, outputs } = run(until, { limitBytes: LIMIT })
  expect(state.spaces.get('symbol')?.sources).toEqual([''])
  const few = log.filter((_, index) => index < 120 || index > 3600)
  expect(run(few, { limitBytes: KEY_BYTES + 400, isCloned: true }).outputs).toEqual(
    run(few, { limitBytes: KEY_BYTES + 400 }).outputs,
  )
  expect(outputs.length).toBeGreaterThan(0)
})

test('keys count: a rule that has more of them than it may is halted, one that keeps none never is', () => {
  const by = ['symbol', 'id']
  const keyed = rule({ id: 'keyed', by, when: 'price > 100', renew: '15m' })
  const keyless = rule({ id: 'keyless', by, when: 'price > 100', edge: 'every', renew: '15m' })
  const trades = (count: number) => Array.from({ length: count }, (_, index) => traded(1, { id: String(index) }))
  const halted = (count: number) =>
    run([control(0, [keyed, keyless]), ...trades(count), row(61)], { limitBytes: 50 * KEY_BYTES }).outputs.flatMap(
      (output) => (output.kind === 'finding' && output.finding.kind === 'RULE_HALTED' ? [output.finding.message] : []),
    )
  expect(halted(50)).toEqual([])
  expect(halted(51)).toEqual([expect.stringContaining('keyed@1 holds 61200 bytes, 60000 at most')])
})

describe('a step without an end', () => {
  const loop = (skip: 'to-next' | 'none') =>
    rule({
      id: 'loop',
      by: ['symbol'],
      pattern: {
        within: '15m',
        skip,
        steps: [
          { as: 's', if: 'price == 1' },
          { as: 'a', if: 'price > 1 && price < 9', times: [1, null], greedy: true },
          { as: 'b', if: 'price >= 9' },
        ],
      },
      onUpdate: 'reset',
      emit: { type: 'X', fields: { taken: 'count(a)' } },
      renew: '15m',
    })
  const risen = (count: number): readonly Row[] => [
    traded(1, { price: 1 }),
    ...Array.from({ length: count }, (_, index) => traded(2 + index / 100, { price: 2 })),
  ]

  test('takes no more than 4,096 events', () => {
    const { matches } = run([control(0, [loop('to-next')]), ...risen(4200), traded(50, { price: 9 })])
    expect(matches.map(({ fields }) => fields)).toEqual([{ taken: 4096 }])
  })

  test('holds what it has taken: a partial of a thousand events counts as a thousand', () => {
    const { outputs } = run([control(0, [loop('none')]), ...risen(1000), row(61)], { limitBytes: 200_000 })
    expect(outputs.flatMap((one) => (one.kind === 'finding' ? [one.finding.kind] : []))).toContain('RULE_HALTED')
  })
})
