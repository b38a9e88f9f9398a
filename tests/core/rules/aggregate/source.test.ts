import { describe, expect, test } from 'vitest'
import { sourceOf } from '../../../../core/rules/aggregate/source.ts'
import type { Aggregate, Window } from '../../../../core/rules/document.ts'
import { packState } from '../../../../io/processor/snapshot.ts'
import { frameOf, inputsOf, made, read } from './feed.ts'
import type { Told } from './naive.ts'

const over: Window = { sliding: '60s' }
const id = (aggregate: Aggregate): string => made(aggregate).source.id

/** Codes and places of what is wrong. */
function wrong(aggregate: Aggregate, more = {}): readonly string[] {
  const found = sourceOf(aggregate, inputsOf(aggregate, more))
  return found.kind === 'problems' ? found.problems.map(({ code, pointer }) => `${code} ${pointer}`) : []
}

describe('one state serves', () => {
  test('mean, var, sd, count and rate of the same values, with the present event and without', () => {
    const all = (['mean', 'var', 'sd', 'count', 'rate'] as const).flatMap((agg) =>
      ([0, 1] as const).map((lag) => id({ agg, of: 'a', over, lag })),
    )
    expect(new Set(all).size).toBe(1)
  })

  test.each([
    ['another of', { agg: 'mean', of: 'b', over }],
    ['another window', { agg: 'mean', of: 'a', over: { sliding: '61s' } }],
    ['another kind of window', { agg: 'mean', of: 'a', over: { tumbling: '60s' } }],
    ['plain sums', { agg: 'sum', of: 'a', over }],
    ['a count of all events', { agg: 'count', over }],
  ] as const)('but not %s', (_what, aggregate) => expect(id(aggregate)).not.toBe(id({ agg: 'mean', of: 'a', over })))

  test.each([
    ['median and quantiles', { agg: 'median', of: 'a', over }, { agg: 'quantile', of: 'a', arg: 0.9, over }],
    ['first and delta', { agg: 'first', of: 'a', over }, { agg: 'delta', of: 'a', over }],
    ['corr and beta', { agg: 'corr', of: ['a', 'b'], over }, { agg: 'beta', of: ['a', 'b'], over }],
    [
      'all that is asked for of candles',
      { agg: 'ema', arg: 9, of: 'a', over: { count: 9 } },
      { agg: 'max', of: 'a', over: { count: 9 } },
    ],
  ] as const)('%s', (_what, one, other) => expect(id(one)).toBe(id(other)))

  test('equal windows of any writing', () =>
    expect(id({ agg: 'sum', of: 'a', over: { sliding: '1m' } })).toBe(id({ agg: 'sum', of: 'a', over })))

  test('series of one aggregate; another quantile of the windows is another series', () => {
    const of = (arg: number, agg: 'mean' | 'max'): string => {
      const inner: Aggregate = { agg: 'quantile', arg, of: 'a', over: { tumbling: '5s' } }
      const outer: Aggregate = { agg, of: 'a', over: { count: 10 } }
      return made(outer, { of: [], series: { aggregate: inner, inputs: inputsOf(inner) } }).source.id
    }
    expect(of(0.5, 'mean')).toBe(of(0.5, 'max'))
    expect(of(0.5, 'mean')).not.toBe(of(0.9, 'mean'))
  })
})

describe('refused', () => {
  const sum = (window: Window): Aggregate => ({ agg: 'sum', of: 'a', over: window })
  test.each([
    [sum({ sliding: '0s' }), ['E301 /over/sliding']],
    [sum({ sliding: '31ms' }), ['E301 /over/sliding']],
    [sum({ sliding: '25h' }), ['E301 /over/sliding']],
    [sum({ sliding: 'a minute' }), ['E301 /over/sliding']],
    [sum({ hopping: ['10m', '7s'] }), ['E301 /over/hopping/1']],
    [sum({ hopping: ['10m', '0s'] }), ['E301 /over/hopping/1']],
    [sum({ session: '5m', max: '1m' }), ['E301 /over/max']],
    [{ agg: 'corr', of: 'a', over }, ['E302 /of']],
    [{ agg: 'mean', of: 'text', over }, ['E302 /of']],
    [{ agg: 'mean', over }, ['E302 /of']],
    [{ agg: 'mean', of: ['a', 'b'], over }, ['E302 /of']],
    [{ agg: 'vwap', of: ['a', 'text'], over }, ['E302 /of/1']],
    [{ agg: 'sum', of: 'time', over }, ['E302 /of']],
    [{ agg: 'max', of: 'truth', over }, ['E302 /of']],
    [{ agg: 'quantile', of: 'a', arg: 1.5, over }, ['E303 /arg']],
    [{ agg: 'quantile', of: 'a', over }, ['E303 /arg']],
    [{ agg: 'ema', of: 'a', arg: 0, over: { count: 9 } }, ['E303 /arg']],
    [{ agg: 'mean', of: 'a', arg: 3, over }, ['E303 /arg']],
    [{ agg: 'mean', of: 'a', seed: 'zero', over }, ['E303 /seed']],
    [sum({ count: 2001 }), ['E304 /over/count']],
    [sum({ count: 0 }), ['E304 /over/count']],
    [{ agg: 'ema', of: 'text', over: { sliding: '1ms' } }, ['E301 /over/sliding', 'E302 /of', 'E303 /arg']],
  ] as const)('%j: %j', (aggregate, problems) => expect(wrong(aggregate)).toEqual(problems))

  test('a count of trades, and of candles of more than one interval', () => {
    const aggregate: Aggregate = { agg: 'mean', of: 'a', over: { count: 50 } }
    expect(wrong(aggregate, { streams: ['trade', 'candle'] })).toEqual(['E304 /over/count'])
    expect(wrong(aggregate, { candleMicros: undefined })).toEqual(['E304 /over/count'])
  })

  test('a series of windows that do not close, and one that says where', () => {
    const series = (inner: Aggregate) => ({ of: [], series: { aggregate: inner, inputs: inputsOf(inner) } })
    const outer: Aggregate = { agg: 'mean', of: 'a', over: { count: 9 } }
    expect(wrong(outer, series({ agg: 'sum', of: 'a', over }))).toEqual(['E304 /of'])
    expect(wrong({ ...outer, where: 'true' }, series({ agg: 'sum', of: 'a', over: { tumbling: '5s' } }))).toEqual([
      'E302 /where',
    ])
    expect(wrong(outer, series({ agg: 'last', of: 'text', over: { tumbling: '5s' } }))).toEqual(['E302 /of'])
  })
})

test.each([
  [{ agg: 'delta', of: 'time', over }, 'duration'],
  [{ agg: 'max', of: 'time', over }, 'time'],
  [{ agg: 'mean', of: 'length', over }, 'duration'],
  [{ agg: 'count', of: 'text', over }, 'number'],
  [{ agg: 'last', of: 'text', over }, 'string'],
  [{ agg: 'argmax', of: ['a', 'text'], over }, 'string'],
  [{ agg: 'argmax', of: ['text', 'a'], over: { sliding: '1ms' } }, undefined],
] as const)('%j gives a %s', (aggregate, type) => {
  const found = sourceOf(aggregate, inputsOf(aggregate))
  expect(found.kind === 'source' ? found.reader.type : undefined).toBe(type)
})

describe('a state', () => {
  const WINDOWS: readonly Window[] = [
    { sliding: '10s' },
    { tumbling: '10s' },
    { hopping: ['10s', '1s'] },
    { session: '5s', max: '10s' },
    { day: 'utc' },
    { count: 10 },
  ]
  const AGGREGATES: readonly Omit<Aggregate, 'over'>[] = [
    { agg: 'count' },
    { agg: 'sd', of: 'a' },
    { agg: 'sum', of: 'a' },
    { agg: 'twap', of: 'a' },
    { agg: 'max', of: 'a' },
    { agg: 'last', of: 'a' },
    { agg: 'delta', of: 'a' },
    { agg: 'ema', of: 'a', arg: 3 },
    { agg: 'median', of: 'a' },
    { agg: 'distinct', of: 'a' },
  ]
  /** 30 a second, a tenth of them late candles; of a day's window a few seconds are enough to see. */
  const told = (i: number): Told => ({
    at: 1_795_132_800_000_000 + i * 33_333,
    a: (i * 7919) % 5000,
    b: 1,
    text: '',
    open: Math.floor(i / 30) * 1_000_000,
  })

  describe.each(WINDOWS)('over %j', (window) => {
    test.each(AGGREGATES)('of %j stays within a small multiple of its bound, read or not', (one) => {
      for (const isRead of [true, false]) {
        const { source, reader } = made({ ...one, over: window }, { eventsPerSecond: 30 })
        const { machine, bytes } = source
        const state = machine.initial()
        for (let i = 0; i < 6000; i++) {
          const frame = frameOf(told(i), i)
          machine.add(state, frame)
          if (isRead) read(reader, state, frame)
        }
        expect(machine.held(state)).toBeLessThanOrEqual(2 * bytes)
        // What V8 makes of it: names, small sums, what waits to be cut off.
        expect(packState(state).length).toBeLessThan(4 * bytes + 20_000)
      }
    })
  })
})
