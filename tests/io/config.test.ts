import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { loadConfig, parseConfig } from '../../io/config.ts'

const minimal = { exchanges: { kraken: { symbols: ['BTC-USD'] } } }

describe('configuration', () => {
  test('fills in every default', () => {
    expect(parseConfig(minimal, 'test')).toEqual({
      partitions: 6,
      exchanges: minimal.exchanges,
      conversions: [],
      inverses: [],
      backfill: true,
      simulator: { framesPerSecond: 200, seed: 1 },
      retentionDays: 7,
    })
  })

  test('reports every problem at once, each with its field', () => {
    const bad = {
      partitions: 0,
      exchanges: { kraken: { symbols: ['btcusd', 'BTC-USD'] } },
      conversions: ['USDT-USD', 'USDT-USD'],
      simulator: { framesPerSecond: 1e9 },
      colour: 'blue',
    }
    const message = captured(() => parseConfig(bad, 'the file'))
    expect(message).toContain('the file has 7 problem(s)')
    for (const field of [
      'partitions',
      'exchanges.kraken.symbols.0',
      'conversions',
      'conversions.0',
      'simulator.framesPerSecond',
      'colour',
    ]) {
      expect(message).toContain(field)
    }
  })

  test('refuses an exchange without an adapter', () => {
    expect(captured(() => parseConfig({ exchanges: { nasdaq: { symbols: ['A-B'] } } }, 'x'))).toContain('nasdaq')
  })

  test('refuses a configuration without an exchange', () => {
    expect(captured(() => parseConfig({ exchanges: {} }, 'x'))).toContain('names no exchange')
  })

  test('the shipped file names the default exchanges and symbols', async () => {
    const config = await loadConfig('crosstide.config.json')
    expect(Object.keys(config.exchanges)).toEqual(['binance', 'coinbase', 'kraken', 'okx', 'gate'])
    const bases = config.exchanges.kraken?.symbols.map((symbol) => symbol.split('-')[0])
    expect(bases).toEqual(
      expect.arrayContaining(['BTC', 'ETH', 'BNB', 'SOL', 'XRP', 'ADA', 'DOGE', 'AVAX', 'LINK', 'LTC', 'DOT', 'TRX']),
    )
    const all = new Set(Object.values(config.exchanges).flatMap(({ symbols }) => symbols))
    for (const symbol of [...config.conversions, 'ETH-BTC', 'SOL-BTC']) expect(all).toContain(symbol)
  })

  test('names a file that is missing or no JSON', async () => {
    await expect(loadConfig('no-such-file.json')).rejects.toThrow(/cannot read no-such-file.json/)
    await expect(loadConfig('LICENSE')).rejects.toThrow(/LICENSE is not JSON/)
    expect(await readFile('LICENSE', 'utf8')).not.toBe('')
  })

  const reachedBy = (proxy: string) =>
    parseConfig({ exchanges: { kraken: { symbols: ['BTC-USD'], proxy } } }, 'test').exchanges.kraken?.proxy

  test('takes an HTTP proxy as the way to an exchange', () => {
    expect(reachedBy('http://proxy.test:3128')).toBe('http://proxy.test:3128')
  })

  test.each([
    ['socks5://proxy.test:1080', 'exchanges.kraken.proxy: not an http:// or https:// proxy'],
    ['http://user:secret@proxy.test', 'exchanges.kraken.proxy: holds a login'],
  ])('refuses %s as the way to an exchange, and says why', (proxy, problem) => {
    expect(captured(() => reachedBy(proxy))).toContain(problem)
  })
})

function captured(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return ''
}
