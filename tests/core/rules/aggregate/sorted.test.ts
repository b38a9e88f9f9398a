import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptySorted, insert, nth, rankOf, remove } from '../../../../core/rules/aggregate/sorted.ts'
import { seeded } from '../../../support/seeded.ts'

/** Few different values, or hardly two equal ones; more of them than fit one run, and fewer again. */
test('is a sorted list, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.constantFrom(3, 400, 1_000_000), (seed, different) => {
      const random = seeded(seed)
      const sorted = emptySorted()
      const list: number[] = []
      for (let i = 0; i < 1500; i++) {
        const isGrowing = i < 900
        if (list.length === 0 || random(10) < (isGrowing ? 8 : 2)) {
          const x = (random(different) - different / 2) / 8
          insert(sorted, x)
          list.push(x)
        } else remove(sorted, list.splice(random(list.length), 1)[0] ?? 0)
        if (i % 50 !== 0) continue
        const wanted = list.toSorted((x, y) => x - y)
        expect(wanted.map((_x, rank) => nth(sorted, rank))).toEqual(wanted)
        expect(sorted.size).toBe(list.length)
        expect(nth(sorted, list.length)).toBeNaN()
        const probe = (random(different) - different / 2) / 8
        expect(rankOf(sorted, probe)).toBe(list.filter((x) => x < probe).length)
      }
    }),
    { numRuns: 12 },
  )
})

test('says so when what is to go is not in', () => {
  const sorted = emptySorted()
  insert(sorted, 1)
  expect(() => remove(sorted, 2)).toThrow(RangeError)
})
