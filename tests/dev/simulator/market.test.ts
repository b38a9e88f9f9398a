import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printsBack } from '../../../core/decimal.ts'
import { micros } from '../../../core/time.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import type { QuoteEvent, TradesEvent } from '../../../dev/simulator/book.ts'
import { createMarket, drawTrades, stepMarket, type MarketEvent } from '../../../dev/simulator/market.ts'

const START = micros(1_795_169_730_123_456)
const STEPS_PER_SECOND = 200
const SYMBOLS = ['BTC-USD', 'ETH-USD', 'DOGE-USD', 'ETH-BTC', 'USDT-USD', 'EUR-USD', 'PEPPER-USD']
const INSTRUMENTS = instrumentsOf({
  exchanges: {
    binance: { symbols: ['BTC-USDT', 'SOL-BTC', 'DOGE-USDT'] },
    coinbase: { symbols: SYMBOLS },
    kraken: { symbols: SYMBOLS },
  },
})

function run(seed: number, seconds: number, rate: number, start = START): readonly MarketEvent[] {
  const market = createMarket(INSTRUMENTS, seed, start)
  const events: MarketEvent[] = []
  for (let i = 0; i < seconds * STEPS_PER_SECOND; i += 1) stepMarket(market, rate, (event) => events.push(event))
  return events
}

const seeds = fc.integer({ min: 0, max: 2 ** 32 })
const quotesOf = (events: readonly MarketEvent[]): readonly QuoteEvent[] => events.filter((one) => one.kind === 'quote')
const tradesOf = (events: readonly MarketEvent[]): readonly TradesEvent[] =>
  events.filter((one) => one.kind === 'trades')
const framesOf = (events: readonly MarketEvent[]): readonly (QuoteEvent | TradesEvent)[] =>
  events.filter((one) => one.kind === 'quote' || one.kind === 'trades')
/** Books go on changing after their events, so only what an event itself says is compared. */
const told = (events: readonly MarketEvent[]): string =>
  JSON.stringify(
    events.map((event) => {
      if (event.kind === 'gap' || event.kind === 'episode') return event
      const { book, ...rest } = event
      return { ...rest, of: book.instrument.symbol, at: book.instrument.exchange }
    }),
  )
const digits = (text: string): number => text.replace('.', '').replace(/^0+/, '').length

describe('the simulated market', () => {
  test('is the same for the same seed', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(told(run(seed, 2, 300))).toBe(told(run(seed, 2, 300)))
      }),
      { numRuns: 10 },
    ))

  test('is another for another seed', () => expect(told(run(1, 1, 300))).not.toBe(told(run(2, 1, 300))))

  test('has bid below ask and positive sizes', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const wrong = quotesOf(run(seed, 5, 500)).filter(
          ({ bid, ask, bidSize, askSize }) =>
            !(Number(bid) > 0 && Number(bid) < Number(ask) && Number(bidSize) > 0 && Number(askSize) > 0),
        )
        expect(wrong).toEqual([])
      }),
      { numRuns: 20 },
    ))

  test('has prices of at most 15 digits that print back, and positive trade sizes', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const events = run(seed, 5, 500)
        const trades = tradesOf(events).flatMap((one) => one.trades)
        const prices = [
          ...quotesOf(events).flatMap(({ bid, ask, last }) => [bid, ask, last]),
          ...trades.map(({ price }) => price),
        ]
        expect(prices.filter((price) => digits(price) > 15 || !printsBack(price, Number(price)))).toEqual([])
        expect(trades.filter(({ size }) => !(Number(size) > 0))).toEqual([])
      }),
      { numRuns: 20 },
    ))

  test('numbers trades, and the single trades in them, without a hole', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const last = new Map<string, { readonly id: number; readonly last: number }>()
        for (const { book, trades } of tradesOf(run(seed, 5, 500))) {
          for (const trade of trades) {
            const key = `${book.instrument.exchange} ${book.instrument.symbol}`
            const before = last.get(key)
            const follows = before ?? { id: trade.id - 1, last: trade.first - 1 }
            expect([trade.id, trade.first]).toEqual([follows.id + 1, follows.last + 1])
            expect(trade.last).toBeGreaterThanOrEqual(trade.first)
            last.set(key, trade)
          }
        }
        expect(last.size).toBeGreaterThan(5)
      }),
      { numRuns: 10 },
    ))

  test('never goes back in time within a symbol, nor ahead of the clock', () => {
    const last = new Map<string, number>()
    for (const event of framesOf(run(3, 10, 500))) {
      const key = `${event.book.instrument.exchange} ${event.book.instrument.symbol}`
      const times = event.kind === 'quote' ? [event.eventTime] : event.trades.map(({ eventTime }) => eventTime)
      for (const time of times) {
        expect(time).toBeGreaterThanOrEqual(last.get(key) ?? 0)
        expect(time).toBeLessThan(START + 10_000_000)
        last.set(key, time)
      }
    }
  })

  test('has the asked number of frames, four quotes to a trade', () => {
    const events = framesOf(run(4, 20, 1000))
    const trades = tradesOf(events).length
    expect(events.length).toBeGreaterThan(19_900)
    expect(events.length).toBeLessThan(20_100)
    expect(events.length / trades - 1).toBeGreaterThan(3.5)
    expect(events.length / trades - 1).toBeLessThan(4.5)
  })

  test('gives a later run ids above those of an earlier one', () => {
    const early = createMarket(INSTRUMENTS, 1, START)
    for (let i = 0; i < 60 * STEPS_PER_SECOND; i += 1) stepMarket(early, 1000, () => undefined)
    const late = createMarket(INSTRUMENTS, 1, micros(START + 60_000_000))
    const [book] = early.books
    const [other] = late.books
    if (book === undefined || other === undefined) throw new TypeError('no book')
    const ended = drawTrades(early, book, 1).trades[0]
    const began = drawTrades(late, other, 1).trades[0]
    expect(began?.id).toBeGreaterThan(ended?.id ?? Infinity)
    expect(began?.first).toBeGreaterThan(ended?.last ?? Infinity)
    expect(other.updateId).toBeGreaterThan(book.updateId)
  })
})
