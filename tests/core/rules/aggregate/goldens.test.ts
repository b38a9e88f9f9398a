import { describe, expect, test } from 'vitest'
import type { Aggregate, Window } from '../../../../core/rules/document.ts'
import type { AggregateInputs } from '../../../../core/rules/aggregate/source.ts'
import { frameOf, made, read } from './feed.ts'
import type { Answer, Told } from './naive.ts'

const MILLI = 1000
const MINUTE = 60_000_000

type Point = { readonly at: number; readonly a: number; readonly b?: number; readonly open?: number }

/** One state, fed with all; `look` is asked after each event. */
function follow(
  aggregates: readonly Aggregate[],
  points: Iterable<Point>,
  look: (index: number, answers: () => readonly Answer[]) => void,
  more: Partial<AggregateInputs> = {},
): void {
  const all = aggregates.map((aggregate) => made(aggregate, more))
  const states = new Map(all.map(({ source }) => [source.id, source.machine.initial()]))
  const sources = new Map(all.map(({ source }) => [source.id, source]))
  let index = 0
  for (const { at, a, b = 0, open = 0 } of points) {
    const told: Told = { at, a, b, text: '', open }
    const frame = frameOf(told, index)
    for (const [id, { machine }] of sources) machine.add(states.get(id) ?? {}, frame)
    look(index++, () => all.map(({ source, reader }) => read(reader, states.get(source.id) ?? {}, frame)))
  }
}

const bits = (x: Answer): string => new BigUint64Array(new Float64Array([Number(x)]).buffer)[0]?.toString(16) ?? ''
const over: Window = { sliding: '60s' }
const meanSdCount = (['count', 'mean', 'sd'] as const).map((agg): Aggregate => ({ agg, of: 'a', over }))

describe('canonical panes, the table of rules-goldens.md section 3', () => {
  /** Index, value, n, bits of mean and sd. */
  const TABLE: readonly (readonly [number, number, number, string, string])[] = [
    [1, 61234.46, 2, '40ede64f0a3d70a4', '3f8cf68d50185c99'],
    [6000, 61228.9, 6000, '40ede625db99a794', '4002a1859a2cb564'],
    [12000, 61229.14, 6000, '40ede596a0eb0e48', '3ff67ad14f55500b'],
    [100_000, 61218.67, 6000, '40ede4bd288ce703', '3ff06100e4f602d3'],
    [199_999, 61215.69, 6000, '40ede49c8be7dc65', '4011c7162089c8d8'],
  ]

  function* walk(from: number): Generator<Point> {
    let x = 777
    let c = 6_123_456
    for (let i = 0; i < 200_000; i++) {
      x = (Math.imul(1_664_525, x) + 1_013_904_223) | 0
      c += ((x >>> 8) % 21) - 10
      if (i >= from) yield { at: 10 * i * MILLI, a: c / 100 }
    }
  }

  test.each([0, 93_000])('holds bit for bit from a start at %i', (from) => {
    const found: unknown[] = []
    const rows = TABLE.filter(([index]) => index - 6000 >= from || from === 0)
    const places = new Set(rows.map(([index]) => index - from))
    const values = [...walk(from)]
    follow(meanSdCount, values, (index, answers) => {
      // Read at each event, or what is kept between two readings is not tried.
      const [n, mean, sd] = answers()
      if (places.has(index)) found.push([index + from, values[index]?.a, n, bits(mean), bits(sd)])
    })
    expect(found).toEqual(rows)
    expect(rows.length).toBe(from === 0 ? 5 : 2)
  })
})

test.each([
  [5, 1.789],
  [10, 2.846],
  [11, 3.015],
  [30, 5.295],
])('of %i values with the present one none is further from the mean than %d deviations', (count, most) => {
  let z = 0
  const points = Array.from({ length: count }, (_one, i) => ({ at: i * MILLI, a: i === count - 1 ? 1000 : 7 }))
  follow(meanSdCount, points, (_index, answers) => {
    const [, mean = 0, sd = 0] = answers()
    z = (1000 - Number(mean)) / Number(sd)
  })
  expect(z).toBeCloseTo(most, 3)
})

describe('DEBS 2022: EMAs of closes over 5-minute windows', () => {
  const closes = Array.from({ length: 200 }, (_one, i) => (i < 100 ? 100 : i < 160 ? 60 : 120))
  const aggregates = ([0, 1] as const).flatMap((lag) =>
    [38, 100].map((arg): Aggregate => ({ agg: 'ema', of: 'a', arg, seed: 'zero', over: { count: 2000 }, lag })),
  )
  const points = (list: readonly number[]): readonly Point[] =>
    list.map((a, i) => ({ a, open: 5 * MINUTE * i, at: 5 * MINUTE * (i + 1) }))
  const inputs = { candleMicros: 5 * MINUTE }

  test('cross where the table says, and nowhere else', () => {
    const rows: unknown[] = []
    const advice: unknown[] = []
    follow(
      aggregates,
      points(closes),
      (index, answers) => {
        const [f = 0, s = 0, pf, ps] = answers().map(Number)
        const [bf, bs] = [Number.isNaN(pf) ? 0 : Number(pf), Number.isNaN(ps) ? 0 : Number(ps)]
        if (f > s && bf <= bs) advice.push([index + 1, 'BUY'])
        if (f < s && bf >= bs) advice.push([index + 1, 'SELL'])
        if ([1, 100, 113, 164, 200].includes(index + 1)) rows.push([index + 1, f, s])
      },
      inputs,
    )
    expect(rows).toEqual([
      [1, 5.128205128205128, 1.9801980198019802],
      [100, 99.48273665487991, 86.46737393562064],
      [113, 79.91543370798314, 80.40753376844434],
      [164, 72.7517842522758, 71.97177013061943],
      [200, 112.8989654421986, 96.62271185662958],
    ])
    expect(advice).toEqual([
      [1, 'BUY'],
      [113, 'SELL'],
      [164, 'BUY'],
    ])
  })

  test('of five closes are those of the document', () => {
    const found: Answer[] = []
    follow(aggregates, points([100, 101, 102, 99, 98]), (_index, answers) => found.push(answers()[0]), inputs)
    expect(found).toEqual([
      5.128205128205128, 10.044707429322813, 14.760363458588309, 19.080344819686346, 23.127506623804994,
    ])
  })
})

/** NIST StRD: one value and 500 pairs around it; certified are mean and sd (their tables, as GSL's statistics/nist.c has them too). */
describe('NIST StRD', () => {
  const numAcc = (base: number): readonly number[] =>
    [base + 0.2, ...Array.from({ length: 500 }, () => [base + 0.1, base + 0.3])].flat()
  const WINDOWS: readonly Window[] = [
    over,
    { session: '10m', max: '1h' },
    { day: 'utc' },
    { tumbling: '40s' },
    { count: 1001 },
  ]

  describe.each(WINDOWS)('over %j', (window) => {
    test.each([
      ['NumAcc1', [10_000_001, 10_000_003, 10_000_002], 10_000_002, 1, 1e-15],
      ['NumAcc2', numAcc(1), 1.2, 0.1, 1e-13],
      // The values themselves are not exact: 1000000.1 is 3e-11 off, a share of 1e-9 of the deviation.
      ['NumAcc3', numAcc(1_000_000), 1_000_000.2, 0.1, 1e-8],
      ['NumAcc4', numAcc(10_000_000), 10_000_000.2, 0.1, 1e-7],
    ] as const)('%s', (_name, values, mean, sd, share) => {
      // 40 ms apart, 1,001 in 40.04 s; then one moment more, at which the tumbling window has closed.
      const points = values.map((a, i) => ({ at: 39 * MILLI * i, a, open: 1_000_000 * i }))
      const end = { at: 40_500 * MILLI, a: Number.NaN, open: 0 }
      let got: readonly Answer[] = []
      follow(
        (['mean', 'sd'] as const).map((agg) => ({ agg, of: 'a', over: window })),
        [...points, end],
        (_index, answers) => (got = answers()),
      )
      expect(Math.abs(Number(got[0]) - mean) / mean).toBeLessThanOrEqual(1e-15)
      expect(Math.abs(Number(got[1]) - sd) / sd).toBeLessThanOrEqual(share)
    })
  })

  test('Norris: the certified slope and R squared', () => {
    const x = [
      0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777, 558.2, 0.4, 0.6, 775.5, 666.9, 338, 447.5, 11.6,
      556, 228.1, 995.8, 887.6, 120.2, 0.3, 0.3, 556.8, 339.1, 887.2, 999, 779, 11.1, 118.3, 229.2, 669.1, 448.9, 0.5,
    ]
    const y = [
      0.1, 338.8, 118.1, 888, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3, 0.1, 778.1, 668.8, 339.3, 448.9, 10.8,
      557.7, 228.3, 998, 888.8, 119.6, 0.3, 0.6, 557.6, 339.3, 888, 998.5, 778.9, 10.2, 117.6, 228.9, 668.4, 449.2, 0.2,
    ]
    let got: readonly Answer[] = []
    follow(
      [
        { agg: 'beta', of: ['a', 'b'], over },
        { agg: 'corr', of: ['a', 'b'], over },
      ],
      y.map((a, i) => ({ at: 1_000_000 * i, a, b: x[i] ?? 0 })),
      (_index, answers) => (got = answers()),
    )
    const [beta = 0, corr = 0] = got.map(Number)
    // B1 and R-squared of NIST, 15 digits.
    expect(Math.abs(beta - 1.00211681802045)).toBeLessThan(1e-14)
    expect(Math.abs(corr * corr - 0.999993745883712)).toBeLessThan(1e-14)
  })
})

/**
 * Python's statistics.quantiles(data, n=100, method='inclusive') is numpy's default too. Typed from
 * `python3 -c "import statistics as s; d = [12.5, 3.25, -7.75, 3.25, 100.0, 0.1, 41.0, 8.875]; print(s.quantiles(d, n=100, method='inclusive'))"`
 */
test('quantiles are those of Python, sliding, in a session and of candles', () => {
  const values = [12.5, 3.25, -7.75, 3.25, 100, 0.1, 41, 8.875]
  const wanted: readonly (readonly [number, number])[] = [
    [0.01, -7.2005],
    [0.1, -2.255],
    [0.25, 2.4625],
    [0.5, 6.0625],
    [0.9, 58.7],
    [0.99, 95.87],
  ]
  for (const window of [over, { session: '10s', max: '1h' }, { count: 8 }] as const) {
    let got: readonly Answer[] = []
    follow(
      wanted.map(([arg]) => ({ agg: 'quantile', of: 'a', arg, over: window })),
      values.map((a, i) => ({ at: 1_000_000 * (i + 1), a, open: 1_000_000 * i })),
      (_index, answers) => (got = answers()),
    )
    for (const [index, [, value]] of wanted.entries()) expect(got[index]).toBeCloseTo(value, 12)
  }
})
