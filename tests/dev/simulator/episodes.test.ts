import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../../core/time.ts'
import type { EpisodeEvent, EpisodeOrder } from '../../../dev/simulator/episodes.ts'
import { drawOrders } from '../../../dev/simulator/fate.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { beginEpisode, createMarket, stepMarket, type Market, type MarketEvent } from '../../../dev/simulator/market.ts'
import { createRandom } from '../../../dev/simulator/random.ts'

const START = micros(1_795_169_730_123_456)
const STEPS_PER_SECOND = 200
const INSTRUMENTS = instrumentsOf({
  exchanges: {
    binance: { symbols: ['BTC-USDT', 'ETH-USDT', 'ETH-BTC'] },
    coinbase: { symbols: ['BTC-USD', 'ETH-USD', 'ETH-BTC', 'USDT-USD'] },
    kraken: { symbols: ['BTC-USD', 'ETH-USD', 'ETH-BTC', 'USDT-USD'] },
  },
})

const nothing = (): void => undefined
const seeds = fc.integer({ min: 0, max: 2 ** 32 })
const market = (seed: number, hasFate = false): Market => createMarket(INSTRUMENTS, seed, START, { hasFate })

function run(one: Market, seconds: number, rate = 500): readonly MarketEvent[] {
  const events: MarketEvent[] = []
  for (let i = 0; i < seconds * STEPS_PER_SECOND; i += 1) stepMarket(one, rate, (event) => events.push(event))
  return events
}
/** Runs with an order given at once. */
function ordered(order: EpisodeOrder, seconds: number, seed = 1): readonly MarketEvent[] {
  const one = market(seed)
  run(one, 1)
  expect(beginEpisode(one, order, nothing)).toBe(true)
  return run(one, seconds)
}
const episodesOf = (events: readonly MarketEvent[]): readonly EpisodeEvent[] =>
  events.filter((event) => event.kind === 'episode')
/** Middle of each quote of one book. */
const mids = (events: readonly MarketEvent[], exchange: string, symbol: string): readonly number[] =>
  events.flatMap((event) => {
    if (event.kind !== 'quote') return []
    const { instrument } = event.book
    return instrument.exchange === exchange && instrument.symbol === symbol
      ? [(Number(event.bid) + Number(event.ask)) / 2]
      : []
  })
const last = (values: readonly number[]): number => values.at(-1) ?? NaN
const exchangeOf = (event: MarketEvent): string =>
  event.kind === 'quote' || event.kind === 'trades' ? event.book.instrument.exchange : ''

describe('episodes', () => {
  test('are the same for the same seed, whatever the rate of frames', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const of = (rate: number) => episodesOf(run(market(seed, true), 30, rate))
        expect(of(20)).toEqual(of(300))
      }),
      { numRuns: 3 },
    ))

  test('of every kind are ordered by the seed within an hour', () => {
    const [fate, { choices }] = [createRandom(3), market(3)]
    const orders = Array.from({ length: 3600 * STEPS_PER_SECOND }, () => drawOrders(fate, choices)).flat()
    const kinds = new Set(orders.map((order) => order.do))
    expect([...kinds].toSorted()).toEqual(['burst', 'depeg', 'freeze', 'price-gap', 'storm', 'triangle'])
  })

  test('end when their time is over', () => {
    const events = episodesOf(run(market(3, true), 200, 20))
    expect(events.length).toBeGreaterThan(20)
    const ended = events.filter(({ state }) => state === 'CLOSE')
    const lasted = ended.map((end) => {
      const began = events.find(({ episode, state }) => state === 'OPEN' && episode === end.episode)
      return end.time - (began?.time ?? 0) - end.order.forMs * 1000
    })
    expect(lasted.filter((over) => Math.abs(over) > 5000)).toEqual([])
    expect(ended.length).toBeGreaterThan(events.length / 2 - 6)
  })

  test('do not happen without a fate', () => expect(episodesOf(run(market(3), 300, 20))).toEqual([]))

  test('are refused where they cannot be', () => {
    const one = market(1)
    const freeze = { do: 'freeze', exchange: 'kraken', forMs: 1000 } as const
    expect(beginEpisode(one, freeze, nothing)).toBe(true)
    expect(beginEpisode(one, freeze, nothing)).toBe(false)
    const gap = { do: 'price-gap', exchange: 'kraken', symbol: 'PEPPER-USD', bps: 50, forMs: 1000 } as const
    expect(beginEpisode(one, gap, nothing)).toBe(false)
    expect(beginEpisode(one, { do: 'depeg', asset: 'USDC', bps: 50, forMs: 1000 }, nothing)).toBe(false)
  })

  test('a frozen exchange sends nothing, the others as many frames as were asked for in all', () => {
    const events = ordered({ do: 'freeze', exchange: 'kraken', forMs: 4000 }, 3).filter((one) => exchangeOf(one) !== '')
    expect(new Set(events.map(exchangeOf))).toEqual(new Set(['binance', 'coinbase']))
    expect(Math.abs(events.length - 1500)).toBeLessThan(20)
    const after = ordered({ do: 'freeze', exchange: 'kraken', forMs: 4000 }, 6)
    expect(new Set(after.map(exchangeOf))).toContain('kraken')
  })

  test('a depeg moves every symbol of the coin at all exchanges alike, and nothing else', () => {
    const before = run(market(4), 1)
    const events = ordered({ do: 'depeg', asset: 'USDT', bps: 400, forMs: 20_000 }, 9, 4)
    const moved = (exchange: string, symbol: string): number =>
      last(mids(events, exchange, symbol)) / last(mids(before, exchange, symbol)) - 1
    // The market itself may have moved by a few basis points in nine seconds.
    const tether = [moved('coinbase', 'USDT-USD'), moved('kraken', 'USDT-USD')]
    for (const move of tether) expect(Math.abs(move + 0.04)).toBeLessThan(0.002)
    const dollars = moved('kraken', 'BTC-USD')
    expect(Math.abs(dollars)).toBeLessThan(0.01)
    expect(Math.abs((1 + moved('binance', 'BTC-USDT')) * 0.96 - (1 + dollars))).toBeLessThan(0.003)
    expect(Math.abs(moved('binance', 'ETH-BTC'))).toBeLessThan(0.01)
    const whole = ordered({ do: 'depeg', asset: 'USDT', bps: 400, forMs: 20_000 }, 21, 4)
    expect(
      Math.abs(last(mids(whole, 'kraken', 'USDT-USD')) / last(mids(before, 'kraken', 'USDT-USD')) - 1),
    ).toBeLessThan(0.002)
  })

  test('a burst multiplies the volume traded in its symbol', () => {
    const volume = (events: readonly MarketEvent[]): number =>
      events
        .flatMap((event) => (event.kind === 'trades' && event.book.instrument.symbol === 'ETH-USD' ? event.trades : []))
        .reduce((sum, { size }) => sum + Number(size), 0)
    const usual = volume(run(market(5), 10))
    expect(
      volume(ordered({ do: 'burst', exchange: 'kraken', symbol: 'ETH-USD', forMs: 10_000 }, 10, 5)),
    ).toBeGreaterThan(5 * usual)
  })

  test('a triangle gains its basis points where the exchanges are hardly apart', () => {
    const events = ordered({ do: 'triangle', exchange: 'binance', symbol: 'ETH-BTC', bps: 90, forMs: 3000 }, 2, 6)
    const gaps = events.filter((event) => event.kind === 'gap')
    const peak = (route: string): number => Math.max(...gaps.filter((gap) => gap.route === route).map(({ bps }) => bps))
    expect(Math.abs(peak('triangle') - 90)).toBeLessThan(15)
    expect(peak('cross')).toBeLessThan(45)
  })

  test('storms make volatility cluster: large moves follow large ones', () => {
    const only = instrumentsOf({ exchanges: { coinbase: { symbols: ['BTC-USD'] } } })
    const one = createMarket(only, 7, START)
    const bitcoin = one.assets.get('BTC')
    const prices = Array.from({ length: 1800 }, () => {
      for (let i = 0; i < STEPS_PER_SECOND; i += 1) stepMarket(one, 20, nothing)
      return bitcoin?.walked ?? NaN
    })
    const squares = prices.slice(1).map((price, index) => (price / (prices[index] ?? NaN) - 1) ** 2)
    const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length
    const covariance = (lag: number): number =>
      squares.slice(lag).reduce((sum, square, index) => sum + (square - mean) * ((squares[index] ?? NaN) - mean), 0)
    // Of independent moves the autocorrelation would be below 2/sqrt(1800) = 0.047 in 95 of 100 cases, at each lag.
    for (const lag of [1, 2, 5]) expect(covariance(lag) / covariance(0)).toBeGreaterThan(0.1)
  })
})
