import { describe, expect, test } from 'vitest'
import { beside, keyed, passing, pipe } from '../../core/pipe.ts'
import type { Stage } from '../../core/processor.ts'
import { packState, unpackState } from '../../io/processor/snapshot.ts'
import { runStage } from '../support/run-stage.ts'

/** Tells of each text how many came before it, under a name. */
const counting = (name: string): Stage<{ count: number }, string, string> => ({
  initial: () => ({ count: 0 }),
  step(state, text, { emit, count }) {
    emit(`${name}${state.count}(${text})`)
    count(name)
    state.count += 1
  },
})
/** Emits each text twice. */
const doubling: Stage<undefined, string, string> = {
  initial: () => undefined,
  step(_, text, { emit }) {
    emit(text)
    emit(text)
  },
}
const eventsOf = <State>(stage: Stage<State, string, string>, ...texts: readonly string[]) =>
  runStage(stage, texts).events

describe('pipe', () => {
  test('hands what the first emits to the second at once, in order', () => {
    expect(eventsOf(pipe(doubling, counting('b')), 'x', 'y')).toEqual(['b0(x)', 'b1(x)', 'b2(y)', 'b3(y)'])
    expect(eventsOf(pipe(pipe(counting('a'), counting('b')), counting('c')), 'x')).toEqual(['c0(b0(a0(x)))'])
  })

  test('counts what both count', () => {
    const { tally } = runStage(pipe(doubling, pipe(counting('a'), counting('b'))), ['x'])
    expect(Object.fromEntries(tally)).toEqual({ a: 2, b: 2 })
  })
})

describe('beside', () => {
  test('gives what either adds, the first before the second; the second sees the input, then what the first made of it', () => {
    expect(eventsOf(beside(counting('a'), counting('b')), 'x', 'y')).toEqual([
      'a0(x)',
      'b0(x)',
      'b1(a0(x))',
      'a1(y)',
      'b2(y)',
      'b3(a1(y))',
    ])
  })

  test('nests: the third sees what both before it made', () => {
    const nested = beside(beside(counting('a'), counting('b')), counting('c'))
    expect(eventsOf(nested, 'x')).toEqual([
      'a0(x)',
      'b0(x)',
      'b1(a0(x))',
      'c0(x)',
      'c1(a0(x))',
      'c2(b0(x))',
      'c3(b1(a0(x)))',
    ])
  })

  test('adds nothing where both are silent', () => {
    const silent: Stage<undefined, string, string> = { initial: () => undefined, step: () => undefined }
    expect(eventsOf(beside(silent, silent), 'x')).toEqual([])
    expect(eventsOf(passing(beside(silent, silent)), 'x')).toEqual(['x'])
  })
})

test('passing lets the input through before what the stage makes of it', () => {
  expect(eventsOf(passing(counting('a')), 'x', 'y')).toEqual(['x', 'a0(x)', 'y', 'a1(y)'])
})

describe('keyed', () => {
  const byFirst = keyed((text: string) => (text === '' ? undefined : text.slice(0, 1)), counting('k'))

  test('gives each key a state of its own and lets pass by what has no key', () => {
    expect(eventsOf(byFirst, 'a', 'b', '', 'a2', 'b2')).toEqual(['k0(a)', 'k0(b)', 'k1(a2)', 'k1(b2)'])
  })

  test('has a state that a snapshot holds', () => {
    const { state } = runStage(byFirst, ['a', 'b', 'a'])
    const restored: typeof state = unpackState(packState(state))
    expect(runStage({ initial: () => restored, step: byFirst.step.bind(byFirst) }, ['a', 'b']).events).toEqual([
      'k2(a)',
      'k1(b)',
    ])
  })
})

test('two runs of one stage share nothing', () => {
  const stage = passing(
    beside(
      pipe(doubling, counting('a')),
      keyed((text: string) => text, counting('k')),
    ),
  )
  expect(eventsOf(stage, 'x', 'y')).toEqual(eventsOf(stage, 'x', 'y'))
})
