import { describe, expect, test } from 'vitest'
import { canonicalAsset, parseSymbol } from '../../core/symbol.ts'

describe('symbol', () => {
  test('takes a canonical symbol apart', () => {
    expect(parseSymbol('BTC-USDT')).toEqual({ base: 'BTC', quote: 'USDT', perpetual: false })
    expect(parseSymbol('BTC-USDT-PERP')).toEqual({ base: 'BTC', quote: 'USDT', perpetual: true })
  })

  test.each([
    '',
    'BTC',
    'BTCUSDT',
    'btc-usdt',
    'BTC-',
    '-USD',
    'BTC-USD-',
    'BTC-USD-FUT',
    'BTC/USD',
    'BTC-BTC',
    'BTC-USD\n',
  ])('refuses %j', (text) => expect(parseSymbol(text)).toBeUndefined())

  test.each([
    ['XBT', 'BTC'],
    ['xdg', 'DOGE'],
    ['eth', 'ETH'],
  ])('calls %s %s', (code, asset) => expect(canonicalAsset(code)).toBe(asset))
})
