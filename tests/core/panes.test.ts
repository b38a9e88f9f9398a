import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paneLength, panes } from '../../core/panes.ts'
import { micros } from '../../core/time.ts'
import { SUM, type Aggregate } from '../../core/windows/aggregate.ts'
import { MOMENTS, sdOf, type Moments } from '../../core/windows/moments.ts'
import { packState, unpackState } from '../../io/processor/snapshot.ts'
import { seeded } from '../support/seeded.ts'
import { exactVariance } from './windows/exact.ts'

const START = 1_795_169_700_000_000
const SECOND = 1_000_000
type Event = { readonly at: number; readonly x: number }

/** Section 7 of rules.md read as it is written, over all events there ever were. */
function reference<Acc>(aggregate: Aggregate<Acc, number>, W: number, events: readonly Event[], t: number): Acc {
  const { empty, add, merge } = aggregate
  const P = paneLength(W)
  const pane = (i: number): readonly Event[] => events.filter(({ at }) => Math.floor(at / P) === i)
  const node = (l: number, i: number): Acc =>
    l === 0 ? pane(i).reduce((acc, { x }) => add(acc, x), empty) : merge(node(l - 1, 2 * i), node(l - 1, 2 * i + 1))
  const pc = Math.floor(t / P)
  const pe = Math.floor((t - W) / P)
  const A = pane(pe)
    .filter(({ at }) => at > t - W)
    .toReversed()
    .reduce((acc, { x }) => add(acc, x), empty)
  let B = empty
  const right: Acc[] = []
  for (let l = 0, lo = pe + 1, hi = pc - 1; lo <= hi; l++) {
    if (l === 6) {
      for (let i = lo; i <= hi; i++) B = merge(B, node(6, i))
      break
    }
    if (lo % 2 === 1) B = merge(B, node(l, lo++))
    if (hi % 2 === 0) right.push(node(l, hi--))
    lo = Math.floor(lo / 2)
    hi = Math.floor(hi / 2)
  }
  while (right.length > 0) B = merge(B, right.pop() ?? empty)
  const C = pane(pc)
    .filter(({ at }) => at <= t)
    .reduce((acc, { x }) => add(acc, x), empty)
  return merge(merge(A, B), C)
}

/** A price that walks, with pauses from none to beyond any window. */
function walk(seed: number, count: number, typicalMicros: number): readonly Event[] {
  const random = seeded(seed)
  let at = START + random(SECOND)
  let x = 91_000
  return Array.from({ length: count }, () => {
    const pause = random(40) === 0 ? random(40) : random(10) === 0 ? 0 : 1
    at += pause * random(2 * typicalMicros)
    x += (random(2001) - 1000) / 64
    return { at, x }
  })
}

const LENGTHS = [32_000, 100_000, 999_000, 60 * SECOND, 319 * SECOND, 86_400 * SECOND]
const walks = fc.record({
  seed: fc.nat(10_000),
  length: fc.constantFrom(...LENGTHS),
  /** Events in one length of the window, typically. */
  crowd: fc.constantFrom(0.3, 3, 40),
})

describe('a sliding window of panes', { timeout: 60_000 }, () => {
  test('equals the scheme as it is written, bit for bit, from any start, over restores and looks between events', () => {
    fc.assert(
      fc.property(walks, fc.nat(), ({ seed, length, crowd }, dice) => {
        const random = seeded(dice)
        const events = walk(seed, 120, Math.ceil(length / crowd))
        const start = random(60)
        const began = events[start]?.at ?? 0
        const { initial, add, value } = panes(MOMENTS, length)
        let state = initial()
        for (const [index, { at, x }] of events.entries()) {
          if (index < start) continue
          if (random(8) === 0) value(state, micros(at - random(at - (events[index - 1]?.at ?? at) + 1)))
          if (random(10) === 0) state = unpackState(packState(state))
          const before = value(state, micros(at))
          add(state, micros(at), x)
          const after = value(state, micros(at))
          if (at - length < began) continue
          expect(before).toEqual(reference(MOMENTS, length, events.slice(0, index), at))
          expect(after).toEqual(reference(MOMENTS, length, events.slice(0, index + 1), at))
        }
      }),
      { numRuns: 25 },
    )
  })

  test('differs from the true standard deviation by less than 1e-12 of it', () => {
    const length = 60 * SECOND
    let worst = 0
    for (const seed of [1, 2, 3]) {
      const events = walk(seed, 1500, 100_000)
      const { initial, add, value } = panes(MOMENTS, length)
      const state = initial()
      for (const [index, { at, x }] of events.entries()) {
        add(state, micros(at), x)
        if (index % 10 !== 0) continue
        const inside = events.slice(0, index + 1).filter((one) => one.at > at - length)
        const sd = sdOf(value(state, micros(at)))
        if (sd === undefined || inside.length < 2) continue
        const truth = Math.sqrt(exactVariance(inside.map((one) => one.x)))
        if (truth > 0) worst = Math.max(worst, Math.abs(sd - truth) / truth)
      }
    }
    expect(worst).toBeLessThan(1e-12)
  })

  test('its twin, Welford with removal, gives other bits after another start', () => {
    const remove = ({ n, mean, squares }: Moments, x: number): Moments => {
      if (n === 1) return MOMENTS.empty
      const before = mean - (x - mean) / (n - 1)
      return { n: n - 1, mean: before, squares: squares - (x - mean) * (x - before) }
    }
    const twin = (events: readonly Event[]): ReadonlyMap<number, Moments> => {
      let sum = MOMENTS.empty
      let oldest = 0
      return new Map(
        events.map(({ at, x }) => {
          sum = MOMENTS.add(sum, x)
          for (; (events[oldest]?.at ?? at) <= at - 60 * SECOND; oldest++) sum = remove(sum, events[oldest]?.x ?? 0)
          return [at, sum]
        }),
      )
    }
    const events = walk(1, 3000, 100_000)
    const whole = twin(events)
    const late = [...twin(events.slice(500))].filter(([at]) => at - 60 * SECOND >= (events[500]?.at ?? 0))
    const different = late.filter(([at, { squares }]) => squares !== whole.get(at)?.squares)
    expect(late.length).toBeGreaterThan(1000)
    expect(different.length).toBeGreaterThan(late.length / 2)
  })

  test('holds what came after t - length, up to t', () => {
    const { initial, add, value } = panes(SUM, 32_000)
    const state = initial()
    for (const [at, x] of [
      [0, 1],
      [1, 10],
      [31_999, 100],
      [32_000, 1000],
    ] as const)
      add(state, micros(START + at), x)
    // (t - 32 ms, t]: the event at 0 is out at 32 ms exactly, that at 1 us one microsecond later.
    expect(value(state, micros(START + 32_000))).toEqual({ n: 3, sum: 1110 })
    expect(value(state, micros(START + 32_001))).toEqual({ n: 2, sum: 1100 })
    expect(value(state, micros(START + 63_999))).toEqual({ n: 1, sum: 1000 })
    expect(value(state, micros(START + 64_000))).toEqual({ n: 0, sum: 0 })
    expect(() => add(state, micros(START), 1)).toThrow(RangeError)
  })

  test('holds exactly what is inside, wherever events are cut off', () => {
    const { initial, add, value } = panes(SUM, 3_200_000)
    const state = initial()
    const random = seeded(3)
    const inside: { readonly at: number; readonly x: number }[] = []
    let at = START
    for (let i = 0; i < 4000; i++) {
      at += random(12_000)
      const x = random(1000)
      inside.push({ at, x })
      while ((inside[0]?.at ?? at) <= at - 3_200_000) inside.shift()
      add(state, micros(at), x)
      const sum = inside.reduce((acc, one) => acc + one.x, 0)
      expect(value(state, micros(at))).toEqual({ n: inside.length, sum })
    }
  })

  test('keeps no more than the window: events, and sums of its panes', () => {
    const { initial, add, value } = panes(MOMENTS, 60 * SECOND)
    const state = initial()
    for (let i = 0; i < 50_000; i++) {
      const at = micros(START + i * 50_000)
      add(state, at, i % 7)
      value(state, at)
    }
    // 1,200 events in 60 s, and not more than as many again that wait to be cut off.
    expect(state.times.length).toBeLessThan(2500)
    expect(state.nodes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(2 * 61 + 14)
  })
})

// By hand: the longest of 1 ms … 10 min that divides the window and fits 32 times.
test.each([
  [32_000, 1000],
  [320_000, 10_000],
  [3_200_000, 100_000],
  [32 * SECOND, SECOND],
  [60 * SECOND, SECOND],
  [319 * SECOND, SECOND],
  [320 * SECOND, 10 * SECOND],
  [3600 * SECOND, 60 * SECOND],
  [86_400 * SECOND, 600 * SECOND],
  [7_001_000, 1000],
])('a window of %i us has panes of %i us', (length, pane) => expect(paneLength(length)).toBe(pane))

test.each([31_000, 32_500, 0, -1000, Number.NaN])('a window of %d us is refused', (length) =>
  expect(() => paneLength(length)).toThrow(RangeError),
)
