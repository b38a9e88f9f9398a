import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findIn, indexOf } from '../../../../core/rules/engine/dispatch.ts'
import type { Guard } from '../../../../core/rules/program.ts'
import { trade } from './rig.ts'

const guard: fc.Arbitrary<Guard> = fc.oneof(
  fc.record({
    kind: fc.constant('in' as const),
    field: fc.constantFrom('symbol', 'exchange'),
    values: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom('above', 'atLeast', 'below', 'atMost'),
    field: fc.constantFrom('price', 'size', 'notional'),
    bound: fc.integer({ min: -2, max: 5 }),
  }),
)
const text = fc.constantFrom('a', 'b', 'c', 'e', undefined)
const number = fc.constantFrom(-2, 0, 1, 2, 3, 5, NaN)
const event = fc.record({ symbol: text, exchange: text, price: number, size: number }).map((fields) => trade(0, fields))

const holds = (one: Guard, { symbol, exchange, price, size }: ReturnType<typeof trade>): boolean => {
  if (one.kind === 'in') return one.values.includes((one.field === 'symbol' ? symbol : exchange) ?? '')
  const x = one.field === 'price' ? price : one.field === 'size' ? size : price * size
  switch (one.kind) {
    case 'above':
      return x > one.bound
    case 'atLeast':
      return x >= one.bound
    case 'below':
      return x < one.bound
    case 'atMost':
      return x <= one.bound
  }
}

test('the index finds each whose guards hold, once, and of one guard no other', () => {
  fc.assert(
    fc.property(fc.array(fc.array(guard, { maxLength: 4 }), { maxLength: 30 }), event, (all, one) => {
      const index = indexOf(
        'trade',
        all.map((guards, seat) => ({ seat, guards })),
      )
      const found: number[] = []
      findIn(index, one, found)
      expect(new Set(found).size).toBe(found.length)
      const wanted = all.flatMap((guards, seat) => (guards.every((each) => holds(each, one)) ? [seat] : []))
      expect(found).toEqual(expect.arrayContaining(wanted))
      const idle = found.filter((seat) => all[seat]?.length === 1 && !wanted.includes(seat))
      expect(idle).toEqual([])
    }),
    { numRuns: 1000 },
  )
})

test('a guard on a field that the stream has not is met by none of its events', () => {
  const index = indexOf('quote', [{ seat: 1, guards: [{ kind: 'above', field: 'price', bound: 0 }] }])
  expect(index).toEqual({ hashes: [], rest: { ladders: [], plain: [] } })
})
