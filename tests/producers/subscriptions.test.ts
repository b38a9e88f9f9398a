import { describe, expect, test } from 'vitest'
import { ADAPTERS } from '../../producers/adapters.ts'
import type { Instrument } from '../../producers/adapter.ts'
import {
  BTC,
  ETH,
  aggTrade,
  bookTicker,
  eventsOf,
  gapsOf,
  harness,
  lettersOf,
  only,
  sentOf,
  ticksOf,
} from './harness.ts'

const SOL: Instrument = { symbol: 'SOL-USDT', nativeSymbol: 'SOLUSDT' }
const none: ReadonlySet<string> = new Set()

const start = (instruments: readonly Instrument[] = [BTC, ETH]) => {
  const feed = harness({ instruments, partitions: 1 })
  feed.open()
  feed.frame(aggTrade(1))
  feed.frame(bookTicker(1))
  const follow = (wanted: readonly Instrument[], conversions = none) =>
    feed.give({ kind: 'follow', time: feed.now(), instruments: wanted, conversions })
  return { ...feed, follow }
}
const streams = (out: Parameters<typeof sentOf>[0]) =>
  sentOf(out).map((frame) => {
    const { method, params } = JSON.parse(frame)
    return `${method} ${params.join()}`
  })

describe('a symbol that is added while the socket lives', () => {
  test('is subscribed on it, and the session goes on', () => {
    const { follow, frame, wait, state } = start()
    const session = state.current?.id
    const out = [...follow([BTC, ETH, SOL]), ...wait(1)]
    expect(streams(out)).toEqual(['SUBSCRIBE solusdt@aggTrade,solusdt@bookTicker'])
    expect(eventsOf(out)).toEqual([])
    expect(ticksOf(frame(aggTrade(5, 1, 'SOLUSDT'))).map(({ tick }) => [tick.symbol, tick.session])).toEqual([
      ['SOL-USDT', session],
      ['SOL-USDT', session],
    ])
  })

  test('has a gap before its first record, from where the START gap ends', () => {
    const { follow, frame, wait } = start()
    wait(20)
    follow([BTC, ETH, SOL])
    wait(2)
    const out = frame(aggTrade(5, 22, 'SOLUSDT'))
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['SOL-USDT', 0, 22]])
    expect(ticksOf(out).map(({ tick }) => tick.payload.kind)).toEqual(['gap', 'trade'])
  })

  test('is a fault that names it when no acknowledgement comes in time', () => {
    const { follow, wait } = start()
    follow([BTC, ETH, SOL])
    expect(eventsOf(wait(12))).toMatchObject([{ event: 'FAULT', symbol: 'SOL-USDT' }])
  })

  test('is asked for when the socket opens that was under way without it', () => {
    const feed = harness({ partitions: 1 })
    feed.give({ kind: 'clock', time: feed.now(), random: 0 })
    feed.give({ kind: 'follow', time: feed.now(), instruments: [BTC, SOL], conversions: none })
    const out = [...feed.give({ kind: 'opened', time: feed.now(), session: feed.now() }), ...feed.wait(1)]
    expect(streams(out)).toEqual([
      'UNSUBSCRIBE ethusdt@aggTrade,ethusdt@bookTicker',
      'SUBSCRIBE solusdt@aggTrade,solusdt@bookTicker',
    ])
  })

  test('stands in the address of the next socket', () => {
    const { follow, close, wait } = start()
    follow([BTC, SOL])
    close()
    const connect = wait(2).find(({ kind }) => kind === 'connect')
    expect(connect).toMatchObject({ url: expect.stringMatching(/streams=btcusdt@aggTrade.*solusdt@bookTicker/) })
    expect(connect).toMatchObject({ url: expect.not.stringMatching(/ethusdt/) })
  })
})

describe('a symbol that is removed while the socket lives', () => {
  test('is unsubscribed, and its quote withdrawn; the others keep theirs', () => {
    const { follow, wait, frame } = start()
    frame(bookTicker(1, '2', '3', 'ETHUSDT'))
    const out = [...follow([ETH]), ...wait(1)]
    expect(streams(out)).toEqual(['UNSUBSCRIBE btcusdt@aggTrade,btcusdt@bookTicker'])
    expect(gapsOf(out, 'WITHDRAWN').map(([symbol]) => symbol)).toEqual(['BTC-USDT'])
    expect(frame(bookTicker(1, '2', '3', 'ETHUSDT')).filter(({ kind }) => kind === 'tick')).toEqual([])
  })

  test('may still be sent for a minute, which is counted and no fault', () => {
    const { follow, frame, wait, state } = start()
    follow([ETH])
    expect(frame(aggTrade(2))).toEqual([])
    expect(state.counts.entries.ignored).toBe(1)
    for (let i = 0; i < 61; i++) {
      wait(1)
      frame(aggTrade(i, 0, 'ETHUSDT'))
    }
    expect(lettersOf(frame(aggTrade(3)))).toMatchObject([{ error: 'symbol: not subscribed' }])
  })

  test('has nothing to withdraw when the log shows no quote of it', () => {
    const { follow } = start()
    expect(gapsOf(follow([BTC]), 'WITHDRAWN')).toEqual([])
  })

  test('and added again remembers its trades, and has a gap from the last of them', () => {
    const { follow, frame, wait, state } = start()
    wait(5)
    frame(aggTrade(2, 5))
    follow([ETH])
    wait(25)
    follow([BTC, ETH])
    expect(frame(aggTrade(1))).toEqual([])
    expect(state.counts.entries.duplicate).toBe(1)
    const out = frame(aggTrade(9, 30))
    expect(gapsOf(out, 'DISCONNECT')).toEqual([['BTC-USDT', 5, 30]])
    expect(only(out, 'trade').map(({ payload }) => payload.id)).toEqual(['9'])
  })

  test('becomes a conversion symbol by leaving and coming again', () => {
    const { follow, frame } = start()
    const out = follow([BTC, ETH], new Set(['BTC-USDT']))
    expect(gapsOf(out, 'WITHDRAWN')).toHaveLength(1)
    expect(only(frame(bookTicker(2)), 'rate')).toHaveLength(1)
  })
})

test('what is followed already changes nothing', () => {
  const { follow } = start()
  expect(follow([ETH, BTC])).toEqual([])
})

describe.each(Object.values(ADAPTERS))('the frames of $exchange', (adapter) => {
  test('that subscribe and unsubscribe name the symbol and nothing else', () => {
    const { frames, awaits } = adapter.subscribe(['AAA/BBB'])
    expect(frames.length).toBeGreaterThan(0)
    for (const frame of [...frames, ...adapter.unsubscribe(['AAA/BBB'])])
      expect(frame.toUpperCase()).toContain('AAA/BBB')
    expect(new Set(awaits.map(({ nativeSymbol }) => nativeSymbol))).toEqual(new Set(['AAA/BBB']))
  })
})
