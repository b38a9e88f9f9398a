import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { binance } from '../../producers/binance.ts'
import { playback, playedInstruments, shiftOf } from '../../producers/playback.ts'
import { parseLine, parseRecording, playable } from '../../producers/recording.ts'
import { recordedWorld, runFeed } from '../../producers/shell.ts'
import { aggTrade, bookTicker, harness } from './harness.ts'
import { world } from './world.ts'

const LIST = JSON.stringify({
  symbols: [
    { symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' },
    { symbol: 'ETHUSDT', baseAsset: 'ETH', quoteAsset: 'USDT' },
    { symbol: 'XRPUSDT', baseAsset: 'XRP', quoteAsset: 'USDT' },
  ],
})
const T = 1_628_952_394
const at = (offset: number): string => (T + offset).toFixed(6)
/** Trades of 2021: their times are milliseconds. */
const old = (a: number, offset: number): string =>
  JSON.stringify({ ...aggTrade(a), data: { ...aggTrade(a).data, T: (T + offset) * 1000 } })

const REST = `https://api.binance.com/api/v3/exchangeInfo?x=1 -> ${at(0)}: ${LIST}\nconfiguration: {"trades":["BTC-USDT"]}\n`
const WS = [
  `wss://stream.binance.com:9443/stream?streams=btcusdt@aggTrade <-> ${at(1)}`,
  `${at(1.5)}: ${old(1, 1)}`,
  '',
  `wss://stream.binance.com:9443/stream <- ${at(1.6)}: {"method":"SUBSCRIBE"}`,
  `${at(2)}: ${JSON.stringify(bookTicker(5))}`,
  `${at(12.25)}: ${old(2, 12)}`,
].join('\n')
const recording = () => parseRecording('BINANCE-TEST', [REST, WS])

describe('a recording', () => {
  test.each([
    ['1628952397.5236201: {"a":": "}', { kind: 'received', time: 1_628_952_397_523_620, text: '{"a":": "}' }],
    ['1628952397: x', { kind: 'received', time: 1_628_952_397_000_000, text: 'x' }],
    [
      'wss://a.b/c?d=e <-> 1628952394.891941',
      { kind: 'connecting', address: 'wss://a.b/c?d=e', time: 1_628_952_394_891_941 },
    ],
    ['wss://a.b/c <- 1628952394.8: {"x":1}', { kind: 'other' }],
    ['https://a.b/c?d -> 1.5: [1]', { kind: 'answer', address: 'https://a.b/c?d', text: '[1]' }],
    ['configuration: {}', { kind: 'other' }],
    ['', { kind: 'other' }],
  ])('has the line %j', (line, expected) => expect(parseLine(line)).toEqual(expected))

  test('is read connection by connection, frames to the last one of their file', () => {
    const { connections, rest } = recording()
    expect(connections).toMatchObject([{ openedAt: (T + 1) * 1e6, frames: [{ time: (T + 1.5) * 1e6 }, {}, {}] }])
    expect([...rest.keys()]).toEqual(['https://api.binance.com/api/v3/exchangeInfo'])
  })

  test('is playable where an adapter speaks its dialect, with the instruments it has data of', () => {
    const [one] = playable(recording())
    expect(one?.adapter.exchange).toBe('binance')
    expect(one === undefined ? [] : playedInstruments(one)).toEqual([{ symbol: 'BTC-USDT', nativeSymbol: 'BTCUSDT' }])
    expect(playable(parseRecording('X', ['wss://api.bitfinex.com/ws/2 <-> 1']))).toEqual([])
  })

  test('starts now at the recorded speed and ends now at any other', () => {
    const now = micros(1_795_169_730_000_000)
    expect((T + 1) * 1e6 + shiftOf(recording(), 1, now)).toBe(now)
    expect((T + 12.25) * 1e6 + shiftOf(recording(), 'max', now)).toBe(now)
    expect((T + 12.25) * 1e6 + shiftOf(recording(), 4, now)).toBe(now)
  })

  test('brings its own clock, never more than 100 ms apart, in order', () => {
    const [connection] = recording().connections
    const inputs = connection === undefined ? [] : [...playback(connection, 0)]
    const times = inputs.map(({ time }) => Number(time))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toBeLessThanOrEqual(100_000)
    expect(inputs.filter(({ kind }) => kind === 'frame')).toHaveLength(3)
    expect(inputs.at(-1)).toMatchObject({ kind: 'closed', reason: 'stopped' })
  })

  test('comes out as ticks of the feed RECORDED, both clocks shifted by one constant', () => {
    const [one] = playable(recording())
    if (one === undefined) throw new Error('not playable')
    const now = micros(1_795_169_730_000_000)
    const shift = shiftOf(recording(), 1, now)
    let time = now
    const { seen, effects } = world()
    const settings = { ...harness().state.settings, adapter: binance, feed: 'RECORDED' as const, shift }
    const feed = runFeed(
      { ...settings, instruments: playedInstruments(one) },
      recordedWorld(effects, () => time),
    )
    for (const input of playback(one.connection, shift)) {
      time = input.time
      feed.input(input)
    }
    const trades = seen.filter(({ tick }) => tick.payload.kind === 'trade').map(({ tick }) => tick)
    expect(trades.map(({ feed: from, eventTime, receiveTime }) => [from, eventTime - now, receiveTime - now])).toEqual([
      ['RECORDED', 0, 500_000],
      ['RECORDED', 11_000_000, 11_250_000],
    ])
    const beats = seen.filter(({ tick }) => tick.payload.kind === 'heartbeat').map(({ tick }) => tick)
    expect(
      beats.filter(({ payload }) => payload.kind === 'heartbeat' && payload.state === 'UP').length,
    ).toBeGreaterThan(2)
    expect(beats.at(-1)?.payload).toMatchObject({ state: 'DOWN' })
    expect(feed.state.counts.entries).toMatchObject({ in: 3, out: 3 })
  })
})
