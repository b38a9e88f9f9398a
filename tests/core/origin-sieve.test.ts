import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareOrigins, originKey, siftOrigins, type OriginSieve } from '../../core/origin-sieve.ts'
import type { Origin } from '../../core/processor.ts'

type Item = { readonly origin: Origin; readonly text: string }
const NOTHING: OriginSieve = new Map()

const item = (offset: number, ordinal = 0, change: Partial<Origin> = {}, text = ''): Item => ({
  origin: { processor: 'market', version: 1, partition: 0, offset, ordinal, ...change },
  text,
})
const places = (items: readonly Item[]) => items.map(({ origin: { offset, ordinal } }) => [offset, ordinal])

describe('the origin sieve', () => {
  test('lets the first copy of each output through and drops what is not above it', () => {
    const { fresh, repeats } = siftOrigins(NOTHING, [
      item(5),
      item(5, 1),
      item(5),
      item(4),
      item(5, 1),
      item(5, 2),
      item(9),
    ])
    expect(places(fresh)).toEqual([
      [5, 0],
      [5, 1],
      [5, 2],
      [9, 0],
    ])
    expect(repeats).toBe(3)
  })

  test('knows each processor and input partition by itself', () => {
    const items = [item(5), item(3, 0, { partition: 1 }), item(3, 0, { processor: 'other' }), item(3)]
    expect(siftOrigins(NOTHING, items).repeats).toBe(1)
    expect(originKey({ processor: 'a', partition: 12 })).not.toBe(originKey({ processor: 'a/1', partition: 2 }))
  })

  test('lets the first copy win, whatever code wrote the second', () => {
    const { fresh } = siftOrigins(NOTHING, [item(5, 0, { version: 1 }, 'old'), item(5, 0, { version: 2 }, 'new')])
    expect(fresh.map(({ text }) => text)).toEqual(['old'])
  })

  test('goes on from what was adopted, and changes nothing by itself', () => {
    const memory: OriginSieve = new Map([[originKey({ processor: 'market', partition: 0 }), { offset: 5, ordinal: 1 }]])
    const before = structuredClone(memory)
    expect(places(siftOrigins(memory, [item(5), item(5, 1), item(5, 2)]).fresh)).toEqual([[5, 2]])
    expect(memory).toEqual(before)
  })

  test('orders origins by offset, then by ordinal', () => {
    const origins = [item(1, 2), item(2, 0), item(1, 0)].map(({ origin }) => origin)
    expect(origins.toSorted(compareOrigins).map(({ offset, ordinal }) => [offset, ordinal])).toEqual([
      [1, 0],
      [1, 2],
      [2, 0],
    ])
  })

  test('gives a reader each output once, however the writers repeated themselves and wherever its batches end', () => {
    const outputs = Array.from({ length: 30 }, (_, i) => item(Math.floor(i / 3), i % 3, {}, String(i)))
    // A writer that restarts writes again from some earlier place, and then goes on at least as far as it was.
    const restarts = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 6 })
    fc.assert(
      fc.property(restarts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (again, sizes) => {
        let written = 0
        const log: Item[] = []
        for (const [from, to] of again) {
          log.push(...outputs.slice(Math.min(from, written), Math.max(to, written)))
          written = Math.max(to, written)
        }
        log.push(...outputs.slice(written))
        let memory = NOTHING
        const got: Item[] = []
        for (let at = 0, batch = 0; at < log.length; batch++) {
          const size = sizes[batch % sizes.length] ?? 1
          const { fresh, seen } = siftOrigins(memory, log.slice(at, at + size))
          got.push(...fresh)
          memory = new Map([...memory, ...seen])
          at += size
        }
        expect(got).toEqual(outputs)
      }),
    )
  })
})
