import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../core/tick.ts'
import { micros, toIso } from '../../core/time.ts'
import { ADAPTERS } from '../../producers/adapters.ts'
import { openOverseer } from '../../producers/overseer.ts'
import { runFeed, type RunningFeed } from '../../producers/shell.ts'
import { MOMENT } from '../support/ticks.ts'
import { aggTrade, harness } from './harness.ts'
import { world } from './world.ts'

/** Three exchanges with BTC-USD; seconds pass with a quote of each, then the overseer looks. */
function market() {
  const around = world()
  const { settings } = harness().state
  const feeds = new Set<RunningFeed>()
  const exchanges: readonly Exchange[] = ['kraken', 'okx', 'gate']
  const native = { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }
  for (const exchange of exchanges)
    feeds.add(
      runFeed({ ...settings, adapter: ADAPTERS[exchange], instruments: [native], partitions: 1 }, around.effects),
    )
  for (const feed of feeds) feed.input({ kind: 'clock', time: around.clock.time, random: 0 })
  for (const { events } of around.sockets) events.opened()
  const overseer = openOverseer(feeds, around.effects)
  const quoteOf = (exchange: Exchange, bid: number): string => {
    const [time, at] = [around.clock.time, String(Math.floor(around.clock.time / 1000))]
    const [low, high] = [String(bid), String(bid + 1)]
    if (exchange === 'kraken')
      return `{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":${low},"bid_qty":1,"ask":${high},"ask_qty":1,"timestamp":"${toIso(time)}"}]}`
    const [asks, bids] = [[[high, '1']], [[low, '1']]]
    return exchange === 'okx'
      ? JSON.stringify({ arg: { channel: 'bbo-tbt', instId: 'BTC/USD' }, data: [{ asks, bids, ts: at }] })
      : JSON.stringify({
          channel: 'spot.book_ticker',
          event: 'update',
          result: { t: Number(at), u: time, s: 'BTC/USD', b: low, B: '1', a: high, A: '1' },
        })
  }
  const pass = (seconds: number, prices: Readonly<Partial<Record<Exchange, number>>>): void => {
    for (let i = 0; i < seconds; i++) {
      around.pass(1)
      for (const [index, exchange] of exchanges.entries()) {
        const price = prices[exchange]
        // Each second another one: an unchanged quote is a repeat.
        if (price !== undefined) around.sockets[index]?.events.frame(quoteOf(exchange, price + (i % 2)))
      }
      overseer.look(around.clock.time)
    }
  }
  const since = (mark: number) =>
    around.seen
      .slice(mark)
      .filter(({ tick }) => tick.exchange === 'gate')
      .map(({ tick: { payload } }) => (payload.kind === 'gap' ? payload.reason : payload.kind))
      .filter((kind) => kind !== 'heartbeat')
  const facts = () => around.events.filter(({ event }) => event === 'FAULT' || event === 'NOTE')
  return { ...around, pass, since, facts, feeds, overseer }
}

describe('a symbol whose price is apart from the other exchanges’', () => {
  test('has its quote withdrawn, is put out no more, and is a fault with its raw frame; once it is said', () => {
    const { pass, since, seen, letters, facts, overseer, feeds } = market()
    pass(5, { kraken: 1000, okx: 1001, gate: 1002 })
    const mark = seen.length
    pass(40, { kraken: 1000, okx: 1001, gate: 10 })
    expect(since(mark).at(-1)).toBe('WITHDRAWN')
    expect(letters.at(-1)).toMatchObject({ error: 'price: quarantined', raw: expect.stringContaining('"b":"1') })
    expect(facts()).toMatchObject([{ event: 'FAULT', symbol: 'BTC-USD', details: { deviationPercent: '-99.0' } }])
    expect(overseer.quarantined()).toEqual(
      new Map([
        ['kraken', 0],
        ['okx', 0],
        ['gate', 1],
      ]),
    )
    for (const { state } of feeds) {
      const { in: taken, ...outcomes } = state.counts.entries
      expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(taken)
    }
  })

  test('comes back after ten minutes in line, with a gap for what is not on the log', () => {
    const { pass, since, seen, facts } = market()
    pass(10, { kraken: 1000, okx: 1001, gate: 10 })
    const mark = seen.length
    pass(599, { kraken: 1000, okx: 1001, gate: 1001 })
    expect(since(mark)).toEqual([])
    pass(5, { kraken: 1000, okx: 1001, gate: 1001 })
    expect(since(mark).slice(0, 2)).toEqual(['DISCONNECT', 'quote'])
    expect(facts().map(({ event }) => event)).toEqual(['FAULT', 'NOTE'])
  })

  test('stays in quarantine when it is removed and added again', () => {
    const { pass, since, seen, feeds, clock } = market()
    pass(10, { kraken: 1000, okx: 1001, gate: 10 })
    const gate = [...feeds].find(({ exchange }) => exchange === 'gate')
    const conversions: ReadonlySet<string> = new Set()
    const instruments = [{ symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }]
    gate?.input({ kind: 'follow', time: clock.time, instruments: [], conversions })
    gate?.input({ kind: 'follow', time: clock.time, instruments, conversions })
    pass(1, { kraken: 1000, okx: 1001 })
    const mark = seen.length
    pass(20, { kraken: 1000, okx: 1001, gate: 10 })
    expect(since(mark)).toEqual([])
  })

  test('is left alone while the whole market moves', () => {
    const { pass, facts } = market()
    pass(60, { kraken: 1000, okx: 1001, gate: 1002 })
    pass(4, { kraken: 1000, okx: 1001, gate: 600 })
    pass(60, { kraken: 602, okx: 601, gate: 600 })
    expect(facts()).toEqual([])
  })
})

describe('a clock that is apart from ours', () => {
  test('is said once per episode, and measured', () => {
    const around = world()
    const { settings } = harness().state
    const feed = runFeed({ ...settings, partitions: 1 }, around.effects)
    const overseer = openOverseer(new Set([feed]), around.effects)
    feed.input({ kind: 'clock', time: around.clock.time, random: 0 })
    around.sockets[0]?.events.opened()
    let id = 0
    const pass = (seconds: number, behind: number): void => {
      for (let i = 0; i < seconds; i++) {
        around.pass(1)
        const at = (around.clock.time - MOMENT) / 1e6 - behind
        around.sockets[0]?.events.frame(JSON.stringify(aggTrade(++id, at)))
        overseer.look(around.clock.time)
      }
    }
    const said = () =>
      around.events.filter(({ event }) => event === 'FAULT' || event === 'NOTE').map((one) => one.event)
    pass(30, 0.05)
    expect(overseer.offsets(around.clock.time)).toEqual(new Map([['binance', 50_000]]))
    pass(120, 7)
    expect(overseer.offsets(around.clock.time)).toEqual(new Map([['binance', 7_000_000]]))
    expect(said()).toEqual(['FAULT'])
    pass(120, 0.05)
    expect(said()).toEqual(['FAULT', 'NOTE'])
    expect(feed.state.counts.findings.skewed).toBe(120)
    expect(micros(around.clock.time)).toBeGreaterThan(MOMENT)
  })
})
