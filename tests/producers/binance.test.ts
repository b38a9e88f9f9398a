import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { binance } from '../../producers/binance.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_795_169_730_223_000)

// Typed from Binance's "WebSocket Streams" page: field names and kinds of values are its, numbers are ours.
const TRADE =
  '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1795169730124310,"s":"BTCUSDT","a":4012345678,"p":"91234.50000000","q":"0.01300000","f":6201234500,"l":6201234502,"T":1795169730123987,"m":true,"M":true}}'
const QUOTE =
  '{"stream":"btcusdt@bookTicker","data":{"u":71234567890,"s":"BTCUSDT","b":"91234.49000000","B":"3.21000000","a":"91234.50000000","A":"1.04210000"}}'
const DEPTH =
  '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1795169730124,"s":"BTCUSDT","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}}'
const KLINE = '{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1795169730124,"s":"BTCUSDT","k":{}}}'
const ACK = '{"result":null,"id":"BTCUSDT"}'

adapterContract(
  binance,
  [TRADE, QUOTE, DEPTH, KLINE, ACK],
  [
    { frame: TRADE, value: '"91234.50000000"' },
    { frame: TRADE, value: '"0.01300000"' },
    { frame: TRADE, value: '1795169730123987' },
    { frame: TRADE, value: '4012345678' },
    { frame: QUOTE, value: '"91234.49000000"' },
    { frame: QUOTE, value: '"1.04210000"' },
    { frame: QUOTE, value: '71234567890' },
  ],
)

describe('binance adapter', () => {
  test('reads an aggTrade: the taker sold when the buyer was the maker, and T is the time', () => {
    expect(decode(binance, TRADE, AT)).toEqual({
      kind: 'ticks',
      frameSequence: undefined,
      ticks: [
        {
          nativeSymbol: 'BTCUSDT',
          eventTime: 1_795_169_730_123_987,
          timeSource: 'EXCHANGE',
          sequence: 4_012_345_678,
          history: false,
          payload: { kind: 'trade', id: '4012345678', side: 'SELL', price: 91234.5, size: 0.013 },
        },
      ],
      withdrawals: [],
      faults: [],
      inexact: 0,
      unsized: 0,
    })
  })

  test('reads a bookTicker, which has no time of its own', () => {
    expect(decode(binance, QUOTE, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTCUSDT',
          eventTime: AT,
          timeSource: 'RECEIVED',
          sequence: 71_234_567_890,
          payload: { kind: 'quote', bid: 91234.49, bidSize: 3.21, ask: 91234.5, askSize: 1.0421, source: 'STREAM' },
        },
      ],
    })
  })

  test.each([
    ['milliseconds', '1795169730123', 1_795_169_730_123_000],
    ['microseconds', '1795169730123987', 1_795_169_730_123_987],
  ])('takes times in %s', (_, text, eventTime) => {
    const one = decode(binance, TRADE.replace('1795169730123987', text), AT)
    expect(one).toMatchObject({ ticks: [{ eventTime }] })
  })

  test('names the channel of a stream it does not use', () => {
    expect([DEPTH, KLINE].map((frame) => decode(binance, frame, AT))).toEqual([
      { kind: 'ignored', channel: 'depth' },
      { kind: 'ignored', channel: 'kline' },
    ])
  })

  test.each([
    ['one side has no price', QUOTE.replace('"91234.49000000"', '"0.00000000"'), 'one_sided'],
    ['one side has no size', QUOTE.replace('"1.04210000"', '"0.00000000"'), 'one_sided'],
    ['the sides are locked', QUOTE.replace('"91234.49000000"', '"91234.50000000"'), 'crossed'],
    ['the sides are crossed', QUOTE.replace('"91234.49000000"', '"91234.51000000"'), 'crossed'],
  ])('withdraws a quote when %s', (_, frame, finding) => {
    expect(decode(binance, frame, AT)).toMatchObject({ ticks: [], withdrawals: [{ finding }] })
  })

  test('counts a size that a double rounds, and refuses such a price', () => {
    const rounded = '"123456789.123456789123"'
    expect(decode(binance, TRADE.replace('"0.01300000"', rounded), AT)).toMatchObject({ kind: 'ticks', inexact: 1 })
    expect(decode(binance, TRADE.replace('"91234.50000000"', rounded), AT)).toEqual({
      kind: 'fault',
      reason: 'price: more digits than a double holds',
    })
  })

  test('answers a refused request with the symbol', () => {
    const refused = '{"error":{"code":2,"msg":"Invalid request: unknown stream"},"id":"BTCUSDT"}'
    expect(decode(binance, refused, AT)).toMatchObject({ kind: 'fault', nativeSymbol: 'BTCUSDT' })
  })

  test.each([
    '{"e":"serverShutdown","E":1770123456789}',
    '{"event":{"e":"serverShutdown","E":1770123456789}}',
    '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
  ])('knows an announced shutdown: %s', (frame) => expect(decode(binance, frame, AT)).toEqual({ kind: 'shutdown' }))

  test('subscribes in the address, in microseconds', () => {
    expect(binance.connect(['BTCUSDT', 'ETHUSDT']).url).toBe(
      'wss://stream.binance.com:9443/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker/ethusdt@aggTrade/ethusdt@bookTicker&timeUnit=MICROSECOND',
    )
  })

  test('reads the list of instruments', () => {
    const body = { symbols: [{ symbol: 'BTCUSDT', status: 'TRADING', baseAsset: 'BTC', quoteAsset: 'USDT' }] }
    expect(binance.instruments.parse(body)).toEqual([{ symbol: 'BTC-USDT', nativeSymbol: 'BTCUSDT' }])
  })
})
