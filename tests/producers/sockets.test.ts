import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { binance } from '../../producers/binance.ts'
import { kraken } from '../../producers/kraken.ts'
import { okx } from '../../producers/okx.ts'
import { sockets } from '../../producers/sockets.ts'

const listed = (count: number, name = 'COIN') =>
  Array.from({ length: count }, (_, index) => ({ symbol: `${name}${index}-USDT`, nativeSymbol: `${name}${index}USDT` }))

describe('the sockets of an exchange', () => {
  test('hold each instrument once, in order, and never more than the exchange allows', () => {
    const limits = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 30 }))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), limits, (count, subscriptionsPerSocket) => {
        const dealt = sockets(listed(count), { ...kraken, limits: { ...kraken.limits, subscriptionsPerSocket } })
        expect(dealt.flat()).toEqual(listed(count))
        for (const socket of dealt) {
          expect(socket.length).toBeGreaterThan(0)
          expect(socket.length * 2).toBeLessThanOrEqual(Math.max(2, subscriptionsPerSocket ?? Infinity))
        }
      }),
    )
  })

  test('are as few as possible where addresses do not grow', () => {
    expect(sockets(listed(1001), okx).map(({ length }) => length)).toEqual([500, 500, 1])
    expect(sockets(listed(1001), kraken)).toHaveLength(1)
    expect(sockets([], kraken)).toEqual([])
  })

  test('have addresses that servers take', () => {
    const dealt = sockets(listed(600, 'A'.repeat(12)), binance)
    for (const socket of dealt) {
      const { url } = binance.connect(socket.map(({ nativeSymbol }) => nativeSymbol))
      expect(url.length).toBeLessThanOrEqual(7500)
      expect(socket.length).toBeLessThanOrEqual(512)
    }
    expect(dealt.flat()).toHaveLength(600)
    // A symbol whose own address is too long still has its socket.
    expect(sockets(listed(2, 'A'.repeat(9000)), binance)).toHaveLength(2)
  })
})
