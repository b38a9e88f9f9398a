import { describe, expect, test } from 'vitest'
import { parseScript } from '../../../dev/simulator/script.ts'

describe('a fault script', () => {
  test('is read in the order of time, with defaults', () => {
    const text = [
      '# what goes wrong',
      '{"atMs":20000,"exchange":"kraken","do":"stall","forMs":3000}',
      '',
      '{"atMs":10000,"exchange":"binance","do":"disconnect"}',
      '{"atMs":15000,"exchange":"coinbase","do":"sequence-gap","symbol":"BTC-USD","count":5}',
    ].join('\n')
    expect(parseScript(text, 'script')).toEqual([
      { atMs: 10_000, exchange: 'binance', do: 'disconnect', code: 1001 },
      { atMs: 15_000, exchange: 'coinbase', do: 'sequence-gap', symbol: 'BTC-USD', count: 5 },
      { atMs: 20_000, exchange: 'kraken', do: 'stall', forMs: 3000 },
    ])
  })

  test('names every bad line', () => {
    const text =
      '{"atMs":1,"exchange":"binance","do":"sing"}\n{"atMs":1,"exchange":"kraken","do":"stall","until":3}\nno JSON'
    expect(() => parseScript(text, 'script')).toThrow(/line 1: do[\s\S]*line 2[\s\S]*line 3/)
  })
})
