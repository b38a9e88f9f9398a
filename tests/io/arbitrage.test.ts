import { describe, expect, test } from 'vitest'
import { DEFAULT_ARBITRAGE } from '../../core/arbitrage/config.ts'
import { parseArbitrage } from '../../io/arbitrage.ts'
import { loadArbitrage, parseConfig } from '../../io/config.ts'

const GROUND = { conversions: ['USDT-USD'], inverses: ['BTC-ETH'] }
const pipeline = (arbitrage: unknown) =>
  parseConfig(
    { exchanges: { kraken: { symbols: ['BTC-USD', 'USDT-USD'] } }, conversions: ['USDT-USD'], arbitrage },
    'x',
  )

describe('the arbitrage document', () => {
  test('takes what is left out from the pipeline, else from the defaults', () => {
    expect(parseArbitrage(GROUND, { openBps: 12 }, 'x')).toEqual({
      ...DEFAULT_ARBITRAGE,
      openBps: 12,
      conversions: ['USDT-USD'],
      inverses: ['BTC-ETH'],
    })
  })

  test('names every field with a problem, as the configuration does', () => {
    const bad = { exchanges: { kraken: { takerFeeBps: -1, feeIn: 'gold' } }, delaysMs: [50, 'x'], colour: 'blue' }
    const lines = captured(() => parseArbitrage(GROUND, bad, 'the file')).split('\n')
    expect(lines[0]).toBe('the file has 4 problem(s):')
    expect(lines.slice(1).map((line) => line.trim().split(':')[0])).toEqual([
      'exchanges.kraken.takerFeeBps',
      'exchanges.kraken.feeIn',
      'delaysMs.1',
      'colour',
    ])
  })

  test('refuses conversions and inverses that the pipeline has not', () => {
    const message = captured(() => parseArbitrage(GROUND, { conversions: ['EUR-USD'], inverses: [] }, 'x'))
    expect(message).toContain("conversions.0: EUR-USD is none of the pipeline's conversions")
    expect(message.split('\n')).toHaveLength(2)
  })

  test('is no part of the configuration that producers follow', () => {
    expect(pipeline({ openBps: 12 })).toEqual(pipeline(undefined))
  })

  test('is validated with the configuration file, its fields named below "arbitrage"', () => {
    const message = captured(() => pipeline({ openBps: 'much', exchanges: { kraken: {} } }))
    expect(message).toContain('arbitrage.openBps: is not a number')
    expect(message).toContain('arbitrage.exchanges.kraken.takerFeeBps: is missing')
  })

  test('of the shipped file says what the defaults say', async () => {
    expect(await loadArbitrage('crosstide.config.json')).toEqual(DEFAULT_ARBITRAGE)
  })
})

function captured(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('nothing was thrown')
}
