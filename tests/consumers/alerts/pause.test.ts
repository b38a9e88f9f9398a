import { describe, expect, test } from 'vitest'
import { withExchange, withoutExchange } from '../../../consumers/alerts/pause.ts'
import { parseConfig } from '../../../io/config.ts'

const FILE = parseConfig(
  {
    exchanges: {
      binance: { symbols: ['BTC-USDT', 'ETH-BTC'] },
      kraken: { symbols: ['BTC-USD', 'EUR-USD', 'USDT-USD'] },
      coinbase: { symbols: ['BTC-USD', 'USDT-USD'] },
    },
    conversions: ['USDT-USD', 'EUR-USD'],
    inverses: ['ETH-BTC'],
  },
  'test',
)
const names = (config: object) => ('exchanges' in config ? Object.keys(config.exchanges ?? {}) : config)

describe('a paused exchange', () => {
  const paused = withoutExchange(FILE, 'kraken')

  test('is gone, and with it the conversions that it alone has', () => {
    expect(paused).toMatchObject({ conversions: ['USDT-USD'], inverses: ['ETH-BTC'] })
    expect(names(paused)).toEqual(['binance', 'coinbase'])
    expect(() => parseConfig(paused, 'test')).not.toThrow()
  })

  test('comes back as the file has it, at its place, with its conversions', () => {
    const back = 'refusal' in paused ? paused : withExchange(paused, FILE, 'kraken')
    expect(JSON.stringify(names(back))).toBe(JSON.stringify(names(FILE)))
    expect(back).toEqual(FILE)
  })

  test('that comes back leaves what was applied since as it is', () => {
    const applied = { ...FILE, exchanges: { binance: { symbols: ['SOL-USDT', 'ETH-BTC'] } }, conversions: [] }
    const back = withExchange(applied, FILE, 'coinbase')
    expect(back).toMatchObject({
      exchanges: { binance: { symbols: ['SOL-USDT', 'ETH-BTC'] }, coinbase: { symbols: ['BTC-USD', 'USDT-USD'] } },
      conversions: ['USDT-USD'],
    })
  })
})

test('what is so already stays the same object', () => {
  expect(withoutExchange(FILE, 'okx')).toBe(FILE)
  expect(withExchange(FILE, FILE, 'kraken')).toBe(FILE)
})

test('what cannot be is refused with its reason', () => {
  const alone = { ...FILE, exchanges: { kraken: { symbols: ['BTC-USD'] } }, inverses: [] }
  expect(withoutExchange(alone, 'kraken')).toEqual({ refusal: 'kraken is the only exchange' })
  expect(withoutExchange(FILE, 'binance')).toEqual({
    refusal: 'binance alone has the inverse ETH-BTC, which only a start can change',
  })
  expect(withExchange(FILE, FILE, 'okx')).toEqual({ refusal: 'okx is not in the configuration file' })
  expect(withExchange(FILE, FILE, 'toString')).toEqual({ refusal: 'toString is not in the configuration file' })
})
