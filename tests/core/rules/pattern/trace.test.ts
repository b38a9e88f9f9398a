import { expect, test } from 'vitest'
import { isFurther, type Lost, type PatternTrace } from '../../../../core/rules/pattern/trace.ts'
import type { PatternProgram } from '../../../../core/rules/program.ts'
import { matchText, named, runPattern, shorthand } from './support.ts'

const lostOf = (of: PatternProgram, events: string): readonly string[] => {
  const lost: Lost[] = []
  const trace: PatternTrace = { lost: (one) => void lost.push(one), missed: () => undefined }
  runPattern(of, named(events), { byThresholds: false, trace })
  return lost.map(
    (one) => `${matchText(one)}: ${one.why}, ${one.stage} entered, waited for ${of.names[one.waited ?? -1]}`,
  )
}

test.each([
  ['a !x b', 'none', 'a x b', ['a: guard, 1 entered, waited for b']],
  ['a b:n', 'none', 'a c', ['a: contiguity, 1 entered, waited for b']],
  ['a{2}:f/n', 'none', 'a1 c', ['a1: contiguity, 1 entered, waited for a']],
  ['a b c', 'to-next', 'a b c', []],
  ['a b:y', 'to-next', 'a b', ['a: skip, 1 entered, waited for b']],
  ['a b', 'past-last', 'a1 a2 b', []],
  ['a{2}:n c', 'past-last', 'a1 a2 a3 c', ['a3: contiguity, 1 entered, waited for a']],
  ['a b+', 'past-last', 'a b1', ['a b1: skip, 2 entered, waited for b']],
])('%s, skip %s, over %s: what ended without going on', (text, skip, events, expected) => {
  const lost = lostOf(shorthand(text, {}, skip), events)
  expect(lost).toEqual(expected)
})

test('a partial that runs out of time or of room', () => {
  const of = shorthand('a b')
  expect(lostOf({ ...of, withinMicros: 2_000_000 }, 'a x x')).toEqual(['a: within, 1 entered, waited for b'])
  expect(lostOf({ ...of, maxPartials: 1 }, 'a1 a2')).toEqual(['a1: maxPartials, 1 entered, waited for b'])
})

test('a loop that `until` ends', () => {
  expect(lostOf(shorthand('a{2} until x'), 'a x')).toEqual(['a: until, 1 entered, waited for a'])
})

test('each condition that an event did not meet is told, with what the partial took', () => {
  const missed: string[] = []
  const of = shorthand('a b')
  const trace: PatternTrace = { lost: () => undefined, missed: (name) => void missed.push(of.names[name] ?? '') }
  runPattern(of, named('a x b'), { byThresholds: false, trace })
  // x is no b for the partial, and starts nothing; b starts nothing either.
  expect(missed).toEqual(['b', 'a', 'a'])
})

test('of two the one that entered more steps got further, then the one that took more events', () => {
  const lost: Lost[] = []
  const trace: PatternTrace = { lost: (one) => void lost.push(one), missed: () => undefined }
  runPattern({ ...shorthand('a b+ c:n'), withinMicros: 3_000_000 }, named('a1 b1 b2 x a2 x x x'), {
    byThresholds: false,
    trace,
  })
  const furthest = lost.reduce((one, other) => (isFurther(other, one) ? other : one))
  expect(matchText(furthest)).toBe('a1 b1 b2')
})
