import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../../core/time.ts'
import type { QuoteEvent } from '../../../dev/simulator/book.ts'
import type { EpisodeOrder } from '../../../dev/simulator/episodes.ts'
import { GAP_BPS, type GapEvent } from '../../../dev/simulator/gaps.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { beginEpisode, createMarket, stepMarket, type Market } from '../../../dev/simulator/market.ts'
import { routesOf } from '../../../dev/simulator/routes.ts'

const START = micros(1_795_169_730_123_456)
const STEPS_PER_SECOND = 200
const USDT = ['BTC-USDT', 'ETH-USDT', 'ETH-BTC']
const USD = ['BTC-USD', 'ETH-USD', 'ETH-BTC', 'DOGE-USD', 'USDT-USD', 'USDC-USD', 'BTC-EUR', 'EUR-USD']
const INSTRUMENTS = instrumentsOf({
  exchanges: { binance: { symbols: USDT }, coinbase: { symbols: USD }, kraken: { symbols: USD } },
})

const seeds = fc.integer({ min: 0, max: 2 ** 32 })
const market = (seed: number, hasFate = false): Market => createMarket(INSTRUMENTS, seed, START, { hasFate })
const nothing = (): void => undefined

type Seen = { readonly quote: QuoteEvent; readonly bid: number; readonly ask: number }
/** The quotes that stand, as a subscriber to everything knows them. */
type Board = Map<string, Seen>

/** Runs a market; `look` sees the board at the end of each step, and the gaps told in it. */
function watch(
  one: Market,
  seconds: number,
  rate: number,
  look: (board: Board, gaps: readonly GapEvent[]) => void,
): void {
  const board: Board = new Map()
  for (let i = 0; i < seconds * STEPS_PER_SECOND; i += 1) {
    const gaps: GapEvent[] = []
    stepMarket(one, rate, (event) => {
      if (event.kind === 'gap') gaps.push(event)
      if (event.kind !== 'quote') return
      const { exchange, symbol } = event.book.instrument
      board.set(`${exchange} ${symbol}`, { quote: event, bid: Number(event.bid), ask: Number(event.ask) })
    })
    look(board, gaps)
  }
}

/** What is gained by legs such as `buy kraken BTC-USD`, in basis points before fees: arithmetic of the test's own. */
function gain(board: Board, legs: readonly (readonly [side: string, key: string])[]): number {
  let money = 1
  for (const [side, key] of legs) {
    const seen = board.get(key)
    if (seen === undefined) return -Infinity
    money = side === 'buy' ? money / seen.ask : money * seen.bid
  }
  return (money - 1) * 10_000
}

/** Same symbols of two exchanges; triangles of one; dollars of two kinds, changed at the price of the book. */
const ROUTES: readonly (readonly (readonly [string, string])[])[] = [
  ...USD.flatMap((symbol): [string, string][][] => [
    [
      ['buy', `kraken ${symbol}`],
      ['sell', `coinbase ${symbol}`],
    ],
    [
      ['buy', `coinbase ${symbol}`],
      ['sell', `kraken ${symbol}`],
    ],
  ]),
  ...['binance', 'coinbase', 'kraken'].flatMap((exchange): [string, string][][] => {
    const money = exchange === 'binance' ? 'USDT' : 'USD'
    return [
      [
        ['buy', `${exchange} BTC-${money}`],
        ['buy', `${exchange} ETH-BTC`],
        ['sell', `${exchange} ETH-${money}`],
      ],
      [
        ['buy', `${exchange} ETH-${money}`],
        ['sell', `${exchange} ETH-BTC`],
        ['sell', `${exchange} BTC-${money}`],
      ],
    ]
  }),
  ...['BTC', 'ETH'].flatMap((base): [string, string][][] => [
    [
      ['buy', `kraken ${base}-USD`],
      ['sell', `binance ${base}-USDT`],
      ['sell', 'kraken USDT-USD'],
    ],
    [
      ['buy', 'coinbase USDT-USD'],
      ['buy', `binance ${base}-USDT`],
      ['sell', `coinbase ${base}-USD`],
    ],
  ]),
]

describe('the quiet market', () => {
  const loud: readonly (readonly [string, readonly EpisodeOrder[]])[] = [
    ['usual times', []],
    ['a storm', [{ do: 'storm', forMs: 60_000 }]],
    [
      'a depeg with a burst',
      [
        { do: 'depeg', asset: 'USDT', bps: 300, forMs: 8000 },
        { do: 'burst', exchange: 'kraken', symbol: 'BTC-USD', forMs: 10_000 },
      ],
    ],
  ]
  test.each(loud)('has no route of more than 18.1 basis points before fees in %s', (_, orders) =>
    fc.assert(
      fc.property(seeds, fc.constantFrom(20, 300, 2000), (seed, rate) => {
        const one = market(seed)
        for (const order of orders) expect(beginEpisode(one, order, nothing)).toBe(true)
        let most = -Infinity
        const told: GapEvent[] = []
        watch(one, 9, rate, (board, gaps) => {
          most = Math.max(most, ...ROUTES.map((route) => gain(board, route)))
          told.push(...gaps)
        })
        expect(most).toBeLessThan(18.1)
        expect(most).toBeGreaterThan(-40)
        expect(told).toEqual([])
      }),
      { numRuns: 4 },
    ),
  )
})

describe('a gap', () => {
  test('is told exactly while a route gains 20 basis points', () => {
    const open = new Map<string, number>()
    const wrong: string[] = []
    let opened = 0
    watch(market(11, true), 60, 400, (board, gaps) => {
      for (const { state, legs, bps } of gaps) {
        const name = legs.map(({ side, exchange, symbol }) => `${side} ${exchange} ${symbol}`).join()
        if (state === 'OPEN') open.set(name, bps)
        else if (!open.delete(name)) wrong.push(`${name} never opened`)
        opened += state === 'OPEN' ? 1 : 0
      }
      for (const route of ROUTES.filter(
        (one) => one.length === 2 || !one.some(([, key]) => key.includes('USDT-USD')),
      )) {
        const bps = gain(board, route)
        // A gain that is the threshold to the last digits may be rounded to either side of it.
        if (Math.abs(bps - GAP_BPS) < 1e-6 || bps === -Infinity) continue
        const start = route.map(([side, key]) => `${side.toUpperCase()} ${key}`)
        const turns = start.map((__, index) => [...start.slice(index), ...start.slice(0, index)].join())
        if (turns.some((name) => open.has(name)) !== bps >= GAP_BPS) wrong.push(`${turns[0] ?? ''} ${bps}`)
      }
    })
    expect(wrong).toEqual([])
    expect(opened).toBeGreaterThan(20)
  })

  test('opens with the quote that completes it and closes with the one that ends it, in exchange time', () => {
    const one = market(12)
    watch(one, 1, 500, nothing)
    beginEpisode(one, { do: 'price-gap', exchange: 'kraken', symbol: 'BTC-USD', bps: 100, forMs: 1000 }, nothing)
    let last: readonly number[] = []
    const spans: (readonly number[])[] = []
    watch(one, 2, 20_000, (board, gaps) => {
      const quotes = ['coinbase BTC-USD', 'kraken BTC-USD'].flatMap((key) => board.get(key)?.quote ?? [])
      for (const { state, legs, openAt, closeAt } of gaps) {
        const places = legs.map(({ exchange, symbol }) => `${exchange} ${symbol}`)
        if (places.join() !== 'coinbase BTC-USD,kraken BTC-USD') continue
        const fresh = quotes.filter(({ updateId }, index) => updateId !== last[index])
        const times = (state === 'OPEN' ? quotes : fresh).map(({ eventTime }) => eventTime)
        // Both quotes stand from the later one on, and the gap until the earlier one of those that came.
        expect([state, closeAt ?? openAt]).toEqual([state, state === 'OPEN' ? Math.max(...times) : Math.min(...times)])
        spans.push([openAt, closeAt ?? 0])
      }
      last = quotes.map(({ updateId }) => updateId)
    })
    const [[openAt = 0] = [], [again = 1, closeAt = 0] = []] = spans
    expect([spans.length, again]).toEqual([2, openAt])
    // A second, give or take what the exchanges' own delays differ by.
    expect(Math.abs(closeAt - openAt - 1_000_000)).toBeLessThan(60_000)
  })

  test('has two legs at two exchanges, or three at one that lead back to where they began', () => {
    const routes = routesOf(market(1).places)
    const names = routes.map(({ legs }) =>
      legs.map(({ book, side }) => `${side} ${book.instrument.exchange} ${book.instrument.symbol}`).join(),
    )
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('BUY binance BTC-USDT,SELL kraken BTC-USD')
    expect(names).toContain('BUY binance BTC-USDT,BUY binance ETH-BTC,SELL binance ETH-USDT')
    expect(names).toContain('BUY kraken EUR-USD,BUY kraken BTC-EUR,SELL kraken BTC-USD')
    for (const { kind, legs } of routes) {
      const exchanges = new Set(legs.map(({ book }) => book.instrument.exchange))
      expect([exchanges.size, legs.length]).toEqual(kind === 'cross' ? [2, 2] : [1, 3])
      if (kind === 'cross') continue
      const hops = legs.map(({ book: { instrument }, side }) =>
        side === 'SELL' ? [instrument.base, instrument.quote] : [instrument.quote, instrument.base],
      )
      expect(hops.map(([, to]) => to)).toEqual([...hops.slice(1), ...hops.slice(0, 1)].map(([from]) => from))
    }
  })
})
