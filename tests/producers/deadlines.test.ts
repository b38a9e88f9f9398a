import { describe, expect, test } from 'vitest'
import { staleMarkets } from '../../producers/feed-state.ts'
import { kraken } from '../../producers/kraken.ts'
import { BTC, aggTrade, bookTicker, eventsOf, gapsOf, harness, only, sentOf } from './harness.ts'

const kinds = (out: ReturnType<ReturnType<typeof harness>['wait']>): readonly string[] => out.map(({ kind }) => kind)
const reasons = ({ state }: ReturnType<typeof harness>) => Object.fromEntries(state.counts.reconnects)

/** Lets time pass on a socket whose peer answers our pings and, if told, sends data of a symbol each second. */
function live(feed: ReturnType<typeof harness>, seconds: number, symbol?: string) {
  return Array.from({ length: seconds }, (_, index) => {
    feed.give({ kind: 'pong', time: feed.now() })
    const data =
      symbol === undefined ? [] : feed.frame(bookTicker(feed.now() + index, '91234.49000000', '91234.50000000', symbol))
    return [...data, ...feed.wait(1)]
  }).flat()
}

describe('a silent socket', () => {
  test('is terminated after the exchange’s silence, and tried again', () => {
    const feed = harness()
    feed.open()
    feed.frame(aggTrade(1))
    expect(kinds(feed.wait(45))).not.toContain('terminate')
    const out = feed.wait(0.2)
    expect(kinds(out)).toContain('terminate')
    expect(eventsOf(out)).toMatchObject([{ event: 'DISCONNECTED', details: { reason: 'silent' } }])
    expect(kinds(feed.wait(1))).toContain('connect')
  })

  test('is not silent while it answers pings', () => {
    const feed = harness({ instruments: [] })
    feed.open()
    expect(kinds(live(feed, 200))).not.toContain('terminate')
  })

  test('of an exchange with heartbeats is terminated after five seconds', () => {
    const feed = harness({ adapter: kraken, instruments: [] })
    feed.open()
    feed.frame('{"channel":"heartbeat"}')
    expect(kinds(feed.wait(5))).not.toContain('terminate')
    expect(kinds(feed.wait(0.2))).toContain('terminate')
  })
})

describe('a symbol without data on a living socket', () => {
  test('is subscribed again after a minute, then the socket is given up, then an alarm is raised', () => {
    const feed = harness()
    feed.open()
    expect(sentOf(live(feed, 60, 'BTCUSDT'))).toEqual([])
    expect(sentOf(live(feed, 2, 'BTCUSDT')).map((frame) => JSON.parse(frame))).toMatchObject([
      { method: 'UNSUBSCRIBE', params: ['ethusdt@aggTrade', 'ethusdt@bookTicker'] },
      { method: 'SUBSCRIBE', params: ['ethusdt@aggTrade', 'ethusdt@bookTicker'] },
    ])
    feed.frame('{"result":null,"id":"ETHUSDT"}')
    expect(kinds(live(feed, 55, 'BTCUSDT'))).not.toContain('terminate')
    expect(kinds(live(feed, 6, 'BTCUSDT'))).toContain('terminate')
    expect(reasons(feed)).toEqual({ stale: 1 })
    feed.open()
    const alarm = live(feed, 70, 'BTCUSDT')
    expect(eventsOf(alarm)).toMatchObject([{ event: 'FAULT', symbol: 'ETH-USDT' }])
    expect(kinds(live(feed, 600, 'BTCUSDT'))).not.toContain('terminate')
  })

  test('has its quote withdrawn when it is subscribed again, and a DISCONNECT gap before its next record', () => {
    const feed = harness()
    feed.open()
    feed.frame(aggTrade(7, 0, 'ETHUSDT'))
    feed.frame(bookTicker(1, '1', '2', 'ETHUSDT'))
    const silent = live(feed, 62, 'BTCUSDT')
    expect(sentOf(silent)).toHaveLength(2)
    expect(gapsOf(silent, 'WITHDRAWN').map(([symbol]) => symbol)).toEqual(['ETH-USDT'])
    const out = feed.frame(bookTicker(1, '1', '2', 'ETHUSDT'))
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['ETH-USDT', 0, 62]])
    expect(only(out, 'quote')).toHaveLength(1)
    expect(gapsOf(feed.frame(bookTicker(2, '1', '2', 'ETHUSDT')), 'DISCONNECT')).toEqual([])
    // What came back with the subscription went on behind a loss.
    expect(gapsOf(feed.frame(aggTrade(9, 62, 'ETHUSDT')), 'SEQUENCE')).toHaveLength(1)
  })

  test('has nothing withdrawn that does not stand', () => {
    const feed = harness()
    feed.open()
    expect(gapsOf(live(feed, 62, 'BTCUSDT'), 'WITHDRAWN')).toEqual([])
  })

  test('that delivers once it is subscribed again starts over', () => {
    const feed = harness()
    feed.open()
    live(feed, 62, 'BTCUSDT')
    expect(staleMarkets(feed.state)).toBe(1)
    feed.frame(bookTicker(1, '1', '2', 'ETHUSDT'))
    expect(staleMarkets(feed.state)).toBe(0)
    expect(kinds(live(feed, 200, 'BTCUSDT'))).not.toContain('terminate')
  })

  test('that is often silent for long is not stale before twenty of its long silences', () => {
    const feed = harness()
    feed.open()
    for (let i = 0; i < 5; i++) {
      feed.frame(bookTicker(i + 1, '1', '2', 'ETHUSDT'))
      live(feed, 40, 'BTCUSDT')
    }
    feed.frame(bookTicker(9, '1', '2', 'ETHUSDT'))
    expect(sentOf(live(feed, 700, 'BTCUSDT'))).toEqual([])
    expect(sentOf(live(feed, 120, 'BTCUSDT'))).toHaveLength(2)
  })

  test('but with quotes is quiet only: nothing is done about trades that do not come', () => {
    const feed = harness({ instruments: [BTC] })
    feed.open()
    const out = live(feed, 300, 'BTCUSDT')
    expect(sentOf(out)).toEqual([])
    expect(reasons(feed)).toEqual({})
  })
})

describe('subscriptions', () => {
  const instruments = [
    { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' },
    { symbol: 'ETH-USD', nativeSymbol: 'ETH/USD' },
  ]
  const ack = (channel: string, symbol: string) => ({ method: 'subscribe', success: true, result: { channel, symbol } })
  const opened = () => {
    const feed = harness({ adapter: kraken, instruments })
    return { feed, out: feed.open() }
  }

  test('are sent one by one, paced', () => {
    const { feed, out } = opened()
    expect(sentOf(out)).toHaveLength(1)
    expect(sentOf(feed.wait(0.1))).toHaveLength(0)
    expect(sentOf(feed.wait(0.1))).toHaveLength(1)
  })

  test('without an answer in ten seconds are faults that name the symbol; the others go on', () => {
    const { feed } = opened()
    feed.frame(ack('trade', 'BTC/USD'))
    feed.frame(ack('ticker', 'BTC/USD'))
    feed.frame(ack('trade', 'ETH/USD'))
    const out = Array.from({ length: 11 }, () => {
      feed.frame('{"channel":"heartbeat"}')
      return feed.wait(1)
    }).flat()
    expect(eventsOf(out)).toMatchObject([
      { event: 'FAULT', symbol: 'ETH-USD', message: 'no acknowledgement of ticker ETH/USD in 10 s' },
    ])
    expect(feed.state.counts.subscriptionFaults).toBe(1)
    expect(feed.state.phase).toBe('open')
  })

  test('that are refused are faults that name the symbol, and are awaited no more', () => {
    const { feed } = opened()
    const out = feed.frame({
      method: 'subscribe',
      success: false,
      error: 'Currency pair not supported ETH/USD',
      symbol: 'ETH/USD',
    })
    expect(eventsOf(out)).toMatchObject([{ event: 'FAULT', symbol: 'ETH-USD' }])
    expect([...feed.state.awaiting.keys()]).toEqual(['trade BTC/USD', 'ticker BTC/USD'])
  })

  test('are kept alive by the exchange’s own ping', () => {
    const feed = harness({ adapter: kraken, instruments: [] })
    feed.open()
    const out = Array.from({ length: 31 }, () => {
      feed.frame('{"channel":"heartbeat"}')
      return feed.wait(1)
    }).flat()
    expect(sentOf(out).filter((frame) => frame === '{"method":"ping"}')).toHaveLength(2)
  })
})

describe('connecting', () => {
  const pause = (feed: ReturnType<typeof harness>, random: number): number => {
    feed.close('closed', random)
    const before = feed.now()
    while (feed.wait(0.1, random).every(({ kind }) => kind !== 'connect'));
    return (feed.now() - before) / 1e6
  }

  test('backs off by full jitter, doubling to thirty seconds, and never gives up', () => {
    const feed = harness()
    feed.open()
    const pauses = Array.from({ length: 40 }, () => Math.round(pause(feed, 0.999)))
    expect(pauses.slice(0, 8)).toEqual([1, 1, 2, 4, 8, 16, 30, 30].map((s, i) => (i === 0 ? Math.round(0.5) : s)))
    expect(pauses.slice(8).every((s) => s === 30)).toBe(true)
  })

  test('starts the back-off anew only after thirty seconds of good data', () => {
    const feed = harness({ instruments: [BTC] })
    feed.open()
    for (let i = 0; i < 6; i++) pause(feed, 0.999)
    feed.open()
    live(feed, 20, 'BTCUSDT')
    expect(feed.state.attempts).toBe(6)
    live(feed, 15, 'BTCUSDT')
    expect(feed.state.attempts).toBe(0)
  })

  test('waits as long as an exchange asks that refused us for asking too much, else at least a minute', () => {
    const named = harness()
    named.wait(0.1)
    named.give({
      kind: 'closed',
      time: named.now(),
      reason: 'refused',
      detail: '',
      random: 0,
      status: 429,
      retryAfterMs: 7000,
    })
    expect(kinds(named.wait(6.9))).not.toContain('connect')
    expect(kinds(named.wait(0.2))).toContain('connect')
    const unnamed = harness()
    unnamed.wait(0.1)
    unnamed.give({ kind: 'closed', time: unnamed.now(), reason: 'refused', detail: '', random: 0, status: 418 })
    expect(kinds(unnamed.wait(59.9))).not.toContain('connect')
    expect(kinds(unnamed.wait(0.2))).toContain('connect')
  })

  test('keeps below the documented number of attempts', () => {
    const adapter = { ...kraken, limits: { ...kraken.limits, paceMs: 0, connects: { count: 10, perMs: 60_000 } } }
    const feed = harness({ adapter })
    const attempts = Array.from({ length: 30 }, () => {
      const out = feed.wait(1, 0)
      if (kinds(out).includes('connect')) feed.close('refused', 0)
      return out
    }).flat()
    expect(kinds(attempts).filter((kind) => kind === 'connect')).toHaveLength(8)
  })

  test('does not wait for ever for a handshake', () => {
    const feed = harness()
    feed.wait(0.1)
    expect(feed.state.phase).toBe('connecting')
    expect(kinds(feed.wait(15.2))).toContain('terminate')
    expect(reasons(feed)).toEqual({ timeout: 1 })
  })

  test('ends for good when the producer stops, with a last DOWN', () => {
    const feed = harness()
    feed.open()
    feed.frame(aggTrade(1))
    expect(only(feed.close('stopped'), 'heartbeat').map(({ payload }) => payload.state)).toEqual(['DOWN'])
    expect(kinds(feed.wait(100))).not.toContain('connect')
  })
})
