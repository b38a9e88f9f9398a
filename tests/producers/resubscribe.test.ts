import { describe, expect, test } from 'vitest'
import { micros, toIso } from '../../core/time.ts'
import { gate } from '../../producers/gate.ts'
import { kraken } from '../../producers/kraken.ts'
import { MOMENT } from '../support/ticks.ts'
import { eventsOf, gapsOf, harness, only, seconds, sentOf } from './harness.ts'

const instruments = [
  { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' },
  { symbol: 'ETH-USD', nativeSymbol: 'ETH/USD' },
]
const ack = (channel: string, symbol: string) => ({ method: 'subscribe', success: true, result: { channel, symbol } })
const refusal = (method: string, symbol: string) => ({ method, success: false, error: 'no', symbol })
const trade = (trade_id: number, at: number, symbol = 'ETH/USD') => ({
  channel: 'trade',
  type: 'update',
  data: [{ symbol, side: 'buy', price: 100.5, qty: 1, trade_id, timestamp: toIso(micros(MOMENT + at * 1e6)) }],
})
let bid = 0
const ticker = (symbol: string) => ({
  channel: 'ticker',
  type: 'update',
  data: [{ symbol, bid: ++bid, bid_qty: 1, ask: 1_000_000, ask_qty: 1 }],
})

/** Kraken's socket, all acknowledged but the trades of ETH-USD. */
function start() {
  const feed = harness({ adapter: kraken, instruments, partitions: 1 })
  feed.open()
  for (const [channel, symbol] of [
    ['trade', 'BTC/USD'],
    ['ticker', 'BTC/USD'],
    ['ticker', 'ETH/USD'],
  ] as const)
    feed.frame(ack(channel, symbol))
  feed.frame(ticker('BTC/USD'))
  feed.frame(ticker('ETH/USD'))
  /** Seconds with quotes of both symbols, so that neither is stale. */
  const quoted = (count: number) =>
    Array.from({ length: count }, () => [
      ...feed.frame(ticker('BTC/USD')),
      ...feed.frame(ticker('ETH/USD')),
      ...feed.wait(1),
    ]).flat()
  const asked = (out: Parameters<typeof sentOf>[0]) =>
    sentOf(out)
      .map((frame) => JSON.parse(frame))
      .filter(({ method }) => method === 'subscribe' || method === 'unsubscribe')
      .map(({ method, params }) => `${method} ${params.channel} ${params.symbol}`)
  const acknowledge = () => [...feed.frame(ack('trade', 'ETH/USD')), ...feed.frame(ack('ticker', 'ETH/USD'))]
  return { ...feed, quoted, asked, acknowledge }
}
const AGAIN = [
  'unsubscribe trade ETH/USD',
  'unsubscribe ticker ETH/USD',
  'subscribe trade ETH/USD',
  'subscribe ticker ETH/USD',
]

describe('a subscription that is never acknowledged though its symbol’s quotes come', () => {
  test('is asked for again, at first soon and then ever later, and each time a fault', () => {
    const { quoted, asked } = start()
    quoted(2)
    const waits: number[] = []
    let passed = 0
    for (let second = 0; second < 2000 && waits.length < 8; second++, passed++) {
      const out = quoted(1)
      if (!asked(out).includes('unsubscribe trade ETH/USD')) continue
      waits.push(passed)
      passed = 0
    }
    const [, ...later] = waits
    // Ten seconds and the pacing until the fault, then 20, 40, 80 s and so on, ten minutes at most.
    expect(later.map((wait) => Math.round(wait / 10) * 10)).toEqual([30, 50, 90, 170, 330, 610, 610])
  })

  test('is asked for with the same frames as before, of no other symbol', () => {
    const { quoted, asked, outputs } = start()
    const before = outputs.length
    quoted(26)
    expect(asked(outputs.slice(before)).slice(-4)).toEqual(AGAIN)
    expect(eventsOf(outputs).filter(({ event }) => event === 'FAULT')).toMatchObject([
      { symbol: 'ETH-USD', message: 'no acknowledgement of trade ETH/USD in 10 s' },
    ])
  })

  test('has its loss on record from its session’s first data until its trades come, without a hole', () => {
    const { quoted, acknowledge, frame, outputs, wait, now } = start()
    quoted(22)
    acknowledge()
    const came = seconds(now())
    frame(trade(7, came))
    const covered = gapsOf(outputs, 'DISCONNECT').filter(([symbol]) => symbol === 'ETH-USD')
    let until = 0
    for (const [, from, to] of covered) {
      expect(from).toBeLessThanOrEqual(until)
      until = Math.max(until, to)
    }
    expect(until).toBe(came)
    expect(covered.length).toBeLessThan(6)
    wait(1)
    expect(gapsOf(frame(trade(8, came + 1)), 'DISCONNECT')).toEqual([])
  })

  test('has the loss until then on record before it is asked for again, whatever becomes of the process', () => {
    const { quoted } = start()
    const out = quoted(12)
    const gaps = gapsOf(out, 'DISCONNECT')
    expect(gaps.map(([symbol, from]) => [symbol, from])).toEqual([['ETH-USD', 0]])
    expect(gaps[0]?.[2]).toBeGreaterThanOrEqual(10)
  })

  test('that is acknowledged at last is asked for no more, and the symbol’s quotes stand again', () => {
    const { quoted, acknowledge, asked, frame, state } = start()
    quoted(22)
    acknowledge()
    expect(only(frame(ticker('ETH/USD')), 'quote')).toHaveLength(1)
    expect(asked(quoted(100))).toEqual([])
    expect(state.refused.size).toBe(0)
  })

  test('but delivers trades and quotes is in force, and not asked for again', () => {
    const { quoted, frame, now, asked, state } = start()
    quoted(12)
    frame(trade(7, seconds(now())))
    expect(asked(quoted(100))).toEqual([])
    expect(state.refused.size).toBe(0)
  })

  test('and is asked for again because it is stale is not asked for once more when that is acknowledged', () => {
    const { frame, wait, asked, acknowledge } = start()
    const one = (count: number) => Array.from({ length: count }, () => [...frame(ticker('BTC/USD')), ...wait(1)]).flat()
    acknowledge()
    one(56)
    frame(refusal('subscribe', 'ETH/USD'))
    // After a minute without data, and before the ten seconds until the next attempt.
    expect(asked(one(7))).toEqual(AGAIN)
    acknowledge()
    frame(ticker('ETH/USD'))
    const after = Array.from({ length: 100 }, () => [...frame(ticker('ETH/USD')), ...one(1)]).flat()
    expect(asked(after)).toEqual([])
  })

  test('but delivers has a gap until its first trade, and none with the next ones', () => {
    const { quoted, frame, now } = start()
    quoted(12)
    const at = seconds(now())
    expect(gapsOf(frame(trade(7, at)), 'DISCONNECT').map(([symbol, , to]) => [symbol, to])).toEqual([['ETH-USD', at]])
    expect(gapsOf(frame(trade(8, at)), 'DISCONNECT')).toEqual([])
  })
})

test('a recording, which cannot be asked again, has no gap for what it did not acknowledge', () => {
  const feed = harness({ adapter: kraken, instruments, partitions: 1, feed: 'RECORDED' })
  feed.open()
  feed.frame(ticker('BTC/USD'))
  const before = feed.outputs.length
  for (let second = 0; second < 40; second++) {
    feed.frame({ channel: 'heartbeat' })
    feed.wait(1)
  }
  const after = feed.outputs.slice(before)
  expect(eventsOf(after).filter(({ event }) => event === 'FAULT')).toHaveLength(4)
  expect(only(after, 'gap')).toEqual([])
  expect(feed.state.refused.size).toBe(0)
})

describe('a subscription that is refused beside a live ticker', () => {
  test('has its loss on record at once, and is asked for again', () => {
    const { frame, quoted, asked, outputs } = start()
    quoted(1)
    const out = frame(refusal('subscribe', 'ETH/USD'))
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['ETH-USD', 0, 1]])
    const before = outputs.length
    quoted(12)
    expect(asked(outputs.slice(before))).toEqual(AGAIN)
  })

  test('of both of its channels counts as one attempt', () => {
    const { frame, state } = start()
    frame(refusal('subscribe', 'ETH/USD'))
    frame(refusal('subscribe', 'ETH/USD'))
    expect(state.refused.get('ETH/USD')?.attempts).toBe(1)
  })

  test('is not asked for any more once nobody follows the symbol', () => {
    const { frame, give, now, quoted, asked } = start()
    frame(refusal('subscribe', 'ETH/USD'))
    give({ kind: 'follow', time: now(), instruments: instruments.slice(0, 1), conversions: new Set() })
    quoted(1)
    expect(asked(quoted(100))).toEqual([])
  })

  test('on the next socket is asked for again once that has taken over', () => {
    const { frame, give, next, quoted, asked, state, acknowledge, wait, close } = start()
    acknowledge()
    give({ kind: 'clock', time: micros(MOMENT), random: 0 })
    state.rotateAt = MOMENT
    wait(0.2)
    next.open()
    next.frame(ticker('BTC/USD'))
    next.frame(ticker('ETH/USD'))
    expect(gapsOf(next.frame(refusal('subscribe', 'ETH/USD')), 'DISCONNECT')).toEqual([])
    close()
    frame(ticker('BTC/USD'))
    const out = quoted(15)
    expect(asked(out)).toEqual(expect.arrayContaining(AGAIN))
  })

  test.each([
    [kraken, refusal('unsubscribe', 'ETH/USD')],
    [gate, { channel: 'spot.trades', event: 'unsubscribe', payload: ['ETH/USD'], error: { code: 2, message: 'no' } }],
  ])('is not the refusal to unsubscribe what was not subscribed', (adapter, answer) => {
    const feed = harness({ adapter, instruments, partitions: 1 })
    feed.open()
    feed.frame(answer)
    expect(feed.state.refused.size).toBe(0)
    expect(feed.state.awaiting.size).toBe(4)
  })
})
