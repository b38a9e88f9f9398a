import { describe, expect, test } from 'vitest'
import type { Rule } from '../../../../core/rules/document.ts'
import { explain, type Explaining } from '../../../../core/rules/testing/explain.ts'
import type { Explanation } from '../../../../core/rules/testing/explanation.ts'
import { micros } from '../../../../core/time.ts'
import { at, brief, control, row, rule, run, trade, traded, type Row } from '../engine/rig.ts'

const explained = (
  more: Partial<Rule>,
  rows: readonly Row[],
  { until, ...explaining }: Partial<Explaining> & { until?: number } = {},
): Explanation => {
  const made = explain({ rule: rule({ id: 'r', ...more }), from: at(0), ...explaining })
  if (!('explainer' in made)) throw new TypeError(JSON.stringify(made.diagnostics))
  for (const [offset, { now, events }] of rows.entries())
    made.explainer.take({ offset, now, events: events.map((event) => ({ ...event, offset })), control: undefined })
  return made.explainer.end(until === undefined ? undefined : at(until))
}
const symbol = 'BTC-USDT'

describe('a condition that was not true', () => {
  test('names what it lacked: both sides, and how far from each other', () => {
    const { misses, events, passed } = explained({ when: "price > 100 && side == 'BUY'" }, [
      traded(1, { price: 80, side: 'BUY' }),
    ])
    // (80 - 100) / 100
    expect(misses).toEqual([
      {
        pointer: '/when',
        at: at(1),
        key: { symbol },
        event: { stream: 'trade', offset: 0, at: at(1), exchange: 'kraken', symbol },
        lacks: [
          {
            pointer: '/when',
            from: 0,
            to: 11,
            text: 'price > 100',
            left: 80,
            right: 100,
            margin: -0.2,
            absent: undefined,
          },
        ],
      },
    ])
    expect([events, passed]).toEqual([1, 1])
  })

  test('the nearest miss lacks the fewest parts, then by the least', () => {
    const { misses } = explained({ when: "price > 100 && side == 'BUY'" }, [
      traded(1, { price: 99, side: 'SELL' }),
      traded(2, { price: 50, side: 'BUY' }),
      traded(3, { price: 90, side: 'BUY' }),
    ])
    expect(misses.map(({ at: when }) => when)).toEqual([at(3), at(2), at(1)])
    expect(misses[2]?.lacks.map(({ text, left, right }) => [text, left, right])).toEqual([
      ['price > 100', 99, 100],
      ["side == 'BUY'", 'SELL', 'BUY'],
    ])
  })

  test('one part far away is nearer than two that are close', () => {
    const { misses } = explained({ when: 'price > 100 && size > 10' }, [
      traded(1, { price: 99, size: 9.9 }),
      traded(2, { price: 1, size: 11 }),
    ])
    expect(misses.map(({ at: when }) => when)).toEqual([at(2), at(1)])
  })

  test('a named condition is looked into; of a choice the nearer part counts', () => {
    const { misses } = explained({ let: { dear: 'price > 100 || price < 10' }, when: 'dear' }, [
      traded(1, { price: 11 }),
    ])
    expect(misses[0]?.lacks).toEqual([
      // (11 - 10) / 11, nearer than (11 - 100) / 100
      {
        pointer: '/let/dear',
        from: 0,
        to: 25,
        text: 'price > 100 || price < 10',
        left: 11,
        right: 10,
        margin: 1 / 11,
        absent: undefined,
      },
    ])
  })

  test('what did not pass where lacks that', () => {
    const { misses, events, passed } = explained({ where: 'size > 1', when: 'price > 100' }, [traded(1, { size: 0.5 })])
    expect(misses.map(({ pointer }) => pointer)).toEqual(['/where'])
    expect([events, passed]).toEqual([1, 0])
  })
})

test('an event that passed where came nearer than any that did not', () => {
  const { misses } = explained({ where: 'size > 1', when: "price > 100 && id == '2'" }, [
    traded(1, { size: 0.999, price: 101 }),
    traded(2, { size: 2, price: 1 }),
  ])
  expect(misses.map(({ pointer }) => pointer)).toEqual(['/when', '/where'])
})

describe('what has no value', () => {
  test.each<readonly [string, Partial<Rule>, string]>([
    ['a field', { when: "side == 'BUY'" }, 'this trade has no `side`'],
    ['a division', { when: 'price / (size - size) > 1' }, '`price / (size - size)` divides by zero'],
    [
      'a window with too little in it',
      { let: { s: { agg: 'sd', of: 'price', over: { sliding: '60s' } }, z: 'price / s' }, when: 'abs(z) > 4' },
      '`s` (sd) has fewer than 2 values in its window',
    ],
    ['a root', { when: 'sqrt(0 - price) > 1' }, '`sqrt(0 - price)` has no value for these arguments'],
  ])('%s is told with its reason', (_, more, reason) => {
    const { absent, misses } = explained(more, [traded(1, { side: undefined })])
    expect(absent).toEqual([{ pointer: '/when', reason, times: 1 }])
    expect(misses[0]?.lacks[0]?.absent).toBe(reason)
  })
})

describe('a hold', () => {
  const held: Partial<Rule> = { when: 'price > 100', hold: '5s' }

  test('that was too short is told with its length', () => {
    const { holds, matches } = explained(held, [
      traded(1, { price: 101 }),
      traded(3, { price: 102 }),
      traded(4, { price: 99 }),
      traded(6, { price: 101 }),
      traded(7, { price: 99 }),
    ])
    expect(matches).toEqual([])
    expect(holds.map(({ from, lastedMicros, isOpen }) => [from, lastedMicros, isOpen])).toEqual([
      [at(1), 3_000_000, false],
      [at(6), 1_000_000, false],
    ])
  })

  test('that goes on is told too', () => {
    const { holds } = explained(held, [traded(1, { price: 101 })], { until: 3 })
    expect(holds).toEqual([
      { key: { symbol }, from: at(1), lastedMicros: 2_000_000, wantedMicros: 5_000_000, isOpen: true },
    ])
  })

  test('that was met is none', () => {
    expect(explained(held, [traded(1, { price: 101 }), traded(7, { price: 99 })]).holds).toEqual([])
  })
})

describe('a pattern', () => {
  const rising: Rule['pattern'] = {
    within: '10s',
    steps: [
      { as: 'a', if: "side == 'SELL'" },
      { not: { if: 'price < 50' } },
      { as: 'b', if: 'price > a.price' },
      { as: 'c', if: 'price > 2 * b.price' },
    ],
  }

  test('tells the partial that got furthest, what it waited for, why it ended, and what came nearest', () => {
    const { patterns, matches } = explained({ pattern: rising }, [
      traded(1, { price: 100, side: 'SELL' }),
      traded(2, { price: 110 }),
      traded(3, { price: 120 }),
      traded(4, { price: 200 }),
      traded(5, { price: 130 }),
      traded(12, { price: 60 }),
    ])
    expect(matches).toEqual([])
    const [first] = patterns
    expect(first?.taken.map(({ step, event }) => [step, event.at])).toEqual([
      ['a', at(1)],
      ['b', at(2)],
    ])
    expect([first?.waitedFor, first?.why, first?.at]).toEqual(['c', 'within', at(11)])
    // (200 - 220) / 220
    expect(first?.nearest?.lacks.map(({ left, right, margin }) => [left, right, margin])).toEqual([
      [200, 220, -20 / 220],
    ])
    expect(first?.nearest?.at).toBe(at(4))
  })

  test('that got to a later step got further than one with more events', () => {
    const pattern: Rule['pattern'] = {
      within: '60s',
      steps: [
        { as: 'a', if: "side == 'SELL'" },
        { as: 'b', if: 'price > 100', times: [1, null], greedy: true },
        { as: 'c', if: 'price < 50' },
        { as: 'd', if: 'price < 10' },
      ],
    }
    const other = { symbol: 'ETH-USDT' }
    const { patterns } = explained({ pattern }, [
      traded(1, { side: 'SELL', price: 90 }),
      traded(1, { side: 'SELL', price: 90, ...other }),
      ...[2, 3, 4, 5].map((second) => traded(second, { price: 101 })),
      traded(6, { price: 101, ...other }),
      traded(7, { price: 40, ...other }),
    ])
    expect([patterns[0]?.key, patterns[0]?.waitedFor, patterns[0]?.taken.length]).toEqual([other, 'd', 3])
    const least = patterns.find(({ key }) => key['symbol'] === symbol)
    expect(least?.taken.length).toBe(5)
  })

  test('tells what ran out of time without another record, and nothing that ended before since', () => {
    const pattern = { ...rising, onTimeout: true }
    const rows = [traded(1, { price: 100, side: 'SELL' })]
    const { patterns } = explained({ pattern }, rows, { until: 12 })
    expect(patterns.map(({ waitedFor, why, at: when }) => [waitedFor, why, when])).toEqual([['b', 'within', at(11)]])
    expect(explained({ pattern }, rows, { until: 12, since: at(11.5) }).patterns).toEqual([])
  })

  test('tells what a not ended', () => {
    const { patterns } = explained({ pattern: rising }, [
      traded(1, { price: 100, side: 'SELL' }),
      traded(2, { price: 40 }),
    ])
    expect(patterns.map(({ waitedFor, why, at: when }) => [waitedFor, why, when])).toEqual([['b', 'guard', at(2)]])
    expect(patterns.map(({ endedBy }) => endedBy?.at)).toEqual([at(2)])
  })

  test('tells what broke the silence that a last not waited for', () => {
    const steps = [
      { as: 'big', if: 'price > 99' },
      { not: { if: "side == 'SELL'" }, for: '5s' },
    ]
    const { patterns } = explained({ pattern: { within: '10s', steps } }, [
      traded(1, { price: 100, side: 'BUY' }),
      traded(2, { price: 40, side: 'BUY' }),
      traded(4, { price: 40, side: 'SELL' }),
    ])
    expect(patterns.map(({ waitedFor, why, endedBy }) => [waitedFor, why, endedBy?.at])).toEqual([
      ["not side == 'SELL', for 5s", 'guard', at(4)],
    ])
  })

  test('tells what waits still', () => {
    const { patterns } = explained({ pattern: rising }, [traded(1, { price: 100, side: 'SELL' })], { until: 5 })
    expect(patterns.map(({ waitedFor, why, at: when }) => [waitedFor, why, when])).toEqual([['b', 'open', at(5)]])
  })

  test('that nobody looked after ended when its time was up', () => {
    const { patterns } = explained({ pattern: rising }, [traded(1, { price: 100, side: 'SELL' })], { until: 15 })
    expect(patterns.map(({ waitedFor, why, at: when }) => [waitedFor, why, when])).toEqual([['b', 'within', at(11)]])
  })

  test('that never began tells what came nearest to its first step', () => {
    const { misses, patterns } = explained({ pattern: rising }, [traded(1, { side: 'BUY' })])
    expect(misses.map(({ pointer }) => pointer)).toEqual(['/pattern/steps/0/if'])
    expect(patterns).toEqual([])
  })
})

test('only the key that was asked for is told', () => {
  const rows = [
    traded(1, { price: 101, symbol: 'ETH-USDT' }),
    traded(2, { price: 90 }),
    traded(3, { price: 95, symbol: 'ETH-USDT' }),
  ]
  const { matches, misses, events } = explained({ when: 'price > 100' }, rows, { key: { symbol } })
  expect(matches).toEqual([])
  expect(misses.map(({ at: when }) => when)).toEqual([at(2)])
  expect(events).toBe(1)
})

test('what is before since fills windows, and nothing of it is told', () => {
  const summed: Partial<Rule> = {
    let: { n: { agg: 'count', over: { sliding: '60s' } } },
    when: 'n > 2 && price > 100',
    edge: 'every',
  }
  const rows = [1, 2, 3, 4].map((second) => traded(second, { price: 101 }))
  const { matches, misses, events, coverage } = explained(summed, rows, { since: at(4) })
  expect(matches.map(({ at: when }) => when)).toEqual([at(4)])
  expect([misses, events]).toEqual([[], 1])
  expect(coverage.conditions.filter(({ isFalse }) => isFalse)).toEqual([])
})

test('a cool-down that holds a FIRED back is told', () => {
  const { heldBack, matches } = explained({ when: 'price > 100', cooldown: { for: '1h' } }, [
    traded(1, { price: 101 }),
    traded(2, { price: 99 }),
    traded(3, { price: 101 }),
  ])
  expect(matches).toHaveLength(1)
  expect(heldBack).toEqual([{ key: { symbol }, times: 1, until: at(3601) }])
})

test('rules whose matches it reads run with it, others do not', () => {
  const spike = rule({ id: 's', when: 'price > 100', emit: { type: 'SPIKE' } })
  const stranger = rule({ id: 't', when: 'price > 100', emit: { type: 'OTHER' } })
  const reader: Partial<Rule> = { on: 'match', where: "type == 'SPIKE'", when: "phase == 'FIRED'" }
  const { matches, events } = explained(reader, [traded(1, { price: 101 })], { others: [spike, stranger] })
  expect(matches.map(({ ruleId }) => ruleId)).toEqual(['r'])
  expect(events).toBe(1)
})

test('a rule that is watched writes what it writes unwatched', () => {
  const more: Partial<Rule> = {
    onUpdate: 'reset',
    let: { m: { agg: 'mean', of: 'price', over: { sliding: '10s' }, lag: 1 } },
    where: 'size > 0',
    pattern: {
      within: '20s',
      skip: 'past-last',
      steps: [
        { as: 'a', if: 'price > m' },
        { as: 'b', if: 'price > a.price', times: [1, null], greedy: true },
        { as: 'c', if: 'price < a.price' },
      ],
    },
    emit: { type: 'R', fields: { low: 'c.price', top: 'max(b.price)', m: 'c.m' }, evidence: { events: 8 } },
  }
  const prices = [100, 101, 103, 104, 99, 100, 105, 106, 98, 102, 103, 104, 90, 91, 92, 80]
  const rows = prices.map((price, second) => row(second + 1, trade(second + 1, { price })))
  const plain = run([control(0, [rule({ id: 'r', ...more })]), ...rows]).matches
  const { matches } = explained(more, [row(0), ...rows], { until: 16 })
  const strip = (all: typeof plain) => all.map((one) => ({ ...one, ruleSetHash: '' }))
  expect(plain.length).toBeGreaterThan(1)
  expect(strip(matches)).toEqual(strip(plain))
  expect(matches.map(brief)).toEqual(plain.map(brief))
})

test('a rule that does not compile is said to be so', () => {
  const made = explain({ rule: rule({ id: 'r', when: 'pric > 1' }), from: micros(1) })
  expect('diagnostics' in made ? made.diagnostics.map(({ code }) => code) : []).toEqual(['E102'])
})
