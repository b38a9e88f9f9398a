import { describe, expect, test } from 'vitest'
import { DEFAULT_ARBITRAGE, readArbitrage } from '../../../core/arbitrage/config.ts'
import { EXCHANGES } from '../../../core/tick.ts'

const pointers = (document: unknown): readonly string[] => {
  const read = readArbitrage(document)
  return 'problems' in read ? read.problems.map(({ pointer }) => pointer) : []
}

describe('the control document arbitrage', () => {
  test('is its own reading: the defaults written as JSON come back equal', () => {
    expect(readArbitrage(JSON.parse(JSON.stringify(DEFAULT_ARBITRAGE)))).toEqual({ config: DEFAULT_ARBITRAGE })
  })

  test('knows by default what each exchange takes that an adapter exists for', () => {
    expect(Object.keys(DEFAULT_ARBITRAGE.exchanges).toSorted()).toEqual(EXCHANGES.toSorted())
  })

  test('has a default for whatever it does not say', () => {
    expect(readArbitrage({ openBps: 12, exchanges: { kraken: { takerFeeBps: 26, feeIn: 'base' } } })).toEqual({
      config: {
        ...DEFAULT_ARBITRAGE,
        openBps: 12,
        exchanges: { kraken: { takerFeeBps: 26, feeIn: 'base', restricted: false, symbols: {} } },
      },
    })
  })

  test('keeps the terms of a symbol, its own fee included', () => {
    const symbols = { 'USDT-USD': { lot: 0.1, minQty: 1, minNotional: 5, takerFeeBps: 2 } }
    const read = readArbitrage({ exchanges: { kraken: { takerFeeBps: 26, symbols } } })
    expect('config' in read && read.config.exchanges['kraken']?.symbols).toEqual(symbols)
  })

  test.each([
    [null, ['']],
    [[], ['']],
    [{ openBsp: 8 }, ['/openBsp']],
    [{ openBps: '8' }, ['/openBps']],
    [{ openBps: 2 }, ['/closeBps']],
    [{ ttlMs: 600_001 }, ['/ttlMs']],
    [{ minHoldMs: 0.5 }, ['/minHoldMs']],
    [{ delaysMs: [100, 50] }, ['/delaysMs']],
    [{ delaysMs: [50, 50] }, ['/delaysMs']],
    [{ conversions: ['USDT-USD', 'usdc-usd'] }, ['/conversions/1']],
    [{ numeraire: '' }, ['/numeraire']],
    [{ exchanges: { kraken: {} } }, ['/exchanges/kraken/takerFeeBps']],
    [{ exchanges: { 'a/b': { takerFeeBps: 1 } } }, ['/exchanges/a~1b']],
    [{ exchanges: { gate: { takerFeeBps: 10, feeIn: 'points' } } }, ['/exchanges/gate/feeIn']],
    [
      { exchanges: { gate: { takerFeeBps: -1, restricted: 1 } } },
      ['/exchanges/gate/takerFeeBps', '/exchanges/gate/restricted'],
    ],
    [
      { exchanges: { gate: { takerFeeBps: 1, symbols: { 'BTC-USDT': { lot: -1, tick: 1 } } } } },
      ['/exchanges/gate/symbols/BTC-USDT/lot', '/exchanges/gate/symbols/BTC-USDT/tick'],
    ],
    [{ maxAgeMs: 0, maxLagMs: NaN }, ['/maxAgeMs', '/maxLagMs']],
  ])('tells what is wrong with %j, and where', (document, expected) => {
    expect(pointers(document)).toEqual(expected)
  })

  test('has no members from a prototype', () => {
    expect(
      pointers(JSON.parse('{"__proto__": {"openBps": 1}, "exchanges": {"__proto__": {"takerFeeBps": 1}}}')),
    ).toEqual(['/exchanges/__proto__', '/__proto__'])
  })
})
