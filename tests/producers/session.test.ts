import { describe, expect, test } from 'vitest'
import { micros, toIso } from '../../core/time.ts'
import { kraken } from '../../producers/kraken.ts'
import { MOMENT } from '../support/ticks.ts'
import { BTC, aggTrade, bookTicker, gapsOf, harness, only, ticksOf } from './harness.ts'

/** Kraken frames: trades are numbered, tickers are not. */
const KRAKEN_BTC = { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }
const krakenTrade = (trade_id: number) => ({
  channel: 'trade',
  type: 'update',
  data: [
    {
      symbol: 'BTC/USD',
      side: 'buy',
      price: 100.5,
      qty: 1,
      trade_id,
      timestamp: toIso(MOMENT),
    },
  ],
})
const krakenTicker = (bid: number) => ({
  channel: 'ticker',
  type: 'update',
  data: [{ symbol: 'BTC/USD', bid, bid_qty: 1, ask: 101, ask_qty: 1 }],
})
const states = (out: Parameters<typeof only>[0]): string =>
  only(out, 'heartbeat')
    .map(({ payload }) => payload.state)
    .join()

describe('a session', () => {
  test('begins with a START gap in every partition, before its first heartbeat and its first data', () => {
    const { open, frame } = harness()
    expect(ticksOf(open())).toEqual([])
    const out = ticksOf(frame(aggTrade(1)))
    expect(out.map(({ tick, partitions }) => [tick.payload.kind, partitions])).toEqual([
      ['gap', [0]],
      ['gap', [1]],
      ['gap', [2]],
      ['heartbeat', [0, 1, 2]],
      ['gap', [1]],
      ['trade', [1]],
    ])
    expect(out.map(({ tick }) => tick.ordinal)).toEqual([0, 1, 2, 3, 4, 5])
    expect(new Set(out.map(({ tick }) => tick.session)).size).toBe(1)
    expect(out.map(({ key }) => key)).toEqual(['*', '*', '*', '*', 'BTC', 'BTC'])
    expect(out.map(({ tick }) => tick.symbol)).toEqual(['', '', '', '', 'BTC-USDT', 'BTC-USDT'])
  })

  test('starts ten minutes back on an empty log', () => {
    const { open, frame } = harness({ partitions: 1 })
    open()
    expect(gapsOf(frame(aggTrade(1, -0.5)), 'START')).toEqual([['', -600, 0]])
  })

  test('starts a process a second before the last trade that the log holds, in each partition', () => {
    const { open, frame } = harness({ partitions: 1, lastTrades: [micros(MOMENT - 7_000_000)] })
    open()
    expect(gapsOf(frame(aggTrade(1, -0.5)), 'START')).toEqual([['', -8, 0]])
  })

  test('starts again a second before the exchange’s last trade in each partition', () => {
    const feed = harness({ partitions: 3 })
    feed.open()
    feed.pass(2)
    feed.frame(aggTrade(1, 2))
    feed.wait(3)
    feed.close()
    feed.wait(2)
    feed.open()
    // BTC lives in partition 1; in the others the exchange has no trade yet.
    expect(gapsOf(feed.frame(aggTrade(7, 7)), 'START')).toEqual([
      ['', -593, 7],
      ['', 1, 7],
      ['', -593, 7],
    ])
  })

  test('has START gaps that end with its first data where that is later than our clock', () => {
    const { open, frame } = harness({ partitions: 1 })
    open()
    expect(gapsOf(frame(aggTrade(1, 2)), 'START')).toEqual([['', -600, 2]])
  })

  test('has START gaps that cover the time since the last trade came, though it was stamped ahead', () => {
    const feed = harness({ partitions: 1 })
    feed.open()
    feed.frame(aggTrade(1, 500))
    feed.close()
    feed.wait(7)
    feed.open()
    const out = feed.frame(bookTicker(2))
    expect(gapsOf(out, 'START')).toEqual([['', -1, 7]])
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['BTC-USDT', 0, 7]])
  })

  test('has START gaps that are not empty though the log’s last trade is ahead of our clock', () => {
    const { open, frame } = harness({ partitions: 1, lastTrades: [micros(MOMENT + 60_000_000)] })
    open()
    expect(gapsOf(frame(bookTicker(1)), 'START')).toEqual([['', 0, 60]])
  })

  test('writes a heartbeat each second to every partition, with the last sequence', () => {
    const { open, frame, wait, give, now } = harness()
    open()
    frame(aggTrade(41))
    const beats = Array.from({ length: 5 }, () => {
      give({ kind: 'pong', time: now() })
      return wait(1)
    }).flat()
    expect(only(beats, 'heartbeat').map(({ payload }) => payload)).toEqual(
      Array.from({ length: 5 }, () => ({ kind: 'heartbeat', state: 'UP', lastSequence: 41 })),
    )
    expect(ticksOf(beats).map(({ partitions }) => partitions)).toEqual(Array.from({ length: 5 }, () => [0, 1, 2]))
  })

  test('keeps its last sequence though entries without a number come after it', () => {
    const { open, frame, wait } = harness({ adapter: kraken, instruments: [KRAKEN_BTC] })
    open()
    frame(krakenTrade(7))
    frame(krakenTicker(100))
    expect(only(wait(1.1), 'heartbeat').map(({ payload }) => payload.lastSequence)).toEqual([7])
  })

  test('is DOWN once its newest frame is two seconds old, and UP with the next one', () => {
    const { open, frame, wait } = harness()
    open()
    frame(aggTrade(1))
    expect(states(wait(4))).toBe('UP,DOWN,DOWN,DOWN')
    frame(bookTicker(1))
    expect(states(wait(1))).toBe('UP')
  })

  test('stays UP for twenty of its usual intervals where frames are rare', () => {
    const { open, frame, wait } = harness({ instruments: [BTC] })
    open()
    for (let i = 1; i <= 200; i++) {
      frame(aggTrade(i, i))
      wait(1)
    }
    expect(states(wait(12))).not.toContain('DOWN')
    expect(states(wait(20))).toContain('DOWN')
  })

  test('is DOWN at once when its socket closes, and each second until the next session has data', () => {
    const feed = harness()
    feed.open()
    feed.frame(aggTrade(1))
    const [first] = only(feed.outputs, 'heartbeat')
    const closing = [...feed.close(), ...feed.wait(3), ...feed.open(), ...feed.wait(1)]
    expect(states(closing)).toBe('DOWN,DOWN,DOWN,DOWN,DOWN')
    expect(only(closing, 'heartbeat').map(({ session }) => session)).toEqual(
      Array.from({ length: 5 }, () => first?.session),
    )
    const next = only(feed.frame(aggTrade(2, 4)), 'heartbeat')
    expect(next.map(({ payload }) => payload.state)).toEqual(['UP'])
    expect(next[0]?.session).not.toBe(first?.session)
  })

  test('starts without data when its socket has lived for five seconds', () => {
    const { open, wait, give, now } = harness({ adapter: kraken, instruments: [] })
    open()
    give({ kind: 'frame', time: now(), text: '{"channel":"heartbeat"}' })
    expect(only(wait(4), 'gap')).toEqual([])
    give({ kind: 'frame', time: now(), text: '{"channel":"heartbeat"}' })
    expect(only(wait(1), 'gap').map(({ payload }) => payload.reason)).toEqual(['START', 'START', 'START'])
  })

  test('writes a STALL gap to every partition when our event loop stood still', () => {
    const { open, frame, give, pass, now } = harness()
    open()
    frame(aggTrade(1))
    pass(0.4)
    const out = give({ kind: 'stalled', time: now(), from: micros(now() - 400_000) })
    expect(gapsOf(out, 'STALL')).toEqual([['', 0, 0.4]])
    expect(ticksOf(out).map(({ partitions }) => partitions)).toEqual([[0, 1, 2]])
  })
})

describe('a symbol', () => {
  test('has a DISCONNECT gap before its first record on a new session, from its last trade', () => {
    const feed = harness({ partitions: 1 })
    feed.open()
    feed.frame(aggTrade(1, 0))
    feed.wait(3)
    feed.frame(bookTicker(1))
    feed.close()
    feed.wait(5)
    feed.open()
    const out = feed.frame(aggTrade(2, 8))
    expect(only(out, 'gap').map(({ payload }) => payload.reason)).toEqual(['START', 'DISCONNECT'])
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['BTC-USDT', 0, 8]])
    expect(gapsOf(feed.frame(aggTrade(3, 8)), 'DISCONNECT')).toEqual([])
    expect(gapsOf(feed.frame(aggTrade(5, 8, 'ETHUSDT')), 'DISCONNECT')).toEqual([['ETH-USDT', 8, 8]])
  })

  test('has a gap that lasts until its first record is received, though that is older', () => {
    const feed = harness({ partitions: 1 })
    feed.open()
    feed.frame(aggTrade(1, -3))
    feed.close()
    feed.wait(4)
    feed.open()
    expect(gapsOf(feed.frame(aggTrade(5, 1)), 'DISCONNECT')).toEqual([['BTC-USDT', -3, 4]])
  })
})
