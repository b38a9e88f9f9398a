import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, type Adapter, type Instrument } from '../../producers/adapter.ts'
import { binance } from '../../producers/binance.ts'
import { coinbase } from '../../producers/coinbase.ts'
import { kraken } from '../../producers/kraken.ts'
import type { FeedOutput } from '../../producers/feed-state.ts'
import type { Micros } from '../../core/time.ts'
import { MOMENT } from '../support/ticks.ts'
import { aggTrade, bookTicker, harness, lettersOf, ticksOf } from './harness.ts'

const small = fc.integer({ min: 1, max: 12 })
const amount = fc.constantFrom('1.5', '2', '0', '-1', 'x', '1e400', '3.00000000000000000001')

const BINANCE_FRAMES = fc.oneof(
  fc
    .tuple(small, fc.integer({ min: -700, max: 700 }), fc.constantFrom('BTCUSDT', 'ETHUSDT', 'DOGEUSDT'))
    .map(([a, at, s]) => aggTrade(a, at, s)),
  fc.tuple(small, amount, amount).map(([u, bid, ask]) => bookTicker(u, bid, ask)),
  fc.constantFrom<unknown>(
    { stream: 'btcusdt@depth', data: {} },
    { result: null, id: 'BTCUSDT' },
    { e: 'serverShutdown' },
    { error: {}, id: 'BTCUSDT' },
  ),
  fc.json().map((text): unknown => JSON.parse(text)),
)
const trade = fc.record({
  product_id: fc.constantFrom('BTC-USD', 'X-Y'),
  trade_id: small.map(String),
  price: amount,
  size: amount,
  time: fc.constantFrom('2026-11-20T10:15:30.1Z', '2026-11-20T11:15:30Z', '2026-13-20T10:15:30Z'),
  side: fc.constantFrom('BUY', 'SELL', 'NONE'),
})
const COINBASE_FRAMES = fc.oneof(
  fc.record({
    channel: fc.constantFrom('market_trades', 'ticker', 'heartbeats', 'subscriptions', 'candles', 'news'),
    timestamp: fc.constantFrom('2026-11-20T10:15:30.1Z', 'never'),
    sequence_num: small,
    events: fc.array(
      fc.record({
        type: fc.constantFrom('snapshot', 'update'),
        trades: fc.array(trade, { maxLength: 4 }),
        tickers: fc.array(fc.record({ product_id: fc.constant('BTC-USD'), best_bid: amount, best_ask: amount }), {
          maxLength: 3,
        }),
        subscriptions: fc.constant({ ticker: ['BTC-USD'] }),
      }),
      { maxLength: 2 },
    ),
  }),
  fc.constant({ type: 'error', message: 'no' }),
)
const KRAKEN_FRAMES = fc.oneof(
  fc.record({
    channel: fc.constantFrom('trade', 'ticker', 'heartbeat', 'status', 'book', 'news'),
    type: fc.constantFrom('snapshot', 'update'),
    data: fc.array(
      fc.record({
        symbol: fc.constantFrom('BTC/USD', 'X/Y'),
        side: fc.constantFrom('buy', 'sell'),
        price: fc.constantFrom<unknown>(1.5, 0, -1, null, 'x'),
        qty: fc.constantFrom<unknown>(1.5, 1e-9, 0, 1e300),
        trade_id: small,
        bid: fc.constantFrom(1, 2, 0),
        bid_qty: fc.constantFrom(1, 0),
        ask: fc.constantFrom(2, 3),
        ask_qty: fc.constant(1),
        timestamp: fc.constantFrom('2026-11-20T10:15:30.1Z', '2026-11-20T11:15:30Z'),
      }),
      { maxLength: 4 },
    ),
  }),
  fc.constantFrom<unknown>({ method: 'pong' }, { method: 'subscribe', success: false, symbol: 'BTC/USD' }),
)

type Step =
  | { readonly kind: 'frame' | 'nextFrame'; readonly frame: unknown }
  | { readonly kind: 'wait' | 'close' | 'oversized' | 'stall' | 'refuse' }
  | { readonly kind: 'remove' | 'add' | 'quarantine' | 'release' | 'nextClose' }
const steps = (frames: fc.Arbitrary<unknown>): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 12, arbitrary: frames.map((frame): Step => ({ kind: 'frame', frame })) },
      { weight: 6, arbitrary: frames.map((frame): Step => ({ kind: 'nextFrame', frame })) },
      { weight: 1, arbitrary: fc.constant<Step>({ kind: 'nextClose' }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Step>(
          { kind: 'wait' },
          { kind: 'close' },
          { kind: 'oversized' },
          { kind: 'stall' },
          { kind: 'refuse' },
          { kind: 'remove' },
          { kind: 'add' },
          { kind: 'quarantine' },
          { kind: 'release' },
        ),
      },
    ),
    { maxLength: 60 },
  )

/** Runs a history of one feed; whatever closed the socket, the next step finds a new one. */
function run(adapter: Adapter, instruments: readonly Instrument[], history: readonly Step[]) {
  const feed = harness({ adapter, instruments, conversions: new Set(['BTC-USD']), partitions: 2 })
  let last: readonly FeedOutput[] = []
  let nextFrames = 0
  let given = 0
  for (const step of history) {
    while (feed.state.phase !== 'open') {
      feed.wait(31)
      if (feed.state.phase === 'connecting') feed.open()
    }
    if (step.kind === 'frame') {
      given += entriesOf(adapter, step.frame, feed.now())
      last = feed.frame(step.frame)
    } else if (step.kind === 'nextFrame') {
      overlap(feed)
      if (feed.state.next?.session === undefined) continue
      nextFrames++
      given += entriesOf(adapter, step.frame, feed.now())
      last = feed.next.frame(step.frame)
    } else if (step.kind === 'nextClose') {
      if (feed.state.next?.session !== undefined) last = feed.next.close()
    } else if (step.kind === 'wait') last = feed.wait(0.3)
    else if (step.kind === 'remove' || step.kind === 'add')
      last = feed.give({
        kind: 'follow',
        time: feed.now(),
        instruments: step.kind === 'add' ? instruments : instruments.slice(1),
        conversions: new Set(['BTC-USD']),
      })
    else if (step.kind === 'quarantine' || step.kind === 'release')
      last = feed.give({
        kind: 'quarantine',
        time: feed.now(),
        nativeSymbol: instruments[0]?.nativeSymbol ?? '',
        isQuarantined: step.kind === 'quarantine',
      })
    else if (step.kind === 'stall') last = feed.give({ kind: 'stalled', time: feed.now(), from: feed.now() })
    else if (step.kind === 'refuse') {
      feed.refuse(last)
      last = []
    } else last = feed.close(step.kind === 'close' ? 'closed' : 'oversized')
  }
  return { ...feed, nextFrames, given }
}

/** What a frame holds, as its adapter reads it. */
function entriesOf(adapter: Adapter, frame: unknown, time: Micros): number {
  const decoded = decode(adapter, JSON.stringify(frame), time)
  return decoded.kind === 'ticks' ? decoded.ticks.length + decoded.withdrawals.length + decoded.faults.length : 0
}

/** Opens the next socket beside the present one, if there is none. */
function overlap(feed: ReturnType<typeof harness>): void {
  if (feed.state.next?.session !== undefined) return
  feed.state.rotateAt = feed.now()
  feed.wait(0.2)
  if (feed.state.next?.phase === 'connecting') feed.next.open()
}

const ADAPTERS = [
  { adapter: binance, instruments: harness().state.settings.instruments, frames: BINANCE_FRAMES },
  { adapter: coinbase, instruments: [{ symbol: 'BTC-USD', nativeSymbol: 'BTC-USD' }], frames: COINBASE_FRAMES },
  { adapter: kraken, instruments: [{ symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }], frames: KRAKEN_FRAMES },
] as const

describe.each(ADAPTERS)('nothing disappears on $adapter.exchange:', ({ adapter, instruments, frames }) => {
  const property = (law: (feed: ReturnType<typeof run>, history: readonly Step[]) => void): void =>
    fc.assert(
      fc.property(steps(frames), (history) => law(run(adapter, instruments, history), history)),
      { numRuns: 60 },
    )
  const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

  test('frames are ticks, answers, heartbeats, ignored, faults or oversized', () => {
    property(({ state: { counts }, nextFrames }, history) => {
      expect(sum(counts.frames)).toBe(counts.received)
      const given = history.filter(({ kind }) => kind === 'frame' || kind === 'oversized').length
      expect(counts.received).toBe(given + nextFrames)
    })
  })

  test('entries are put out, duplicates, faults, history, withdrawn, ignored or dropped on overflow', () => {
    property(({ state: { counts }, outputs }) => {
      const { in: taken, ...outcomes } = counts.entries
      expect(sum(outcomes)).toBe(taken)
      const entries = ticksOf(outputs).filter(
        ({ tick }) => tick.payload.kind === 'trade' || tick.payload.kind === 'quote',
      )
      expect(entries.length).toBeGreaterThanOrEqual(outcomes.out)
      expect(entries.length).toBeLessThanOrEqual(outcomes.out + outcomes.overflow)
    })
  })

  test('each entry of a frame is counted once, or held for the socket that is to follow', () => {
    property(({ state: { counts, next }, given }) => {
      const handovers = next?.session === undefined ? [] : [...next.handovers.values()]
      const trades = handovers.reduce((count, { trades: held }) => count + held.size, 0)
      expect(next?.held ?? 0).toBe(trades)
      expect(counts.entries.in + trades + handovers.filter(({ top }) => top !== undefined).length).toBe(given)
    })
  })

  test('each faulty frame is a letter, each faulty entry is in one', () => {
    property(({ state: { counts }, outputs }) => {
      const letters = lettersOf(outputs).length
      expect(letters).toBeGreaterThanOrEqual(counts.frames.fault)
      expect(letters).toBeLessThanOrEqual(counts.frames.fault + counts.entries.fault)
    })
  })

  test('ordinals ascend within a session, and a session’s first record in a partition is its START gap', () => {
    property(({ outputs }) => {
      const last = new Map<number, number>()
      const begun = new Set<string>()
      for (const { tick, partitions } of ticksOf(outputs)) {
        expect(tick.ordinal).toBeGreaterThan(last.get(tick.session) ?? -1)
        last.set(tick.session, tick.ordinal)
        expect(tick.receiveTime).toBeGreaterThanOrEqual(MOMENT)
        for (const partition of partitions) {
          const place = `${tick.session}/${partition}`
          const isStart = tick.payload.kind === 'gap' && tick.payload.reason === 'START'
          expect(begun.has(place) || isStart).toBe(true)
          begun.add(place)
        }
      }
    })
  })
})
