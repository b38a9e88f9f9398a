import fc from 'fast-check'
import { expect, test } from 'vitest'
import { setTimer, takeTimer, type Timers } from '../../core/timers.ts'

const isBefore = (one: number, other: number): boolean => one < other

test('timers come off in their order, whatever the order in which they were set and taken between', () => {
  fc.assert(
    // A number sets a timer, `undefined` takes one.
    fc.property(fc.array(fc.option(fc.nat(50), { nil: undefined }), { maxLength: 80 }), (acts) => {
      const timers: Timers<number> = []
      const taken: (number | undefined)[] = []
      const expected: (number | undefined)[] = []
      let model: number[] = []
      for (const act of [...acts, ...acts.map(() => undefined)]) {
        if (act === undefined) {
          taken.push(takeTimer(timers, isBefore))
          expected.push(model.shift())
        } else {
          setTimer(timers, act, isBefore)
          model = [...model, act].toSorted((a, b) => a - b)
        }
      }
      expect(taken).toEqual(expected)
      expect(timers).toEqual([])
    }),
  )
})
