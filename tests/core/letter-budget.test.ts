import { expect, test } from 'vitest'
import { emptyLetterBudget, letterBudget } from '../../core/letter-budget.ts'
import { MICROS_PER_MINUTE, micros } from '../../core/time.ts'

const letter = { topic: 'ticks', stage: 'producer', reason: 'not JSON' }
const START = 1_795_169_700_000_000
const kept = (budget: ReturnType<typeof emptyLetterBudget>, count: number, of = letter, time = START): number =>
  Array.from({ length: count }, () => letterBudget(budget, of, micros(time))[1]).filter(Boolean).length

test('keeps the first hundred letters of a minute whole', () => {
  expect(kept(emptyLetterBudget(), 100)).toBe(100)
})

test('keeps one in a thousand beyond the first hundred', () => {
  expect(kept(emptyLetterBudget(), 100 + 2500)).toBe(102)
})

test('starts again with the next minute', () => {
  const budget = emptyLetterBudget()
  kept(budget, 500)
  expect(kept(budget, 150, letter, START + MICROS_PER_MINUTE)).toBe(100)
})

test('counts one in a thousand across minutes, so that a slow flood is seen too', () => {
  const budget = emptyLetterBudget()
  const perMinute = [0, 1, 2, 3].map((minute) => kept(budget, 400, letter, START + minute * MICROS_PER_MINUTE))
  expect(perMinute).toEqual([100, 100, 100, 101])
})

test.each(['topic', 'stage', 'reason'] as const)('gives each %s a budget of its own', (field) => {
  const budget = emptyLetterBudget()
  kept(budget, 500)
  expect(kept(budget, 150, { ...letter, [field]: 'another' })).toBe(100)
})

test('bounds its memory when reasons are not bounded', () => {
  const budget = emptyLetterBudget()
  for (let i = 0; i < 5000; i++) kept(budget, 1, { ...letter, reason: `reason ${i}` })
  expect(budget.size).toBeLessThanOrEqual(1001)
})
