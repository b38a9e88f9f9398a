import fc from 'fast-check'
import { expect, test } from 'vitest'
import { micros } from '../../../../core/time.ts'
import { pop, push, rebuild } from '../../../../core/rules/pattern/heap.ts'
import type { PartialMatch, ThresholdHeap } from '../../../../core/rules/pattern/state.ts'
import { trade } from './support.ts'

const partial = (created: number): PartialMatch => {
  const taken = { event: trade('a'), number: 1, at: micros(0), name: 0, captured: [], before: undefined, depth: 1 }
  const kept = { taken, first: taken, stage: 0, times: 1, done: 1, options: 2, created }
  return { ...kept, isPruned: false, isGone: false }
}

const drained = (heap: ThresholdHeap): readonly number[] => {
  const keys: number[] = []
  for (let [key] = heap.keys; key !== undefined; [key] = heap.keys) {
    keys.push(key)
    pop(heap)
  }
  return keys
}

test('partials come out by their keys, each with its own, also after those that ended were left out', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.integer(), isGone: fc.boolean() }), { maxLength: 60 }), (all) => {
      const heap: ThresholdHeap = { keys: [], partials: [] }
      const partials = all.map((_, at) => partial(at))
      all.forEach(({ key }, at) => {
        const one = partials[at]
        if (one !== undefined) push(heap, key, one)
      })
      const keyOf = (one: PartialMatch | undefined): number | undefined => all[one?.created ?? -1]?.key
      expect(heap.partials.map(keyOf)).toEqual(heap.keys)
      for (const one of partials) one.isGone = all[one.created]?.isGone === true
      rebuild(heap)
      expect(heap.partials.map(keyOf)).toEqual(heap.keys)
      const left = all.filter(({ isGone }) => !isGone).map(({ key }) => key)
      expect(drained(heap)).toEqual(left.toSorted((one, other) => one - other))
    }),
  )
})
