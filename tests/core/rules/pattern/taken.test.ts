import { expect, test } from 'vitest'
import type { Taken } from '../../../../core/rules/frame.ts'
import {
  countTaken,
  firstTaken,
  lastTaken,
  maxTaken,
  meanTaken,
  minTaken,
  sumTaken,
} from '../../../../core/rules/pattern/taken.ts'
import { micros } from '../../../../core/time.ts'
import { priceOf, trade } from './support.ts'

/** Oldest first: the name of the step and the price of what it took. */
const chainOf = (...all: readonly (readonly [name: number, price: number])[]): Taken | undefined => {
  let taken: Taken | undefined
  for (const [at, [name, price]] of all.entries())
    taken = {
      event: trade('t', { price }),
      number: at + 1,
      at: micros(at),
      name,
      captured: [],
      before: taken,
      depth: at + 1,
    }
  return taken
}
const price = ({ event }: Taken): number => priceOf(event)

const taken = chainOf([0, 7], [1, 3], [1, 5], [1, 1], [2, 9])

test('events of a step are counted from either end, from 0 on', () => {
  expect([0, 1, 2].map((nth) => firstTaken(taken, 1, nth)?.number)).toEqual([2, 3, 4])
  expect([0, 1, 2].map((nth) => lastTaken(taken, 1, nth)?.number)).toEqual([4, 3, 2])
  expect([firstTaken(taken, 1, 3), lastTaken(taken, 1, 3), firstTaken(taken, 8), lastTaken(undefined, 0)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('sums, means and extremes are of the one step', () => {
  expect([countTaken, sumTaken, meanTaken, minTaken, maxTaken].map((of) => of(taken, 1, price))).toEqual([
    3, 9, 3, 1, 5,
  ])
})

test('over no events count and sum are 0, all else is absent', () => {
  expect([countTaken, sumTaken, meanTaken, minTaken, maxTaken].map((of) => of(taken, 8, price))).toEqual([
    0,
    0,
    NaN,
    NaN,
    NaN,
  ])
})

test('an absent value, or a sum beyond all numbers, is absent', () => {
  const broken = chainOf([0, 1], [0, NaN], [0, 2])
  expect([sumTaken, meanTaken, minTaken, maxTaken].map((of) => of(broken, 0, price))).toEqual([NaN, NaN, NaN, NaN])
  expect(sumTaken(chainOf([0, 1e308], [0, 1e308]), 0, price)).toBeNaN()
})

test('sums are made oldest first', () => {
  // (0.1 + 0.2) + 0.3, not (0.3 + 0.2) + 0.1, which is 0.6.
  expect(sumTaken(chainOf([0, 0.1], [0, 0.2], [0, 0.3]), 0, price)).toBe(0.6000000000000001)
})
