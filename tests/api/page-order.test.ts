import { describe, expect, test } from 'vitest'
import type { Price } from '../../api/page/messages.ts'
import { bestOf, orderByPrice } from '../../api/page/order.ts'

const price = (exchange: string, bid: string | undefined, ask: string | undefined, state = 'up'): Price => ({
  exchange,
  symbol: 'BTC-USD',
  bid,
  ask,
  last: undefined,
  spreadBps: undefined,
  eventTimeMs: 0,
  receiveTimeMs: 0,
  state,
  ticks: 1,
})
const PRICES = [
  price('a', '9.5', '10.5'),
  price('b', '10', '11'),
  price('c', '10.0', '10.1'),
  price('d', '12', '12.1', 'down'),
  price('e', undefined, undefined),
]
const lines = (side: 'bid' | 'ask') =>
  orderByPrice(PRICES, side).map(({ price: { exchange }, rank, behindBps }) => [exchange, rank, behindBps])

describe('the order of exchanges', () => {
  test('is by the highest bid; equal numbers share a rank whatever their text; what is not up or has none comes last', () => {
    expect(lines('bid')).toEqual([
      ['b', 1, 0],
      ['c', 1, 0],
      ['a', 3, 500],
      ['d', undefined, undefined],
      ['e', undefined, undefined],
    ])
  })

  test('is by the lowest ask, with the distance to it', () => {
    expect(lines('ask').map(([exchange, rank]) => [exchange, rank])).toEqual([
      ['c', 1],
      ['a', 2],
      ['b', 3],
      ['d', undefined],
      ['e', undefined],
    ])
    expect(lines('ask')[1]?.[2]).toBeCloseTo(396.04, 2)
  })

  test('of decimals is one of numbers, not of text', () => {
    expect(orderByPrice([price('a', '9', '9'), price('b', '10', '10')], 'bid')[0]?.price.exchange).toBe('b')
  })
})

describe('the best prices over exchanges', () => {
  test('are apart by a positive spread and crossed by a negative one', () => {
    expect(bestOf(PRICES)).toMatchObject({ bid: { exchange: 'b' }, ask: { exchange: 'c' } })
    expect(bestOf(PRICES).spreadBps).toBeCloseTo(99.5, 2)
    expect(bestOf([price('a', '10', '11'), price('b', '12', '13')]).spreadBps).toBeCloseTo(-869.57, 2)
  })

  test('are absent where nobody quotes', () => {
    expect(bestOf([price('a', '1', '2', 'down')])).toEqual({ bid: undefined, ask: undefined, spreadBps: undefined })
  })
})
