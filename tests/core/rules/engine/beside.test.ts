import { describe, expect, test } from 'vitest'
import type { Aggregate, Rule } from '../../../../core/rules/document.ts'
import { control, rule, run, traded, type Row } from './rig.ts'

/** Aggregates that may share a state with one of the others. */
const INNER: readonly Aggregate[] = [
  { agg: 'mean', of: 'price', over: { sliding: '60s' } },
  { agg: 'sd', of: 'price', over: { sliding: '60s' } },
  { agg: 'mean', of: 'price', over: { sliding: '60s' }, lag: 1 },
  { agg: 'count', of: 'price', over: { sliding: '60s' } },
  { agg: 'first', of: 'price', over: { sliding: '60s' } },
  { agg: 'delta', of: 'price', over: { sliding: '60s' } },
  { agg: 'ema', of: 'price', over: { sliding: '60s' }, arg: 3 },
  { agg: 'ema', of: 'price', over: { sliding: '60s' }, arg: 9 },
  { agg: 'ema', of: 'price', over: { sliding: '60s' }, arg: 9, seed: 'zero' },
  { agg: 'quantile', of: 'price', over: { sliding: '60s' }, arg: 0.1 },
  { agg: 'quantile', of: 'price', over: { sliding: '60s' }, arg: 0.9 },
]
const PRICES = [100, 110, 90, 120, 70, 95]

const resting = (id: string, m: Aggregate): Rule =>
  rule({
    id,
    let: {
      m,
      x: { agg: 'max', of: 'm', over: { sliding: '10s' } },
      y: 'm * 2',
      z: { agg: 'sum', of: 'y', over: { tumbling: '2s' } },
    },
    when: 'price > 0',
    edge: 'every',
    onUpdate: 'reset',
    emit: { type: 'X', fields: { m: 'm', x: 'x', y: 'y', z: 'z' } },
  })

const rows = (...rules: readonly Rule[]): readonly Row[] => [
  control(0, rules),
  ...PRICES.map((price, second) => traded(second + 1, { price })),
]
const fieldsOf = (id: string, ...rules: readonly Rule[]) =>
  run(rows(...rules))
    .matches.filter(({ ruleId }) => ruleId === id)
    .map(({ fields }) => fields)

describe('a rule whose aggregates rest on another of a common name', () => {
  test.each(INNER.map((one) => [JSON.stringify(one), one] as const))(
    'has the values that it has alone, whatever the name means in rules beside it: %s',
    (_, one) => {
      const alone = fieldsOf('b', resting('b', one))
      expect(alone).toHaveLength(PRICES.length)
      for (const other of INNER) expect(fieldsOf('b', resting('a', other), resting('b', one))).toEqual(alone)
    },
  )

  test('is told apart by what it rests on: the greatest standard deviation is not the greatest mean', () => {
    // sd of 100 110 is 7.0710678; of 100 alone there is none. Mean of 100, 100 110: 105 at most.
    const [mean, sd] = INNER
    if (mean === undefined || sd === undefined) throw new Error('unreachable')
    const of = (id: string) => fieldsOf(id, resting('a', mean), resting('b', sd)).map(({ x }) => x)
    expect(of('a').slice(0, 2)).toEqual([100, 105])
    expect(of('b').slice(0, 2)).toEqual([null, expect.closeTo(7.0710678, 6)])
  })
})
