import { describe, expect, test } from 'vitest'
import { benchAdapters, formatAdapters, measureAdapter } from '../../bench/adapters.ts'
import { parseAdapterOptions, parseOptions, parseSimulatorOptions } from '../../bench/options.ts'
import { micros } from '../../core/time.ts'
import { krakenV1 } from '../../producers/kraken-v1.ts'

// Frames of Kraken's API documentation, v1.
const TRADES =
  '[0,[["5541.20000","0.15850568","1534614057.321597","s","l",""],["6060.00000","0.02455000","1534614057.324998","b","l",""]],"trade","XBT/USD"]'
const TICKER = `[0,{"a":["5525.40000",1,"1.000"],"b":["5525.10000",1,"1.000"],"c":["5525.10000","0.00398963"]},"ticker","XBT/USD"]`
const BOOK = '[1234,{"a":[["5541.30000","2.50700000","1534614248.456738"]]},"book-10","XBT/USD"]'

const ours = { trades: 10, quotes: 18, framesPerSecond: 900_000 }
const line = (theirs: Parameters<typeof formatAdapters>[0][number]['theirs']): string => {
  const text = formatAdapters([{ session: 'KRAKEN', part: 'all', frames: 100, ours, theirs }], 'cryptofeed==1')
  return text.split('\n').find((one) => one.startsWith('KRAKEN')) ?? ''
}

describe('the bench of adapters', () => {
  test('counts what one pass over the frames holds', () => {
    const frames = [TRADES, TICKER, BOOK].map((text) => ({ text, time: micros(1_534_614_248_456_738) }))
    const measured = measureAdapter(krakenV1, frames, { warmUpSeconds: 0, seconds: 0.01 })
    expect(measured).toMatchObject({ trades: 2, quotes: 1 })
    expect(measured.framesPerSecond).toBeGreaterThan(0)
  })

  test('compares rates only where both sides found the same', () => {
    expect(line({ ...ours, framesPerSecond: 300_000 })).toMatch(/ 300000 +3\.0$/)
    expect(line({ ...ours, quotes: 17, framesPerSecond: 300_000 })).toMatch(/not comparable: 10 trades, 17 quotes$/)
    expect(line('asks REST')).toMatch(/asks REST +-$/)
  })

  test('is skipped, and says so, where there are no recordings', async () => {
    const options = { captures: 'no/such/folder', seconds: 1, warmUpSeconds: 1, say: () => undefined }
    expect(await benchAdapters(options)).toBe('skipped: no recordings in no/such/folder')
  })

  test('reads its options', () => {
    expect(parseAdapterOptions(['--seconds', '6', '--captures', 'x'])).toEqual({
      captures: 'x',
      seconds: 6,
      warmUpSeconds: 2,
    })
    expect(() => parseAdapterOptions(['--rates', '5'])).toThrow('usage')
  })
})

test('the pipeline is measured on one broker, or three', () => {
  expect(parseOptions([]).brokers).toBe(1)
  expect(parseOptions(['--brokers', '3']).brokers).toBe(3)
  expect(() => parseOptions(['--brokers', '2'])).toThrow('there are 1 or 3')
})

test('the simulator alone is measured at rates that it may be asked for', () => {
  expect(parseSimulatorOptions([])).toEqual({ rates: [10_000, 50_000], seconds: 10 })
  expect(() => parseSimulatorOptions(['--rates', '1000000'])).toThrow('usage')
})
