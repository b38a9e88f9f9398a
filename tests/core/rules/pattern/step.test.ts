import { expect, test } from 'vitest'
import { preparePattern } from '../../../../core/rules/pattern/prepare.ts'
import { patternInitial, type PatternEnd } from '../../../../core/rules/pattern/state.ts'
import { patternStep } from '../../../../core/rules/pattern/step.ts'
import { patternDue } from '../../../../core/rules/pattern/expire.ts'
import type { PatternProgram, StepCondition } from '../../../../core/rules/program.ts'
import type { Frame } from '../../../../core/rules/frame.ts'
import type { RuleEvent } from '../../../../core/rules/events.ts'
import {
  condition,
  frameOf,
  idOf,
  matchText,
  named,
  priceOf,
  program,
  runPattern,
  shorthand,
  take,
  trade,
} from './support.ts'

/** Steps alone, as if no timer ran. */
function stepped(of: PatternProgram, events: readonly RuleEvent[]): readonly (readonly [string, number])[] {
  const pattern = preparePattern(of)
  const state = patternInitial(pattern)
  const found: (readonly [string, number])[] = []
  for (const event of events)
    patternStep(pattern, state, frameOf(event), (end: PatternEnd) => found.push([matchText(end), end.at]))
  return found
}

const isA = condition(({ event }) => idOf(event).startsWith('a'))
const absence: PatternProgram = program([
  { kind: 'take', ...take(0, isA.whole.read) },
  { kind: 'not', streams: ['trade'], if: isA, follow: 'followed', forMicros: 1_000_000 },
])

test('what is due is written before the event that passes it, with its own time', () => {
  expect(stepped(absence, named('a1 a2 x'))).toEqual([
    ['a1', 1_000_000],
    ['a2', 2_000_000],
  ])
})

test('a deadline is known from the event on that sets it, and gone with the partial', () => {
  const pattern = preparePattern(absence)
  const state = patternInitial(pattern)
  const ignore = (): void => undefined
  const dueAfter = (id: string, at: number): number | undefined => {
    patternStep(pattern, state, frameOf(trade(id, { at })), ignore)
    return patternDue(pattern, state)
  }
  expect(dueAfter('x', 0)).toBeUndefined()
  expect(dueAfter('a1', 5)).toBe(1_000_005)
  expect(dueAfter('a2', 10)).toBe(1_000_010)
})

test('steps of a stream take and refuse events of that stream alone', () => {
  const of = shorthand('a b')
  const onQuotes = of.steps.map((step) => (step.kind === 'take' && step.name === 1 ? { ...step, streams: [] } : step))
  expect(runPattern(of, named('a b')).ends).toHaveLength(1)
  expect(runPattern({ ...of, steps: onQuotes }, named('a b')).ends).toEqual([])
})

test('`all` takes each of its steps once, in any order; of several that one event would satisfy, the first written', () => {
  const a = take(0, ({ event }) => /[ax]/.test(idOf(event)))
  const b = take(1, ({ event }) => /[bx]/.test(idOf(event)))
  const of = program([{ kind: 'all', of: [a, b] }])
  const names = (events: string): readonly string[] => runPattern(of, named(events)).ends.map(matchText)
  expect(names('a b')).toEqual(['a b'])
  expect(names('b1 b2 a')).toEqual(['b1 a', 'b2 a'])
  // x counts as the first of them, so b is still to come.
  expect(names('x b')).toEqual(['x b'])
  expect(names('x a')).toEqual([])
})

test('values captured with an event are those of that moment', () => {
  let value = 1
  const of = { ...shorthand('a b'), captured: [{ type: 'number' as const, read: () => value++ }] }
  const [match] = runPattern(of, named('a x b')).ends
  expect(match?.taken.captured).toEqual([2])
  expect(match?.taken.before?.captured).toEqual([1])
})

test('more optional steps in a row than options have bits are refused', () => {
  const many = Array.from({ length: 40 }, (_, name) => ({
    kind: 'take' as const,
    ...take(name, () => true, { optional: true }),
  }))
  expect(() => preparePattern(program(many))).toThrow(RangeError)
})

test('of more matches than `maxPartials` none waits: the partial that they wait for is dropped, and counted', () => {
  const alone = { b: ({ event, taken }: Frame) => idOf(event).startsWith('b') && taken === undefined }
  const of = { ...shorthand('a? b', alone, 'past-last'), maxPartials: 2 }
  const { ends, dropped } = runPattern(of, named('a b1 b2 b3 b4'))
  expect(ends.map((end) => [matchText(end), end.at])).toEqual([
    ['b1', 3_000_000],
    ['b2', 3_000_000],
    ['b3', 3_000_000],
    ['b4', 4_000_000],
  ])
  expect(dropped).toBe(1)
})

test.each([
  ['falls, so that all are refused', -1],
  ['rises, so that all are taken', 1],
])('what thresholds keep of ended partials is bounded by those that live: the price %s', (_, by) => {
  const ofA = ({ taken }: Frame): number => (taken === undefined ? NaN : priceOf(taken.event))
  const against = (op: '<' | '>', plus: number): StepCondition => {
    const threshold = {
      op,
      ofEvent: ({ event }: Frame) => priceOf(event),
      ofTaken: (frame: Frame) => ofA(frame) + plus,
    }
    const { ofEvent, ofTaken } = threshold
    const holds = (frame: Frame): boolean =>
      op === '<' ? ofEvent(frame) < ofTaken(frame) : ofEvent(frame) > ofTaken(frame)
    return { ...condition(holds), threshold }
  }
  const of = program([
    { kind: 'take', ...take(0, () => true) },
    { kind: 'not', streams: ['trade'], if: against('<', 0), follow: 'followed', forMicros: undefined },
    { kind: 'take', ...take(1, () => true, { if: against('>', 5) }) },
  ])
  const events = Array.from({ length: 10_000 }, (_one, at) => trade('', { at, price: by * at }))
  let most = 0
  let live = 0
  runPattern(of, events, {
    onState: (state) => {
      for (const { order, take: toTake, kill, live: now } of state.buckets) {
        most = Math.max(most, order.length - 2 * now, toTake.keys.length - 2 * now, kill.keys.length - 2 * now)
        live = Math.max(live, now)
      }
      return state
    },
  })
  expect(live).toBe(by > 0 ? 6 : 1)
  expect(most).toBeLessThanOrEqual(64 + 2 * live)
})
