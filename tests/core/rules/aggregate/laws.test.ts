import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate, Window } from '../../../../core/rules/document.ts'
import type { Reader, Source } from '../../../../core/rules/machine.ts'
import { packState, unpackState } from '../../../../io/processor/snapshot.ts'
import { seeded } from '../../../support/seeded.ts'
import { frameOf, inputsOf, made, read } from './feed.ts'
import { naive, naiveSeries, type Answer, type Told } from './naive.ts'

const START = 1_795_132_800_000_000
const SECOND = 1_000_000

const ONE = ['sum', 'mean', 'var', 'sd', 'twap', 'min', 'max', 'first', 'last', 'delta', 'median', 'slope'] as const
const TWO = ['vwap', 'corr', 'beta', 'argmin', 'argmax'] as const

const AGGREGATES: readonly Omit<Aggregate, 'over'>[] = [
  { agg: 'count' },
  { agg: 'rate' },
  { agg: 'count', of: 'a' },
  { agg: 'rate', of: 'a' },
  ...ONE.map((agg) => ({ agg, of: 'a' })),
  ...TWO.map((agg) => ({ agg, of: ['a', 'b'] as const })),
  { agg: 'argmin', of: ['a', 'text'] },
  { agg: 'quantile', of: 'a', arg: 0.9 },
  { agg: 'distinct', of: 'a' },
  { agg: 'distinct', of: 'text' },
  { agg: 'ema', of: 'a', arg: 5 },
  { agg: 'ema', of: 'a', arg: 3, seed: 'zero' },
]

const WINDOWS: readonly Window[] = [
  { sliding: '40ms' },
  { sliding: '10s' },
  { tumbling: '5s' },
  { hopping: ['12s', '3s'] },
  { session: '2s', max: '15s' },
  { count: 12 },
  { day: 'utc' },
]

const each = (window: Window): readonly Aggregate[] =>
  AGGREGATES.flatMap((one) => ([0, 1] as const).map((lag) => ({ ...one, over: window, lag })))

type Fed = { readonly told: Told | undefined; readonly at: number }

/** Of the windows, their pauses and hops, in milliseconds: what happens at the very edge. */
const LENGTHS = [40, 40, 1000, 2000, 3000, 5000, 10_000]

/**
 * Bursts, equal times, quiet stretches, steps of just a window's length, moments at which nothing comes; values that repeat, absent
 * ones, late candles.
 */
function story(seed: number, count: number, typicalMicros: number): readonly Fed[] {
  const random = seeded(seed)
  let at = START - random(20) * SECOND
  return Array.from({ length: count }, () => {
    const dice = random(30)
    if (dice === 0) at += random(40 * SECOND)
    else if (dice === 1) at += SECOND - (at % SECOND)
    else if (dice < 4) at += (LENGTHS[random(LENGTHS.length)] ?? 0) * 1000
    else if (dice > 8) at += random(dice < 18 ? 20 : 2 * typicalMicros)
    if (random(6) === 0) return { at, told: undefined }
    const a = random(25) === 0 ? Number.NaN : (random(40) - 12) / 4
    const open = Math.floor(at / SECOND - 1 - (random(9) === 0 ? random(20) : 0)) * SECOND
    return { at, told: { at, a, b: random(8), text: 'xyz'.charAt(random(3)), open } }
  })
}

type Kept = {
  readonly aggregate: Aggregate
  readonly series: Aggregate | undefined
  readonly source: Source
  readonly reader: Reader
}

function restored(states: ReadonlyMap<string, object>): Map<string, object> {
  const found: unknown = unpackState(packState(states))
  return found instanceof Map ? found : new Map()
}

/** All that was read at each moment, with one state for sources of one id; packed and unpacked now and then, and not always read. */
function run(all: readonly Kept[], fed: readonly Fed[], clones: number): readonly (readonly Answer[])[] {
  const random = seeded(clones)
  let states = new Map<string, object>()
  for (const { source } of all) states.set(source.id, source.machine.initial())
  const sources = new Map(all.map(({ source }) => [source.id, source]))
  return fed.map(({ told, at }, stamp) => {
    const frame = frameOf(told ?? { at, a: 0, b: 0, text: '', open: 0 }, stamp)
    if (clones > 0 && random(7) === 0) states = restored(states)
    for (const [id, { machine }] of sources) {
      const state = states.get(id) ?? {}
      if (told !== undefined) machine.add(state, frame)
    }
    if (clones > 0 && random(3) === 0) return []
    return all.map(({ source, reader }) => read(reader, states.get(source.id) ?? {}, frame))
  })
}

/**
 * To the last digits but some; a slope's x are seconds since 2020, which double numbers tell apart by 30 ns: over milliseconds that
 * is a share of 1e-4.
 */
function alike({ agg }: Aggregate, got: Answer, wanted: Answer, told: readonly Told[]): boolean {
  if (typeof got !== 'number' || typeof wanted !== 'number')
    return got === wanted || (got === undefined && wanted !== wanted)
  if (Number.isNaN(got) || Number.isNaN(wanted)) return Number.isNaN(got) === Number.isNaN(wanted)
  if (agg === 'slope' && told.length > 1 && isBurst(told)) return true
  const tolerance = agg === 'slope' ? 1e-3 : 1e-9
  return Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted))
}

/** Some of the last events are so near to each other that their slope has no digits. */
const isBurst = (told: readonly Told[]): boolean =>
  told.slice(-40).some(({ at }, index, all) => index > 0 && at - (all[index - 1]?.at ?? 0) < 1000)

const stories = fc.record({
  seed: fc.nat(100_000),
  typical: fc.constantFrom(3000, 300_000, 1_500_000),
  clones: fc.nat(3),
})

type Wrong = {
  readonly aggregate: Aggregate
  readonly series: Aggregate | undefined
  readonly index: number
  readonly got: Answer
  readonly wanted: Answer
}

/** Where values and the document differ; the first is enough. */
function unlikeDocument(all: readonly Kept[], fed: readonly Fed[], clones: number): readonly Wrong[] {
  const told: Told[] = []
  for (const [index, answers] of run(all, fed, clones).entries()) {
    const { at, told: one } = fed[index] ?? { at: 0, told: undefined }
    if (one !== undefined) told.push(one)
    if (answers.length === 0) continue
    for (const [which, { aggregate, series }] of all.entries()) {
      const got = answers[which]
      const wanted =
        series === undefined ? naive(aggregate, told, at, one !== undefined) : naiveSeries(aggregate, series, told, at)
      if (!alike(aggregate, got, wanted, told)) return [{ aggregate, series, index, got, wanted }]
    }
  }
  return []
}

/** Where bits differ after a start `start` events later, of values that must not know. */
function unlikeEarlierStart(
  all: readonly Kept[],
  fed: readonly Fed[],
  start: number,
  clones: number,
): readonly Wrong[] {
  const whole = run(all, fed, 0)
  const before = start === 0 ? -Infinity : (fed[start - 1]?.at ?? 0)
  for (const [index, answers] of run(all, fed.slice(start), clones).entries()) {
    const now = fed[start + index]?.at ?? 0
    if (answers.length === 0) continue
    for (const [which, { aggregate, series, source }] of all.entries()) {
      const got = answers[which]
      const wanted = whole[start + index]?.[which]
      if (before <= now - source.depthMicros && !Object.is(got, wanted))
        return [{ aggregate, series, index, got, wanted }]
    }
  }
  return []
}

function holds(all: readonly Kept[], runs: number): void {
  test('has the value of the document, whoever shares the state and whenever it is restored', () => {
    fc.assert(
      fc.property(stories, ({ seed, typical, clones }) => {
        expect(unlikeDocument(all, story(seed, 90, typical), clones)).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  test('has the same bits after a start anywhere that is its depth before', () => {
    fc.assert(
      fc.property(stories, fc.nat(60), ({ seed, typical, clones }, start) => {
        expect(unlikeEarlierStart(all, story(seed, 120, typical), start, clones)).toEqual([])
      }),
      { numRuns: runs },
    )
  })
}

describe.each(WINDOWS)('every aggregate over %j', (window) => {
  holds(
    each(window).map((aggregate) => ({ aggregate, series: undefined, ...made(aggregate) })),
    12,
  )
})

const SERIES: readonly Aggregate[] = [
  { agg: 'sum', of: 'a', over: { tumbling: '2s' } },
  { agg: 'count', over: { hopping: ['6s', '2s'] } },
  { agg: 'rate', of: 'a', over: { hopping: ['6s', '2s'] } },
  { agg: 'median', of: 'a', over: { hopping: ['4s', '1s'] } },
  { agg: 'last', of: 'a', over: { tumbling: '1s' } },
  { agg: 'ema', of: 'a', arg: 2, over: { hopping: ['3s', '1s'] } },
]

describe.each(SERIES)('every aggregate over the closed windows of %j', (inner) => {
  const series = { aggregate: inner, inputs: inputsOf(inner) }
  const one = each({ count: 9 }).filter(({ of }) => of === 'a' || of === undefined)
  holds(
    one.map((aggregate) => ({ aggregate, series: inner, ...made(aggregate, { of: [], series }) })),
    10,
  )
})

describe('over the closed windows of an aggregate of texts', () => {
  const inner: Aggregate = { agg: 'argmax', of: ['a', 'text'], over: { tumbling: '2s' } }
  const series = { aggregate: inner, inputs: inputsOf(inner) }
  const all = (['first', 'last', 'distinct', 'count'] as const).map((agg): Aggregate => ({
    agg,
    of: 'text',
    over: { count: 5 },
  }))
  holds(
    all.map((aggregate) => ({ aggregate, series: inner, ...made(aggregate, { of: [], series }) })),
    10,
  )
})
