import { describe, expect, test } from 'vitest'
import type { Candle } from '../../../core/candle.ts'
import type { Tick } from '../../../core/tick.ts'
import { ms } from '../../support/logged.ts'
import { heartbeat, tick, trade } from '../../support/ticks.ts'
import { runMarket } from './run.ts'

/** A trade at an exchange's millisecond, received 10 ms later. */
const at = (millis: number, price: number, size: number, change: Partial<Omit<Tick, 'payload'>> = {}): Tick =>
  tick(trade({ id: `${millis} ${price} ${change.exchange ?? ''}`, price, size }), {
    eventTime: ms(millis),
    receiveTime: ms(millis + 10),
    ...change,
  })
/** T reaches this millisecond. */
const until = (millis: number): Tick => tick(heartbeat(), { exchange: 'kraken', receiveTime: ms(millis) })

const candles = (...ticks: readonly Tick[]): readonly Candle[] =>
  runMarket(...ticks).outputs.flatMap(({ value }) => (value.kind === 'candle' ? [value.candle] : []))
const own = (all: readonly Candle[], interval: string): readonly Candle[] =>
  all.filter((one) => one.interval === interval && one.exchange !== '*')

describe('candles', () => {
  test('hold open, high, low, close, sums and the mean weighted by size of their interval', () => {
    // 10 x 1 + 12 x 2 + 9 x 1 = 43 for 4 units: 10.75 each.
    const [candle] = own(candles(at(100, 10, 1), at(300, 12, 2), at(999.999, 9, 1), until(3000)), '1s')
    expect(candle).toEqual({
      exchange: 'binance',
      symbol: 'BTC-USDT',
      interval: '1s',
      openTime: ms(0),
      feed: 'LIVE',
      open: 10,
      high: 12,
      low: 9,
      close: 9,
      volume: 4,
      quoteVolume: 43,
      vwap: 10.75,
      trades: 3,
    })
  })

  test('close when T is at their end and 2 s, not before', () => {
    expect(own(candles(at(0, 10, 1), until(2999.999)), '1s')).toEqual([])
    expect(own(candles(at(0, 10, 1), until(3000)), '1s')).toHaveLength(1)
    expect(own(candles(at(0, 10, 1), until(61_999.999)), '1m')).toEqual([])
    expect(own(candles(at(0, 10, 1), until(62_000)), '1m')).toHaveLength(1)
  })

  test('hold what falls on their start and not what falls on their end', () => {
    const found = own(candles(at(0, 10, 1), at(1000, 11, 1), until(5000)), '1s')
    expect(found.map(({ openTime, trades }) => [openTime, trades])).toEqual([
      [ms(0), 1],
      [ms(1000), 1],
    ])
  })

  test('open and close with the least and greatest time of the exchange, whatever the order on the log', () => {
    const [candle] = own(candles(at(500, 11, 1), at(200, 10, 1), at(800, 12, 1), at(700, 13, 1), until(3000)), '1s')
    expect([candle?.open, candle?.close]).toEqual([10, 12])
  })

  test('of trades at one moment the first on the log opens and the last closes', () => {
    const [candle] = own(candles(at(200, 10, 1), at(200, 11, 1), at(200, 12, 1), until(3000)), '1s')
    expect([candle?.open, candle?.close]).toEqual([10, 12])
  })

  test('count a trade that comes after the close, and are not changed by it', () => {
    const late = at(900, 99, 1, { receiveTime: ms(3500) })
    const { outputs, tally } = runMarket(at(0, 10, 1), until(3000), late, until(70_000))
    const found = outputs.flatMap(({ value }) => (value.kind === 'candle' ? [value.candle] : []))
    expect(own(found, '1s')).toHaveLength(1)
    expect(tally.get('late_trade_1s')).toBe(1)
    // The minute is still open: there it counts.
    expect(own(found, '1m').map(({ high, trades }) => [high, trades])).toEqual([[99, 2]])
    expect(tally.get('late_trade_1m')).toBeUndefined()
  })

  test('are final: a trade that carries T to the close itself comes too late, and begins no second one', () => {
    const { outputs, tally } = runMarket(at(0, 10, 1), at(900, 99, 1, { receiveTime: ms(3000) }), until(4000))
    const found = outputs.flatMap(({ value }) => (value.kind === 'candle' ? [value.candle] : []))
    expect(own(found, '1s').map(({ high, trades }) => [high, trades])).toEqual([[10, 1]])
    expect(tally.get('late_trade_1s')).toBe(1)
  })

  test('close in the order of their starts, whichever was begun first', () => {
    const found = own(candles(at(1500, 11, 1), at(500, 10, 1), until(5000)), '1s')
    expect(found.map(({ openTime }) => openTime)).toEqual([ms(0), ms(1000)])
  })

  test('stand for the whole market too, with the trades of all exchanges', () => {
    const all = candles(at(100, 10, 1), at(200, 20, 3, { exchange: 'okx' }), until(3000))
    expect(all.map(({ exchange, trades, vwap }) => [exchange, trades, vwap])).toEqual([
      ['*', 2, 17.5],
      ['binance', 1, 10],
      ['okx', 1, 20],
    ])
  })

  test('are none where there was no trade', () => {
    expect(candles(until(0), until(10_000), until(200_000))).toEqual([])
  })

  test('close in one order, whichever exchange and symbol came first', () => {
    const [a, b] = [at(100, 10, 1, { exchange: 'okx' }), at(100, 10, 1, { symbol: 'BTC-USD' })]
    const order = (all: readonly Candle[]) =>
      all.map(({ interval, symbol, exchange }) => `${interval} ${symbol} ${exchange}`)
    expect(order(candles(a, b, until(70_000)))).toEqual(order(candles(b, a, until(70_000))))
  })

  test.each([
    ['LIVE', ['LIVE', 'LIVE']],
    ['SIMULATED', ['LIVE', 'SIMULATED']],
    ['RECORDED', ['RECORDED', 'LIVE']],
  ] as const)('across exchanges are %s if their trades are %j', (wanted, [first, second]) => {
    const all = candles(at(100, 10, 1, { feed: first }), at(200, 10, 1, { exchange: 'okx', feed: second }), until(3000))
    expect(all.find(({ exchange }) => exchange === '*')?.feed).toBe(wanted)
  })

  test('never say BACKFILL: a backfilled trade is what its exchange else sends', () => {
    const beat = tick(heartbeat(), { feed: 'LIVE', receiveTime: ms(50) })
    const filled = at(100, 10, 1, { feed: 'BACKFILL' })
    expect(own(candles(beat, filled, until(3000)), '1s').map(({ feed }) => feed)).toEqual(['LIVE'])
    // Nothing known of the exchange: the least that can be claimed.
    expect(own(candles(filled, until(3000)), '1s').map(({ feed }) => feed)).toEqual(['SIMULATED'])
  })
})
