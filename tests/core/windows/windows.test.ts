import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Stage } from '../../../core/processor.ts'
import { micros } from '../../../core/time.ts'
import { SUM, type Sum } from '../../../core/windows/aggregate.ts'
import { hopping, tumbling } from '../../../core/windows/hopping.ts'
import { lastOf } from '../../../core/windows/last.ts'
import { MOMENTS, sdOf } from '../../../core/windows/moments.ts'
import { session } from '../../../core/windows/session.ts'
import { sliding } from '../../../core/windows/sliding.ts'
import type { Told, Window } from '../../../core/windows/window.ts'
import { packState, unpackState } from '../../../io/processor/snapshot.ts'
import { runStage } from '../../support/run-stage.ts'

const MS = 1000
/** A moment at which windows of a minute, of a second and of 10 s begin, as do all below. */
const START = 1_795_169_700_000_000
const at = (millis: number) => micros(START + Math.round(millis * MS))
/** T reaches this millisecond. */
const beat = (millis: number): Told<number> => ({ now: at(millis), event: undefined })
/** A value at its own time, at T `now` (by default the same). */
const event = (millis: number, value: number, now = millis): Told<number> => ({
  now: at(now),
  event: { at: at(millis), value },
})
type OfSums<State> = Stage<State, Told<number>, Window<Sum>>
/** Start, end (ms) and sum of each window. */
const written = <State>(stage: OfSums<State>, ...told: readonly Told<number>[]) =>
  runStage(stage, told).events.map(({ start, end, value }) => [(start - START) / MS, (end - START) / MS, value.sum])

describe('a tumbling window', () => {
  const stage = tumbling(SUM, { lengthMicros: 1000 * MS, graceMicros: 2000 * MS })

  test('holds its start and not its end, and closes when T is at its end and the grace', () => {
    const told = [event(0, 1), event(999.999, 10), event(1000, 100)]
    expect(written(stage, ...told, beat(2999.999))).toEqual([])
    expect(written(stage, ...told, beat(3000))).toEqual([[0, 1000, 11]])
    expect(written(stage, ...told, beat(9000))).toEqual([
      [0, 1000, 11],
      [1000, 2000, 100],
    ])
  })

  test('closes before the record that carries T there, counts what comes later and is not changed by it', () => {
    const { events, tally } = runStage(stage, [event(0, 1), event(500, 10, 3000), event(999, 7, 3000), beat(60_000)])
    expect(events.map(({ value }) => value.sum)).toEqual([1])
    expect(tally.get('late')).toBe(2)
    expect(written(stage, event(0, 1), event(500, 10, 2999.999), beat(60_000))).toEqual([[0, 1000, 11]])
  })
})

describe('a hopping window', () => {
  const stage = hopping(SUM, { lengthMicros: 3000 * MS, hopMicros: 1000 * MS, graceMicros: 0 })

  test('holds an event in each window over it', () => {
    // Windows end at each second; the event at 500 ms is in those that end at 1, 2 and 3 s.
    expect(written(stage, event(500, 1), event(2500, 10), beat(60_000))).toEqual([
      [-2000, 1000, 1],
      [-1000, 2000, 1],
      [0, 3000, 11],
      [1000, 4000, 10],
      [2000, 5000, 10],
    ])
  })

  test('takes an event into the windows that are still open, and counts what it missed', () => {
    const { events, tally } = runStage(stage, [event(500, 1, 2000), event(500, 10, 3000), beat(9000)])
    // At T = 2 s two of the three have closed, at 3 s all.
    expect(events.map(({ end, value }) => [(end - START) / MS, value.sum])).toEqual([[3000, 1]])
    expect([tally.get('late_for_some'), tally.get('late')]).toEqual([1, 1])
  })

  test.each([
    { lengthMicros: 1000, hopMicros: 300 },
    { lengthMicros: 0, hopMicros: 1 },
    { lengthMicros: 1000, hopMicros: -1000 },
  ])('is refused where hops do not fit: %j', (hops) =>
    expect(() => hopping(SUM, { ...hops, graceMicros: 0 })).toThrow(RangeError),
  )
})

describe('a session window', () => {
  const stage = session(SUM, { gapMicros: 1000 * MS, mostMicros: 10_000 * MS })

  test('ends with a pause as long as the gap, at the last event and the gap', () => {
    expect(written(stage, event(100, 1), event(1099.999, 10), event(2099.999, 100), beat(20_000))).toEqual([
      [100, 2099.999, 11],
      [2099.999, 3099.999, 100],
    ])
    expect(written(stage, event(100, 1), beat(1099.999))).toEqual([])
  })

  test('is cut at multiples of the greatest length, without a pause', () => {
    const beats = Array.from({ length: 15 }, (_, i) => event(8000 + i * 500, 1))
    // 8.0 to 9.5 s are four; 10.0 to 15.0 s are eleven.
    expect(written(stage, ...beats, beat(60_000))).toEqual([
      [8000, 10_000, 4],
      [10_000, 16_000, 11],
    ])
  })
})

describe('a sliding window', () => {
  test('is written at each event, with it or without', () => {
    const told = [event(0, 1), event(500, 10), beat(700), event(1000, 100)]
    const length = { lengthMicros: 1000 * MS }
    expect(written(sliding(SUM, length), ...told)).toEqual([
      [-1000, 0, 1],
      [-500, 500, 11],
      [0, 1000, 110],
    ])
    expect(written(sliding(SUM, { ...length, lag: 1 }), ...told)).toEqual([
      [-1000, 0, 0],
      [-500, 500, 1],
      [0, 1000, 10],
    ])
  })
})

describe('a window of the last ones', () => {
  const stage = lastOf(SUM, { count: 3, intervalMicros: 1000 * MS })

  test('holds so many intervals up to the newest, fewer where some are missing', () => {
    expect(
      written(stage, event(0, 1), event(1000, 10), event(2000, 100), event(3000, 1000), event(5000, 10_000)),
    ).toEqual([
      [-2000, 1000, 1],
      [-1000, 2000, 11],
      [0, 3000, 111],
      [1000, 4000, 1110],
      // 3 and 5 s; nothing came at 4 s.
      [3000, 6000, 11_000],
    ])
  })

  test('puts what comes out of order where it belongs and counts what is too old', () => {
    const { events, tally } = runStage(stage, [event(2000, 1), event(1000, 10), event(-1000, 100)])
    expect(events.map(({ value }) => value.sum)).toEqual([1, 11])
    expect(tally.get('late')).toBe(1)
    expect(() => lastOf(SUM, { count: 2001, intervalMicros: 1 })).toThrow(RangeError)
  })
})

const SECOND = 1000 * MS
const told = fc
  .array(
    fc.record({
      pause: fc.oneof(fc.nat(300 * MS), fc.nat(5 * SECOND), fc.nat(40 * SECOND)),
      value: fc.option(fc.integer({ min: -1e6, max: 1e6 }), { nil: undefined }),
      behind: fc.oneof(fc.nat(100 * MS), fc.nat(8 * SECOND)),
    }),
    { minLength: 40, maxLength: 120, size: 'max' },
  )
  .map((steps) => {
    let now = START
    return steps.map(({ pause, value, behind }): Told<number> => {
      now += pause
      // Thirds have no exact double: another order of adding shows.
      return {
        now: micros(now),
        event: value === undefined ? undefined : { at: micros(now - behind), value: value / 3 },
      }
    })
  })

/** Each kind with the longest time its windows reach back. */
const KINDS = {
  tumbling: [tumbling(MOMENTS, { lengthMicros: 10 * SECOND, graceMicros: 2 * SECOND }), 22 * SECOND],
  hopping: [hopping(MOMENTS, { lengthMicros: 10 * SECOND, hopMicros: 2 * SECOND, graceMicros: SECOND }), 23 * SECOND],
  session: [session(MOMENTS, { gapMicros: 3 * SECOND, mostMicros: 20 * SECOND }), 23 * SECOND],
  sliding: [sliding(MOMENTS, { lengthMicros: 10 * SECOND }), 10 * SECOND],
  last: [lastOf(MOMENTS, { count: 5, intervalMicros: 2 * SECOND }), 20 * SECOND],
} as const

function lawsOf<State>(stage: Stage<State, Told<number>, Window<{ readonly n: number }>>, horizon: number): void {
  const texts = (all: readonly Told<number>[], since: number): readonly string[] => {
    const state = stage.initial()
    const found: string[] = []
    let before = 0
    for (const one of all) {
      // What a record closes is as old as T was before it.
      const isDue = before >= since
      const emit = (window: unknown): void => void (isDue && found.push(JSON.stringify([one.now, window])))
      stage.step(state, one, { emit, count: () => undefined })
      before = one.now
    }
    return found
  }
  fc.assert(
    fc.property(told, fc.nat(), (all, dice) => {
      const start = dice % all.length
      const since = (all[start]?.now ?? 0) + horizon
      expect(texts(all.slice(start), since)).toEqual(texts(all, since))
      // Over a restore at the same place.
      const first = runStage(stage, all.slice(0, start))
      const restored: State = unpackState(packState(first.state))
      const rest = runStage({ ...stage, initial: () => restored, step: stage.step.bind(stage) }, all.slice(start))
      expect([...first.events, ...rest.events]).toEqual(runStage(stage, all).events)
    }),
    { numRuns: 30 },
  )
}

describe('windows', { timeout: 60_000 }, () => {
  test('are the same bit for bit wherever a run began, and over a restore', () => {
    lawsOf(...KINDS.tumbling)
    lawsOf(...KINDS.hopping)
    lawsOf(...KINDS.session)
    lawsOf(...KINDS.sliding)
    lawsOf(...KINDS.last)
    expect(Object.keys(KINDS)).toHaveLength(5)
  })

  test('lose nothing: each event is in one tumbling window or late, in five hops or late for some, in one session', () => {
    const all = (events: readonly Window<{ readonly n: number }>[]) =>
      events.reduce((sum, { value }) => sum + value.n, 0)
    fc.assert(
      fc.property(told, (one) => {
        const whole = [...one, beat(1e7)]
        const count = one.filter((step) => step.event !== undefined).length
        const tumbled = runStage(KINDS.tumbling[0], whole)
        expect(all(tumbled.events) + (tumbled.tally.get('late') ?? 0)).toBe(count)
        expect(all(runStage(KINDS.session[0], whole).events)).toBe(count)
        const hopped = runStage(KINDS.hopping[0], whole)
        const late = hopped.tally.get('late') ?? 0
        const some = hopped.tally.get('late_for_some') ?? 0
        const inside = all(hopped.events)
        expect(inside).toBeLessThanOrEqual(5 * (count - late) - some)
        expect(inside).toBeGreaterThanOrEqual(5 * (count - late) - 4 * some)
      }),
      { numRuns: 30 },
    )
  })

  test('forget what has closed', () => {
    const steps = Array.from({ length: 5000 }, (_, i) => event(i * 700, i))
    expect(runStage(KINDS.tumbling[0], steps).state.hops.size).toBeLessThan(4)
    expect(runStage(KINDS.hopping[0], steps).state.hops.size).toBeLessThan(8)
    expect(runStage(KINDS.last[0], steps).state.events.length).toBeLessThan(16)
  })

  test('sum what falls into them directly', () => {
    fc.assert(
      fc.property(told, (one) => {
        for (const { start, end, value } of runStage(KINDS.tumbling[0], [...one, beat(1e7)]).events) {
          const inside = one.flatMap(({ now, event: it }) =>
            it !== undefined && it.at >= start && it.at < end && now < end + 2 * SECOND ? [it.value] : [],
          )
          expect(value).toEqual(inside.reduce(MOMENTS.add, MOMENTS.empty))
          expect(sdOf(value)).toBe(inside.length < 2 ? undefined : Math.sqrt(value.squares / (inside.length - 1)))
        }
      }),
      { numRuns: 40 },
    )
  })
})
