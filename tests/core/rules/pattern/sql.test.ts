import { describe, expect, test } from 'vitest'
import type { Frame, Taken } from '../../../../core/rules/frame.ts'
import { countTaken, firstTaken, lastTaken, meanTaken, sumTaken } from '../../../../core/rules/pattern/taken.ts'
import type { ProgramSkip, ProgramTake } from '../../../../core/rules/program.ts'
import { chain, DAY, priceOf, program, runPattern, take, trade } from './support.ts'

/** Names in order of the steps; in the comments p, S, N, L as in rules-goldens.md: price, sum, count, last price. */
const [FIRST, SECOND, THIRD] = [0, 1, 2]
const p = ({ event }: Frame): number => priceOf(event)
const price = ({ event }: Taken): number => priceOf(event)
const S = ({ taken }: Frame, name: number): number => sumTaken(taken, name, price)
const N = ({ taken }: Frame, name: number): number => countTaken(taken, name)
const L = ({ taken }: Frame, name: number, nth = 0): number => {
  const one = lastTaken(taken, name, nth)
  return one === undefined ? NaN : price(one)
}

const TAKE = 'take' as const
type Test = (frame: Frame) => boolean
type Many = Pick<ProgramTake, 'most' | 'greedy' | 'optional'>
const PLUS = { most: Infinity, greedy: false, optional: false }
const PLUS_GREEDY = { ...PLUS, greedy: true }
const STAR_GREEDY = { ...PLUS_GREEDY, optional: true }
const STAR = { ...PLUS, optional: true }

/** All steps strictly contiguous; rows a minute apart, or as said. */
function run(
  prices: string,
  steps: readonly (readonly [Test, Many?])[],
  skip: ProgramSkip,
  { apart = 60_000_000, within = DAY } = {},
): readonly Taken[] {
  const takes = steps.map(([of, many], name) => ({
    kind: TAKE,
    ...take(name, of, { follow: 'next', ...many }),
  }))
  const rows = prices.split(' ').map((text, at) => trade(`${at + 1}`, { at: at * apart, price: Number(text) }))
  return runPattern(program(takes, { skip, withinMicros: within }), rows).ends.map(({ taken }) => taken)
}

const pricesOf = (taken: Taken, name?: number): readonly number[] =>
  chain(taken)
    .filter((one) => name === undefined || one.name === name)
    .map(price)
const rowsOf = (taken: Taken, name: number): readonly number[] =>
  chain(taken)
    .filter((one) => one.name === name)
    .map(({ number }) => number)
const lastPrice = (taken: Taken, name: number): number | undefined => pricesOf(taken, name).at(-1)

const PAST_LAST = { kind: 'past-last' } as const
const always: Test = () => true

describe('the cases of MATCH_RECOGNIZE, as rules-goldens.md has them', () => {
  test('row 45: a fall and the rise after it', () => {
    const down: Test = (frame) => p(frame) < (N(frame, SECOND) > 0 ? L(frame, SECOND) : L(frame, FIRST))
    const up: Test = (frame) => p(frame) > L(frame, SECOND)
    const found = run('12 17 19 21 25 18 15 14 24 25 19', [[always], [down, PLUS_GREEDY], [up]], {
      kind: 'toLast',
      name: THIRD,
    })
    expect(found.map((taken) => pricesOf(taken))).toEqual([[25, 18, 15, 14, 24]])
  })

  test('row 46: as long as the mean stays below 15', () => {
    const below: Test = (frame) => (S(frame, FIRST) + p(frame)) / (N(frame, FIRST) + 1) < 15
    const found = run('12 17 13 16 25 2 4 10 15 25 25 30', [[below, PLUS_GREEDY], [always]], PAST_LAST)
    expect(found.map((taken) => rowsOf(taken, FIRST))).toEqual([
      [1, 2, 3, 4],
      [6, 7, 8, 9, 10, 11],
    ])
    expect(found.map((taken) => meanTaken(taken, FIRST, price))).toEqual([14.5, 13.5])
  })

  test.each([
    { row: 47, skip: PAST_LAST, sums: [26, 17], starts: [1, 5] },
    { row: 48, skip: { kind: 'to-next' } as const, sums: [26, 24, 25, 22, 17], starts: [1, 2, 3, 4, 5] },
    { row: 49, skip: { kind: 'toLast', name: FIRST } as const, sums: [26, 25, 17], starts: [1, 3, 5] },
    { row: 50, skip: { kind: 'toFirst', name: FIRST } as const, sums: [26, 24, 25, 22, 17], starts: [1, 2, 3, 4, 5] },
  ])('row $row: as long as the sum stays below 30', ({ skip, sums, starts }) => {
    const below: Test = (frame) => S(frame, FIRST) + p(frame) < 30
    const found = run('7 9 10 5 10 7 14', [[below, PLUS_GREEDY], [always]], skip)
    expect(found.map((taken) => sumTaken(taken, FIRST, price))).toEqual(sums)
    expect(found.map((taken) => firstTaken(taken, FIRST)?.number)).toEqual(starts)
  })

  test.each([
    { row: 51, many: STAR_GREEDY, last: [16] },
    { row: 52, many: STAR, last: [13, 16] },
  ])('row $row: greedy takes what it can, reluctant what it must', ({ many, last }) => {
    const found = run(
      '10 11 12 13 14 16',
      [[(frame) => p(frame) > 10], [(frame) => p(frame) < 15, many], [(frame) => p(frame) > 12]],
      PAST_LAST,
    )
    expect(found.map((taken) => lastPrice(taken, THIRD))).toEqual(last)
  })

  test.each([
    { within: 61, from: 15 },
    { within: 60, from: 14 },
  ])('row 53: a fall by more than 10 within $within minutes', ({ within, from }) => {
    const stays: Test = (frame) => p(frame) > L(frame, FIRST) - 10
    const falls: Test = (frame) => p(frame) < L(frame, FIRST) - 10
    const found = run('20 17 18 11 14 9 15 14 24 1 19', [[always], [stays, STAR_GREEDY], [falls]], PAST_LAST, {
      apart: 20 * 60_000_000,
      within: within * 60_000_000,
    })
    expect(found.map((taken) => [lastPrice(taken, FIRST), lastPrice(taken, THIRD)])).toEqual([[from, 1]])
  })

  test('row 54: a top', () => {
    const rises: Test = (frame) => N(frame, FIRST) === 0 || p(frame) > L(frame, FIRST)
    const falls: Test = (frame) => p(frame) < L(frame, FIRST)
    const found = run('10 12 13 11', [[rises, PLUS_GREEDY], [falls]], PAST_LAST)
    expect(found.map((taken) => pricesOf(taken))).toEqual([[10, 12, 13, 11]])
  })

  test.each([
    {
      row: 55,
      of: (frame: Frame) =>
        p(frame) > L(frame, FIRST) &&
        S(frame, FIRST) + S(frame, SECOND) + p(frame) < 100 &&
        S(frame, SECOND) + p(frame) < 80,
    },
    {
      row: 56,
      of: (frame: Frame) =>
        (N(frame, SECOND) < 1 || p(frame) > L(frame, SECOND)) &&
        (N(frame, SECOND) < 2 || p(frame) > 2 * L(frame, SECOND, 1)),
    },
  ])('row $row: a condition on what its own step has taken', ({ of }) => {
    const found = run('10 15 20 31 35', [[(frame) => p(frame) >= 10], [of, PLUS]], { kind: 'none' })
    const fromTen = found.filter((taken) => firstTaken(taken, FIRST)?.number === 1)
    expect(fromTen.map((taken) => pricesOf(taken, SECOND))).toEqual([[15], [15, 20], [15, 20, 31]])
  })
})
