import { describe, expect, test } from 'vitest'
import { faultLine, parseScript } from '../../../dev/simulator/script.ts'

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
      { atMs: 20_000, exchange: 'kraken', do: 'stall', forMs: 3000, pongs: false },
    ])
  })

  test('names every bad line', () => {
    const text =
      '{"atMs":1,"exchange":"binance","do":"sing"}\n{"atMs":1,"exchange":"kraken","do":"stall","until":3}\nno JSON'
    expect(() => parseScript(text, 'script')).toThrow(/line 1: do[\s\S]*line 2[\s\S]*line 3/)
  })

  test('is written on a command line as exchange, what, and fields', () => {
    const lines = ['kraken:disconnect:atMs=5000:code=1012', 'okx:mute:symbol=BTC-USDT:forMs=500', 'gate:ban'].map(
      faultLine,
    )
    expect(parseScript(lines.join('\n'), 'flags')).toEqual([
      { atMs: 0, exchange: 'okx', do: 'mute', symbol: 'BTC-USDT', forMs: 500 },
      { atMs: 0, exchange: 'gate', do: 'ban', forMs: 10_000 },
      { atMs: 5000, exchange: 'kraken', do: 'disconnect', code: 1012 },
    ])
    expect(() => parseScript(faultLine('kraken:sing'), 'flags')).toThrow(/line 1: do/)
  })

  test.each([999, 1004, 1005, 1015, 2999, 5000])(
    'does not let a socket be closed with %i, which is no code',
    (code) => {
      expect(() => parseScript(faultLine(`kraken:disconnect:code=${code}`), 'flags')).toThrow(/code/)
    },
  )

  test('knows which exchanges announce the end of their connections', () => {
    expect(parseScript(faultLine('okx:shutdown'), 'flags')).toMatchObject([{ do: 'shutdown', closeAfterMs: 60_000 }])
    expect(() => parseScript(faultLine('kraken:shutdown'), 'flags')).toThrow(/exchange/)
  })
})
