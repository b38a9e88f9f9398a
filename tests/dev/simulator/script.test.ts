import { describe, expect, test } from 'vitest'
import { parseFlags } from '../../../dev/simulator/flags.ts'
import { drawFaults } from '../../../dev/simulator/mischief.ts'
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

describe('faults by chance', () => {
  test('are the same for the same seed, as many as asked for, in the order of time', () => {
    const draw = (seed: number) => drawFaults(['kraken', 'okx'], seed, 6, 10)
    expect(draw(1)).toEqual(draw(1))
    expect(draw(2)).not.toEqual(draw(1))
    expect(draw(1)).toHaveLength(60)
    const times = draw(1).map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(times.at(-1)).toBeLessThan(600_000)
    expect(new Set(draw(1).map(({ exchange }) => exchange))).toEqual(new Set(['kraken', 'okx']))
  })
})

describe('the flags of the simulator', () => {
  test('are faults, limits and mischief, none by default', () => {
    expect(parseFlags([])).toEqual({ fault: [], limits: 1, mischief: 0 })
    expect(parseFlags(['--fault', 'okx:ban', '--fault', 'gate:late', '--limits', '0.1', '--mischief', '6'])).toEqual({
      fault: ['okx:ban', 'gate:late'],
      limits: 0.1,
      mischief: 6,
    })
  })

  test.each([[['--sing']], [['--limits', '0']], [['--mischief', 'x']]])('%j is refused', (args) => {
    expect(() => parseFlags(args)).toThrow(/^simulator: /)
  })
})
