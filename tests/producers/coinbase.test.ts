import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { coinbase } from '../../producers/coinbase.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_795_169_730_223_000)

// Typed from Coinbase's "Advanced Trade WebSocket Channels" page: field names and kinds of values are its, numbers are ours.
const TRADES =
  '{"channel":"market_trades","client_id":"","timestamp":"2026-11-20T10:15:30.198123456Z","sequence_num":41,"events":[{"type":"update","trades":[{"trade_id":"1100200302","product_id":"BTC-USD","price":"91230.02","size":"0.25","side":"BUY","time":"2026-11-20T10:15:30.123999Z"},{"trade_id":"1100200301","product_id":"BTC-USD","price":"91230.01","size":"0.0015","side":"SELL","time":"2026-11-20T10:15:30.123456Z"}]}]}'
const TRADE =
  '{"channel":"market_trades","client_id":"","timestamp":"2026-11-20T10:15:30.198123456Z","sequence_num":40,"events":[{"type":"snapshot","trades":[{"trade_id":"1100200300","product_id":"BTC-USD","price":"91230.01","size":"0.0015","side":"SELL","time":"2026-11-20T10:15:29.123456Z"}]}]}'
const TICKER =
  '{"channel":"ticker","client_id":"","timestamp":"2026-11-20T10:15:30.2001Z","sequence_num":42,"events":[{"type":"update","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"91230.01","volume_24_h":"16038.28770938","low_24_h":"90835.29","high_24_h":"93011.18","low_52_w":"40000","high_52_w":"126000","price_percent_chg_24_h":"-4.15775596190603","best_bid":"91230.00","best_bid_quantity":"0.42","best_ask":"91230.01","best_ask_quantity":"0.11"}]}]}'
const HEARTBEAT =
  '{"channel":"heartbeats","client_id":"","timestamp":"2026-11-20T10:15:31.234567890Z","sequence_num":43,"events":[{"current_time":"2026-11-20 10:15:31.233 +0000 UTC m=+91717.525857105","heartbeat_counter":41691}]}'
const ACK =
  '{"channel":"subscriptions","client_id":"","timestamp":"2026-11-20T10:15:29.912Z","sequence_num":3,"events":[{"subscriptions":{"market_trades":["BTC-USD","ETH-USD"],"ticker":["BTC-USD"],"heartbeats":["heartbeats"]}}]}'
const CANDLES =
  '{"channel":"candles","client_id":"","timestamp":"2026-11-20T10:15:30Z","sequence_num":44,"events":[{"type":"snapshot","candles":[]}]}'

adapterContract(
  coinbase,
  [TRADES, TRADE, TICKER, HEARTBEAT, ACK, CANDLES],
  [
    { frame: TRADE, value: '"91230.01"' },
    { frame: TRADE, value: '"0.0015"' },
    { frame: TRADE, value: '"SELL"' },
    { frame: TRADE, value: '"2026-11-20T10:15:29.123456Z"' },
    { frame: TRADE, value: '"1100200300"' },
    { frame: TRADE, value: '40' },
    { frame: TICKER, value: '"2026-11-20T10:15:30.2001Z"' },
    { frame: TICKER, value: '"91230.00"' },
    { frame: TICKER, value: '"0.11"' },
    { frame: HEARTBEAT, value: '43' },
  ],
)

describe('coinbase adapter', () => {
  test('reads trades oldest first, with the taker’s side: the exchange sends the maker’s', () => {
    expect(decode(coinbase, TRADES, AT)).toMatchObject({
      frameSequence: 41,
      ticks: [
        {
          sequence: 1_100_200_301,
          eventTime: 1_795_169_730_123_456,
          history: false,
          payload: { side: 'BUY', size: 0.0015 },
        },
        {
          sequence: 1_100_200_302,
          eventTime: 1_795_169_730_123_999,
          history: false,
          payload: { side: 'SELL', size: 0.25 },
        },
      ],
    })
  })

  test('marks the trades sent at subscribe as history', () => {
    expect(decode(coinbase, TRADE, AT)).toMatchObject({ ticks: [{ history: true, payload: { id: '1100200300' } }] })
  })

  test('reads a ticker with the frame’s time, cut to microseconds', () => {
    expect(decode(coinbase, TICKER, AT)).toMatchObject({
      frameSequence: 42,
      ticks: [
        {
          nativeSymbol: 'BTC-USD',
          eventTime: 1_795_169_730_200_100,
          timeSource: 'EXCHANGE',
          sequence: 0,
          payload: { bid: 91230, bidSize: 0.42, ask: 91230.01, askSize: 0.11, source: 'TICKER' },
        },
      ],
    })
  })

  test('counts a quote without sizes, and withdraws one without a side', () => {
    const unsized = TICKER.replace('"best_bid_quantity":"0.42",', '')
    expect(decode(coinbase, unsized, AT)).toMatchObject({ unsized: 1, ticks: [{ payload: { bidSize: undefined } }] })
    const oneSided = TICKER.replace('"91230.00"', '""')
    expect(decode(coinbase, oneSided, AT)).toMatchObject({ ticks: [], withdrawals: [{ finding: 'one_sided' }] })
  })

  test('goes on with the other trades of a frame when one is bad', () => {
    const one = decode(coinbase, TRADES.replace('"91230.02"', '"91230.0200000000000001"'), AT)
    expect(one).toMatchObject({
      ticks: [{ sequence: 1_100_200_301 }],
      faults: ['price: more digits than a double holds'],
    })
  })

  test('reads which subscriptions are active', () => {
    expect(decode(coinbase, ACK, AT)).toEqual({
      kind: 'ack',
      frameSequence: 3,
      subscriptions: [
        { channel: 'market_trades', nativeSymbol: 'BTC-USD' },
        { channel: 'market_trades', nativeSymbol: 'ETH-USD' },
        { channel: 'ticker', nativeSymbol: 'BTC-USD' },
        { channel: 'heartbeats', nativeSymbol: 'heartbeats' },
      ],
    })
  })

  test('takes an error frame for a fault', () => {
    expect(decode(coinbase, '{"type":"error","message":"authentication failure"}', AT)).toEqual({
      kind: 'fault',
      reason: 'request refused',
      detail: 'authentication failure',
    })
  })

  test('lists spot products, without those that repeat another’s book', () => {
    const product = (product_id: string, quote: string, alias: string, product_type = 'SPOT') => ({
      product_id,
      base_currency_id: 'BTC',
      quote_currency_id: quote,
      alias,
      product_type,
    })
    const products = [
      product('BTC-USD', 'USD', ''),
      product('BTC-USDC', 'USDC', 'BTC-USD'),
      product('BIT-1', 'USD', '', 'FUTURE'),
    ]
    expect(coinbase.instruments.parse({ products })).toEqual([{ symbol: 'BTC-USD', nativeSymbol: 'BTC-USD' }])
  })
})
