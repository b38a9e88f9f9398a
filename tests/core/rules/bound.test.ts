import { describe, expect, test } from 'vitest'
import { validateRule } from '../../../core/rules/validate/validate.ts'
import { EMPTY_WORLD, type World } from '../../../core/rules/validate/world.ts'
import { partitionOf } from '../../../core/partition.ts'
import { aggregate, patternRule, whenRule } from './documents.ts'

const SYMBOLS = ['BTC-USDT', 'BTC-USD', 'ETH-USDT', 'ETH-BTC', 'SOL-USDT']
const world = (more: Partial<World> = {}): World => ({
  ...EMPTY_WORLD,
  exchanges: new Map([
    ['binance', SYMBOLS],
    ['kraken', ['BTC-USD', 'ETH-USDT']],
  ]),
  ...more,
})

function boundOf(document: unknown, around = world()) {
  const { bound, diagnostics } = validateRule(document, around)
  if (bound === undefined) throw new TypeError(JSON.stringify(diagnostics))
  return bound
}

describe('keys', () => {
  test('are the configured exchanges and symbols, as `by` tells them apart', () => {
    expect(boundOf(whenRule({ by: ['exchange', 'symbol'] })).keys).toBe(7)
    expect(boundOf(whenRule({ by: ['symbol'] })).keys).toBe(5)
    expect(boundOf(whenRule({ by: ['base'] })).keys).toBe(3)
    expect(boundOf(whenRule({ by: ['base', 'quoteAsset'] })).keys).toBe(5)
  })

  test('are those that pass `where`', () => {
    expect(boundOf(whenRule({ where: "exchange == 'kraken'", by: ['exchange', 'symbol'] })).keys).toBe(2)
    expect(boundOf(whenRule({ where: "base in ['ETH', 'SOL'] && price > 3" })).keys).toBe(3)
    expect(boundOf(whenRule({ where: "symbol == 'XRP-USDT'" })).keys).toBe(0)
  })

  test('of candles have those across exchanges besides', () => {
    expect(boundOf(whenRule({ on: 'candle', by: ['exchange', 'symbol'], when: 'close > 1' })).keys).toBe(7 + 5)
  })

  test('are counted in the fullest partition', () => {
    const partitions = 3
    const byPartition = new Map<number, number>()
    for (const [base, keys] of [
      ['BTC', 3],
      ['ETH', 3],
      ['SOL', 1],
    ] as const) {
      const partition = partitionOf(base, partitions)
      byPartition.set(partition, (byPartition.get(partition) ?? 0) + keys)
    }
    const rule = whenRule({ by: ['exchange', 'symbol'] })
    expect(boundOf(rule, world({ partitions })).keys).toBe(Math.max(...byPartition.values()))
  })

  test('by the side of trades are twice as many', () => {
    expect(boundOf(whenRule({ by: ['symbol', 'side'] })).keys).toBe(10)
  })

  test('by an id are as many as come within the horizon', () => {
    const rule = whenRule({ on: 'opportunity', by: ['base', 'opportunityId'], when: 'edgeBps > 1', renew: '15m' })
    const { keys, horizonMicros } = boundOf(rule)
    // 600 + 60 + 900 s, one new opportunity each second for each of three bases
    expect(horizonMicros).toBe(1560e6)
    expect(keys).toBe(3 * 1560)
  })
})

describe('bytes', () => {
  test('of a sliding window are 16·r·W + 128·W/P, with r of all that comes together in a key', () => {
    const sliding = { m: aggregate('mean', 'price') }
    const bare = boundOf(whenRule({ by: ['exchange', 'symbol'] })).bytesPerKey
    // W = 10 s, P = 100 ms: 50 trades a second of one exchange and symbol
    expect(boundOf(whenRule({ by: ['exchange', 'symbol'], let: sliding, when: 'm > 1' })).bytesPerKey - bare).toBe(
      16 * 50 * 10 + 128 * 100,
    )
    // of BTC: two symbols, two exchanges
    expect(boundOf(whenRule({ by: ['base'], let: sliding, when: 'm > 1' })).bytesPerKey - bare).toBe(
      16 * 200 * 10 + 128 * 100,
    )
  })

  test('of equal states count once', () => {
    const one = boundOf(whenRule({ let: { m: aggregate('mean', 'price') }, when: 'm > 1' })).bytesPerKey
    const three = { m: aggregate('mean', 'price'), s: aggregate('sd', 'price'), v: aggregate('mean', 'price') }
    expect(boundOf(whenRule({ let: three, when: 'm > s + v' })).bytesPerKey).toBe(one)
  })

  test('of a pattern are maxPartials·(96 + 16·times + 8·captured)', () => {
    const steps = [
      { as: 'a', if: 'price > 1', times: 3 },
      { as: 'b', if: 'price > a.p', times: [2, null] },
    ]
    const { bytesPerKey } = boundOf(patternRule(steps, { maxPartials: 10 }, { let: { p: 'price' } }))
    const { bytesPerKey: least } = boundOf(patternRule(steps, { maxPartials: 1 }, { let: { p: 'price' } }))
    expect(bytesPerKey - least).toBe(9 * (96 + 16 * (3 + 64) + 8))
  })

  test('of a partition are those of a key, times the keys', () => {
    const { bytes, bytesPerKey, keys } = boundOf(whenRule({ let: { m: aggregate('mean', 'price') }, when: 'm > 1' }))
    expect(bytes).toBe(bytesPerKey * keys)
  })
})

describe('cost', () => {
  test.each([
    ['low', whenRule()],
    ['low', whenRule({ let: { m: aggregate('mean', 'price'), s: aggregate('sd', 'price') }, when: 'm > s' })],
    ['medium', whenRule({ let: { m: aggregate('median', 'price'), l: aggregate('min', 'price') }, when: 'm > 2 * l' })],
    [
      'low',
      patternRule(
        [
          { as: 'a', if: 'size > 9' },
          { as: 'b', if: 'price > a.price * 1.1' },
        ],
        { maxPartials: 4096 },
      ),
    ],
    [
      'high',
      patternRule(
        [
          { as: 'a', if: 'size > 9' },
          { as: 'b', if: 'price - a.price > 1' },
        ],
        { maxPartials: 4096 },
      ),
    ],
  ])('is %s', (cost, rule) => {
    expect(boundOf(rule).cost).toBe(cost)
  })
})
