import { describe, expect, test } from 'vitest'
import { priceGroups } from '../../producers/price-groups.ts'
import type { Price } from '../../producers/quarantine.ts'

const SECOND = 1_000_000
const p = (exchange: string, symbol: string, price: number, time = 0): Price => ({ exchange, symbol, price, time })
const conversions = new Set(['USDT-USD', 'USDC-USD'])
const groups = (prices: readonly Price[], time = 0, isTrusted: (price: Price) => boolean = () => true) =>
  Object.fromEntries(
    priceGroups(prices, conversions, isTrusted, time).map(({ name, prices: own }) => [
      name,
      own.map(({ exchange, price }) => `${exchange} ${price}`),
    ]),
  )

describe('prices that ought to be equal', () => {
  test('are those of a base asset in dollars, each currency by its own rate', () => {
    const found = groups([
      p('a', 'BTC-USDT', 100),
      p('b', 'BTC-USD', 50),
      p('c', 'BTC-USD', 51),
      p('b', 'USDT-USD', 0.5),
      p('c', 'USDT-USD', 0.5),
    ])
    expect(found).toEqual({ 'BTC-USD': ['a 50', 'b 50', 'c 51'], 'USDT-USD': ['b 0.5', 'c 0.5'] })
  })

  test('are of one symbol where its currency is none of the conversions, or it is perpetual', () => {
    expect(groups([p('a', 'ETH-BTC', 0.03), p('b', 'BTC-USD-PERP', 100)])).toEqual({
      'ETH-BTC': ['a 0.03'],
      'BTC-USD-PERP': ['b 100'],
    })
  })

  test('do not include what cannot be valued: no rate, an old one, or one in quarantine', () => {
    const old = [p('a', 'BTC-USDT', 100, 700 * SECOND), p('b', 'USDT-USD', 1, 0)]
    expect(groups(old, 700 * SECOND)).not.toHaveProperty('BTC-USD')
    expect(groups([p('a', 'BTC-USDT', 100)])).toEqual({})
    const both = [p('a', 'BTC-USDT', 100), p('b', 'USDT-USD', 7)]
    expect(groups(both, 0, ({ symbol }) => symbol !== 'USDT-USD')).not.toHaveProperty('BTC-USD')
  })
})
