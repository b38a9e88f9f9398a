import { describe, expect, test } from 'vitest'
import { binance } from '../../producers/binance.ts'
import type { FeedOutput } from '../../producers/feed-state.ts'
import { kraken } from '../../producers/kraken.ts'
import { BTC, aggTrade, bookTicker, eventsOf, gapsOf, harness, only, sentOf, ticksOf } from './harness.ts'

const HOUR = 3600
const kinds = (out: readonly FeedOutput[]): readonly string[] => out.map(({ kind }) => kind)
const reasons = ({ state }: ReturnType<typeof harness>) => Object.fromEntries(state.counts.reconnects)
const shutdown = { e: 'serverShutdown', E: 1 }

/** A feed with a trade and a quote of BTC whose next socket is open. */
function overlapping(change: Parameters<typeof harness>[0] = {}) {
  const feed = harness({ instruments: [BTC], partitions: 1, ...change })
  feed.open()
  feed.frame(aggTrade(1))
  feed.frame(bookTicker(1))
  feed.frame(shutdown)
  feed.wait(0.1)
  feed.next.open()
  return feed
}

/** Lets both sockets live. */
function live(feed: ReturnType<typeof harness>, seconds: number): readonly FeedOutput[] {
  return Array.from({ length: Math.round(seconds) }, () => {
    feed.give({ kind: 'pong', time: feed.now() })
    const { next } = feed.state
    if (next !== undefined) feed.give({ kind: 'pong', time: feed.now(), socket: next.socket })
    return feed.wait(1)
  }).flat()
}

describe('the next socket', () => {
  const before = (random: number) => {
    const feed = harness({ instruments: [] })
    feed.open()
    feed.wait(0.1, random)
    const at = (hours: number) => {
      feed.pass(feed.state.current === undefined ? 0 : hours * HOUR - (feed.now() - feed.state.current.openedAt) / 1e6)
      feed.give({ kind: 'pong', time: feed.now() })
      return kinds(feed.wait(0.1, random))
    }
    return at
  }

  test('is opened an hour and up to twenty minutes before the connection’s life ends', () => {
    const latest = before(0)
    expect(latest(22.99)).not.toContain('connect')
    expect(latest(23)).toContain('connect')
    const earliest = before(0.9999)
    expect(earliest(22.66)).not.toContain('connect')
    expect(earliest(22.67)).toContain('connect')
  })

  test('is not opened where the exchange has no such rule', () => {
    const feed = harness({ adapter: kraken, instruments: [] })
    feed.open()
    feed.pass(1000 * HOUR)
    feed.give({ kind: 'pong', time: feed.now() })
    expect(kinds(feed.wait(1))).not.toContain('connect')
  })

  test('is opened at once when the exchange announces that it shuts down; the present one lives on', () => {
    const feed = harness({ instruments: [BTC] })
    feed.open()
    expect(kinds(feed.frame(shutdown))).not.toContain('terminate')
    expect(kinds(feed.wait(0.1))).toContain('connect')
    expect(only(feed.frame(aggTrade(1)), 'trade')).toHaveLength(1)
  })

  test('is not opened in a recording', () => {
    const feed = harness({ instruments: [BTC], feed: 'RECORDED' })
    feed.open()
    feed.frame(shutdown)
    expect(kinds(feed.wait(1))).not.toContain('connect')
  })

  test('subscribes on its own, is pinged and awaited on its own', () => {
    const feed = harness({ adapter: kraken, instruments: [{ symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }] })
    feed.open()
    feed.state.rotateAt = feed.now()
    feed.wait(0.3)
    const out = [...feed.next.open(), ...feed.wait(0.3)]
    expect(sentOf(out)).toHaveLength(2)
    const sockets = new Set(out.flatMap((one) => (one.kind === 'send' ? [one.socket] : [])))
    expect([...sockets]).toEqual([feed.state.next?.socket])
    expect(feed.state.next?.awaiting.size).toBe(2)
    const ack = { method: 'subscribe', success: true, result: { channel: 'trade', symbol: 'BTC/USD' } }
    const { size } = feed.state.awaiting
    feed.next.frame(ack)
    expect([feed.state.next?.awaiting.size, feed.state.awaiting.size]).toEqual([1, size])
  })

  test('puts nothing out before it takes over, which it does with the first trade that both delivered', () => {
    const feed = overlapping()
    expect(ticksOf(feed.next.frame(bookTicker(2)))).toEqual([])
    expect(ticksOf(feed.next.frame(aggTrade(2)))).toEqual([])
    expect(kinds(live(feed, 1))).not.toContain('terminate')
    expect(only(feed.frame(aggTrade(2)), 'trade')).toHaveLength(1)
    feed.next.frame(aggTrade(3))
    const former = feed.state.socket
    const out = feed.wait(0.1)
    expect(out.filter(({ kind }) => kind === 'terminate')).toEqual([{ kind: 'terminate', socket: former }])
    const records = ticksOf(out).map(({ tick }) => {
      const { payload } = tick
      return payload.kind === 'gap' ? payload.reason : payload.kind === 'heartbeat' ? payload.state : payload.kind
    })
    expect(records).toEqual(['DOWN', 'START', 'UP', 'trade', 'quote'])
    expect(only(out, 'trade').map(({ payload }) => payload.id)).toEqual(['3'])
    expect(only(feed.frame(aggTrade(4)), 'trade')).toHaveLength(1)
    expect(feed.state.counts.gaps).toMatchObject({ START: 2, DISCONNECT: 1, SEQUENCE: 0 })
    expect(reasons(feed)).toEqual({ rotated: 1 })
  })

  test('has an empty START gap where nothing is missing', () => {
    const feed = overlapping()
    feed.next.frame(aggTrade(1))
    feed.next.frame(bookTicker(2))
    expect(gapsOf(feed.wait(0.1), 'START')).toEqual([['', 0.2, 0.2]])
  })

  test('has the usual START gap after a socket that never began', () => {
    const feed = harness({ instruments: [BTC], partitions: 1 })
    feed.open()
    feed.frame(aggTrade(1))
    feed.close()
    feed.wait(1)
    feed.open()
    feed.frame(shutdown)
    feed.wait(0.1)
    feed.next.open()
    feed.next.frame(aggTrade(1))
    feed.next.frame(bookTicker(2))
    const out = feed.wait(0.1)
    expect(gapsOf(out, 'START')).toEqual([['', -1, 1.2]])
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['BTC-USDT', 0, 1.2]])
  })

  test('confirms quotes by its own heartbeats alone, which begin with its START', () => {
    const feed = overlapping()
    feed.next.frame(aggTrade(1))
    feed.next.frame(bookTicker(2))
    const former = feed.state.current?.id
    const out = [...feed.wait(0.1), ...live(feed, 3)]
    const beats = only(out, 'heartbeat').map(({ session, payload }) => [session === former, payload.state])
    expect(beats).toEqual([[true, 'DOWN'], [false, 'UP'], ...Array.from({ length: 3 }, () => [false, 'UP'])])
  })

  test('takes over after thirty seconds though no trade comes, without a gap', () => {
    const feed = overlapping()
    feed.next.frame(bookTicker(2))
    expect(kinds(live(feed, 29))).not.toContain('terminate')
    const out = live(feed, 1)
    expect(kinds(out)).toContain('terminate')
    expect(only(out, 'quote')).toHaveLength(1)
    expect(gapsOf(feed.frame(aggTrade(2, 30)), 'DISCONNECT')).toEqual([])
  })

  test('takes over with a gap of a symbol that it had no trade of, though the present socket had', () => {
    const feed = overlapping()
    feed.next.frame(bookTicker(2))
    live(feed, 5)
    feed.frame(aggTrade(2, 5))
    live(feed, 25)
    expect(reasons(feed)).toEqual({ rotated: 1 })
    expect(gapsOf(feed.outputs, 'DISCONNECT').at(-1)).toEqual(['BTC-USDT', 5, 30.1])
  })

  test('that stays mute though the present one delivers is given up, and another is tried', () => {
    const feed = overlapping()
    feed.frame(bookTicker(2))
    const out = live(feed, 32)
    expect(reasons(feed)).toEqual({ stale: 1 })
    expect(kinds(out).filter((kind) => kind === 'connect')).toHaveLength(1)
    expect(only(feed.frame(aggTrade(2, 30)), 'trade')).toHaveLength(1)
    expect(feed.state.counts.gaps.DISCONNECT).toBe(1)
  })

  test('that fails is tried again with a back-off while the present one lives', () => {
    const feed = overlapping()
    feed.next.frame(aggTrade(2))
    const out = feed.next.close({ reason: 'refused' })
    expect(eventsOf(out)).toMatchObject([{ event: 'DISCONNECTED', details: { reason: 'refused' } }])
    expect(kinds(feed.wait(0.1))).not.toContain('connect')
    expect(kinds(feed.wait(0.5))).toContain('connect')
    feed.next.close({ reason: 'refused', status: 429 })
    expect(kinds(live(feed, 59))).not.toContain('connect')
    expect(feed.state.phase).toBe('open')
    expect(only(feed.frame(aggTrade(2)), 'trade')).toHaveLength(1)
    expect(feed.state.counts.entries).toMatchObject({ in: 4, out: 3, duplicate: 1 })
  })

  test('that announces a shutdown itself is given up', () => {
    const feed = overlapping()
    expect(kinds(feed.next.frame(shutdown))).toContain('terminate')
    expect(feed.state.phase).toBe('open')
  })

  test('takes over at once when the present one is lost: without a gap what both delivered, with one what they did not', () => {
    const eth = { symbol: 'ETH-USDT', nativeSymbol: 'ETHUSDT' }
    const feed = overlapping({ instruments: [BTC, eth], partitions: 1 })
    feed.frame(aggTrade(1, 0, 'ETHUSDT'))
    feed.next.frame(aggTrade(1))
    feed.next.frame(aggTrade(2))
    feed.next.frame(aggTrade(3, 0, 'ETHUSDT'))
    const out = feed.close()
    expect(only(out, 'gap').map(({ symbol, payload }) => [symbol, payload.reason])).toEqual([
      ['', 'START'],
      ['ETH-USDT', 'DISCONNECT'],
      ['ETH-USDT', 'SEQUENCE'],
    ])
    expect(only(out, 'trade').map(({ symbol, payload }) => `${symbol} ${payload.id}`)).toEqual([
      'BTC-USDT 2',
      'ETH-USDT 3',
    ])
    expect(feed.state.phase).toBe('open')
  })

  test('becomes the present one while it still connects, if that is lost', () => {
    const feed = harness({ instruments: [BTC] })
    feed.open()
    feed.frame(aggTrade(1))
    feed.frame(shutdown)
    feed.wait(0.1)
    feed.close()
    expect(feed.state.phase).toBe('connecting')
    feed.wait(1)
    expect(kinds(feed.open())).not.toContain('connect')
    expect(gapsOf(feed.frame(aggTrade(2, 1)), 'DISCONNECT')).toHaveLength(1)
  })

  test('takes over before it holds too much', () => {
    const feed = overlapping()
    for (let a = 2; a < 10_002; a++) feed.next.frame(aggTrade(a))
    const out = feed.wait(0.1)
    expect(only(out, 'trade')).toHaveLength(10_000)
    expect(gapsOf(out, 'DISCONNECT')).toHaveLength(1)
  })

  test('keeps only the newest of many quotes', () => {
    const feed = overlapping()
    for (let u = 2; u < 100; u++) feed.next.frame(bookTicker(u, String(u), String(u + 1)))
    feed.next.frame(aggTrade(1))
    expect(only(feed.wait(0.1), 'quote').map(({ payload }) => payload.bid)).toEqual([99])
  })

  test('holds nothing that cannot be trusted: it is a fault with its letter at once', () => {
    const feed = overlapping()
    const letters = feed.next.frame(aggTrade(2, -700)).filter(({ kind }) => kind === 'letter')
    expect(letters).toMatchObject([{ letter: { error: 'eventTime: more than 10 minutes off' } }])
    feed.give({ kind: 'quarantine', time: feed.now(), nativeSymbol: 'BTCUSDT', isQuarantined: true })
    const quarantined = feed.next.frame(aggTrade(2)).filter(({ kind }) => kind === 'letter')
    expect(quarantined).toMatchObject([{ letter: { error: 'price: quarantined' } }])
    expect(feed.state.next?.held).toBe(0)
    expect(feed.state.counts.entries).toMatchObject({ in: 4, out: 2, fault: 2 })
  })

  test('that takes over leaves the count of failed attempts as it was: a rotation is no failure', () => {
    const feed = overlapping()
    expect(feed.state.attempts).toBe(0)
    feed.next.frame(aggTrade(1))
    feed.next.frame(bookTicker(2))
    feed.wait(0.1)
    expect(reasons(feed)).toEqual({ rotated: 1 })
    // The first wait after a good life is of at most half a second.
    feed.close('closed', 0.999)
    expect(kinds(feed.wait(0.6, 0.999))).toContain('connect')
  })

  test('that takes over gives each symbol the time to begin on it, as any socket does', () => {
    const eth = { symbol: 'ETH-USDT', nativeSymbol: 'ETHUSDT' }
    const feed = overlapping({ instruments: [BTC, eth], partitions: 1 })
    // ETH has been mute for fifty seconds when its socket changes.
    live(feed, 20)
    feed.next.close()
    live(feed, 1)
    feed.next.open()
    feed.next.frame(bookTicker(2))
    for (let second = 0; second < 30; second++) {
      feed.frame(bookTicker(10 + second, '1', String(2 + second)))
      live(feed, 1)
    }
    expect(reasons(feed)).toMatchObject({ rotated: 1 })
    const after = Array.from({ length: 50 }, (_, second) => [
      ...feed.frame(bookTicker(100 + second, '1', String(2 + second))),
      ...live(feed, 1),
    ]).flat()
    expect(sentOf(after)).toEqual([])
    expect(kinds(after)).not.toContain('terminate')
  })

  test('that has a trade which the present one never delivers takes over after thirty seconds with a gap', () => {
    const feed = overlapping()
    feed.next.frame(bookTicker(2))
    live(feed, 3)
    feed.next.frame(aggTrade(3, 3.1))
    live(feed, 28)
    expect(reasons(feed)).toEqual({ rotated: 1 })
    expect(gapsOf(feed.outputs, 'DISCONNECT').at(-1)?.slice(0, 2)).toEqual(['BTC-USDT', 0])
    expect(gapsOf(feed.outputs, 'DISCONNECT')).toHaveLength(2)
  })

  test('is opened anew when the symbols change meanwhile', () => {
    const feed = overlapping()
    const instruments = [BTC, { symbol: 'ETH-USDT', nativeSymbol: 'ETHUSDT' }]
    expect(kinds(feed.give({ kind: 'follow', time: feed.now(), instruments, conversions: new Set() }))).toContain(
      'terminate',
    )
    const again = feed.wait(0.2).find(({ kind }) => kind === 'connect')
    expect(again).toMatchObject({ url: expect.stringContaining('ethusdt') })
  })

  test('ends with the present one when the producer stops', () => {
    const feed = overlapping()
    expect(kinds(feed.close('stopped'))).toContain('terminate')
    expect(kinds(feed.wait(100))).not.toContain('connect')
  })

  test('of a socket that was terminated nothing is heard', () => {
    const feed = overlapping()
    feed.next.frame(aggTrade(1))
    feed.next.frame(bookTicker(2))
    const former = feed.state.socket
    feed.wait(0.1)
    const text = JSON.stringify(aggTrade(9))
    expect(feed.give({ kind: 'frame', time: feed.now(), text, socket: former })).toEqual([])
  })

  test('frames missing on it show that it is not complete, whatever it delivered before', () => {
    const frames = { ...binance, decode: numbered }
    const feed = overlapping({ adapter: frames })
    feed.next.frame({ n: 1, ...aggTrade(1) })
    feed.next.frame({ n: 3, ...bookTicker(2) })
    expect(kinds(feed.wait(0.1))).not.toContain('terminate')
    feed.next.frame({ n: 4, ...aggTrade(1) })
    expect(kinds(feed.wait(0.1))).toContain('terminate')
  })
})

/** Binance, with frames numbered by `n`. */
const numbered: typeof binance.decode = (frame, time) => {
  const isNumbered = typeof frame === 'object' && frame !== null && 'n' in frame && typeof frame.n === 'number'
  const frameSequence = isNumbered ? Number(frame.n) : undefined
  return { ...binance.decode(frame, time), frameSequence }
}
