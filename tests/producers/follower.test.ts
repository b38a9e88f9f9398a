import { describe, expect, test } from 'vitest'
import type { Instrument } from '../../producers/adapter.ts'
import { follower, type Reach } from '../../producers/follower.ts'
import type { Fleet } from '../../producers/sources.ts'
import { MOMENT } from '../support/ticks.ts'
import { BTC, ETH, aggTrade, bookTicker } from './harness.ts'
import { world } from './world.ts'

const SOL: Instrument = { symbol: 'SOL-USDT', nativeSymbol: 'SOLUSDT' }
const none: ReadonlySet<string> = new Set()

const fleetOf = (around = world()): Fleet & { readonly around: ReturnType<typeof world> } => ({
  world: around.effects,
  shared: { feed: 'LIVE', partitions: 2, inverses: new Set(), conversions: new Set() },
  feeds: [],
  clocked: new Set(),
  waiting: new Map(),
  around,
})
const reach = (listed: readonly Instrument[] | undefined): Reach => ({
  address: (url) => url.replace('wss://stream.binance.com:9443', 'ws://127.0.0.1:1/binance'),
  lastTrades: [],
  list: () => Promise.resolve(listed),
})
/** A follower of Binance whose first socket is open and has data. */
const running = async (listed = [BTC, ETH, SOL]) => {
  const fleet = fleetOf()
  const { around } = fleet
  const binance = follower(fleet, 'binance', reach(listed))
  await binance.want(['BTC-USDT', 'ETH-USDT'], none)
  const turn = (): void => {
    for (const feed of fleet.clocked) feed.input({ kind: 'clock', time: around.clock.time, random: 0 })
  }
  turn()
  around.sockets[0]?.events.opened()
  for (const one of [aggTrade(1), bookTicker(1)]) around.sockets[0]?.events.frame(JSON.stringify(one))
  return { ...fleet, binance, turn }
}

describe('following an exchange', () => {
  test('starts with the instruments it lists; of the others each is a fault that names the symbol', async () => {
    const fleet = fleetOf()
    await follower(fleet, 'binance', reach([BTC])).want(['BTC-USDT', 'XYZ-USDT'], none)
    expect(fleet.around.events).toMatchObject([{ event: 'FAULT', symbol: 'XYZ-USDT' }])
    expect(fleet.waiting.size).toBe(0)
    for (const feed of fleet.clocked) feed.input({ kind: 'clock', time: MOMENT, random: 0 })
    expect(fleet.around.sockets[0]?.url).toMatch(/^ws:\/\/127\.0\.0\.1:1\/binance\/stream\?streams=btcusdt@aggTrade/)
  })

  test('refuses to start when a symbol stands for two instruments', async () => {
    const twice = [BTC, { ...BTC, nativeSymbol: 'BTCUSDT2' }]
    await expect(follower(fleetOf(), 'binance', reach(twice)).want(['BTC-USDT'], none)).rejects.toThrow(/BTC-USDT/)
  })

  test('says what it waits for, and with none of the symbols listed that there is nothing to do', async () => {
    const fleet = fleetOf()
    const said: (string | undefined)[] = []
    const kraken = follower(fleet, 'kraken', {
      ...reach([]),
      list(_, __, failed) {
        said.push(fleet.waiting.get('kraken'))
        failed('status 503')
        said.push(fleet.waiting.get('kraken'))
        return Promise.resolve([])
      },
    })
    await kraken.want(['BTC-USD'], none)
    said.push(fleet.waiting.get('kraken'))
    expect(said).toEqual([
      'has not given its list of instruments yet',
      'does not give its list of instruments: status 503',
      'lists none of the configured symbols',
    ])
    expect(fleet.feeds).toEqual([])
  })

  test('starts nothing when we stop before the list has come', async () => {
    const fleet = fleetOf()
    await follower(fleet, 'binance', reach(undefined)).want(['BTC-USDT'], none)
    const late = follower(fleet, 'binance', reach([BTC]))
    const wanting = late.want(['BTC-USDT'], none)
    late.stop()
    await wanting
    expect(fleet.feeds).toEqual([])
    expect(fleet.waiting.size).toBe(0)
  })
})

describe('a change of what is followed', () => {
  test('goes over the socket that runs', async () => {
    const { binance, feeds, around } = await running()
    await binance.want(['BTC-USDT', 'SOL-USDT'], none)
    expect(feeds).toHaveLength(1)
    expect([...(feeds[0]?.state.markets.keys() ?? [])]).toEqual(['BTCUSDT', 'SOLUSDT'])
    expect(around.sockets).toHaveLength(1)
  })

  test('asks for the list again only for a symbol that it lacks', async () => {
    let asked = 0
    const answers = [[BTC], [BTC, SOL]]
    const fleet = fleetOf()
    const binance = follower(fleet, 'binance', { ...reach([]), list: () => Promise.resolve(answers[asked++]) })
    await binance.want(['BTC-USDT'], none)
    await binance.want(['BTC-USDT'], none)
    expect(asked).toBe(1)
    await binance.want(['BTC-USDT', 'SOL-USDT'], none)
    expect(asked).toBe(2)
    expect(fleet.around.events).toEqual([])
  })

  test('to an ambiguous symbol is a fault that names it, and the others go on', async () => {
    const { binance, feeds, around } = await running([BTC, ETH, SOL, { ...SOL, nativeSymbol: 'SOL2USDT' }])
    await binance.want(['BTC-USDT', 'SOL-USDT'], none)
    expect(around.events.at(-1)).toMatchObject({ event: 'FAULT', symbol: 'SOL-USDT' })
    expect([...(feeds[0]?.state.markets.keys() ?? [])]).toEqual(['BTCUSDT'])
  })

  test('that came while the list was awaited overtakes the one before', async () => {
    const fleet = fleetOf()
    const gates = [Promise.withResolvers<readonly Instrument[]>(), Promise.withResolvers<readonly Instrument[]>()]
    let asked = 0
    const binance = follower(fleet, 'binance', { ...reach([]), list: async () => gates[asked++]?.promise })
    const both = [binance.want(['BTC-USDT'], none), binance.want(['ETH-USDT'], none)]
    gates[1]?.resolve([BTC, ETH])
    gates[0]?.resolve([BTC, ETH])
    await Promise.all(both)
    expect(fleet.feeds.map(({ state }) => [...state.markets.keys()])).toEqual([['ETHUSDT']])
  })

  test('opens as many sockets as the exchange’s limits ask for, and each is changed alone', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `A${index}`)
    const listed = names.map((name) => ({ symbol: `${name}-USDT`, nativeSymbol: `${name}USDT` }))
    const symbols = listed.map(({ symbol }) => symbol)
    const fleet = fleetOf()
    const { around, feeds, clocked } = fleet
    const binance = follower(fleet, 'binance', reach(listed))
    await binance.want(symbols, none)
    for (const feed of clocked) feed.input({ kind: 'clock', time: around.clock.time, random: 0 })
    for (const { events } of around.sockets) events.opened()
    expect(feeds.length).toBeGreaterThan(1)
    expect(around.sockets.every(({ url }) => url.length < 8000)).toBe(true)
    expect(feeds.flatMap(({ state }) => [...state.markets.values()].map(({ symbol }) => symbol))).toEqual(symbols)
    const sessions = feeds.map(({ state }) => state.current?.id)
    expect(new Set(sessions).size).toBe(feeds.length)
    const first = new Set([...(feeds[0]?.state.markets.values() ?? [])].map(({ symbol }) => symbol))
    await binance.want(
      symbols.filter((symbol) => !first.has(symbol)),
      none,
    )
    expect(around.sockets.map(({ terminated }) => terminated)).toEqual(feeds.map((_, index) => index === 0))
    expect(feeds.slice(1).map(({ state }) => state.current?.id)).toEqual(sessions.slice(1))
    expect(clocked.size).toBe(feeds.length - 1)
  })

  test('to nothing withdraws its quotes, then says DOWN and closes the socket', async () => {
    const { binance, clocked, around } = await running()
    const before = around.seen.length
    binance.stop()
    const said = around.seen.slice(before).map(({ tick }) => tick.payload)
    expect(said).toMatchObject([
      { kind: 'gap', reason: 'WITHDRAWN' },
      { kind: 'heartbeat', state: 'DOWN' },
      { kind: 'heartbeat', state: 'DOWN' },
    ])
    expect(around.sockets[0]?.terminated).toBe(true)
    expect(clocked.size).toBe(0)
  })

  test('over and over leaves no more feeds than sockets at once, and no counter falls', async () => {
    const fleet = fleetOf()
    const { feeds, around, clocked } = fleet
    let received = 0
    for (let i = 0; i < 5; i++) {
      const binance = follower(fleet, 'binance', reach([BTC]))
      await binance.want(['BTC-USDT'], none)
      for (const feed of clocked) feed.input({ kind: 'clock', time: around.clock.time, random: 0 })
      around.sockets.at(-1)?.events.opened()
      around.sockets.at(-1)?.events.frame('{"result":null,"id":"BTCUSDT"}')
      received++
      expect(feeds.map(({ state }) => state.counts.received)).toEqual([received])
      expect(clocked.size).toBe(1)
      binance.stop()
      around.pass(10)
    }
    const kraken = follower(fleet, 'kraken', reach([{ ...BTC, nativeSymbol: 'BTC/USDT' }]))
    await kraken.want(['BTC-USDT'], none)
    expect(feeds.map(({ exchange }) => exchange)).toEqual(['binance', 'kraken'])
  })
})
