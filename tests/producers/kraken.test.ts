import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { kraken } from '../../producers/kraken.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_795_169_730_223_000)

// Typed from Kraken's WebSocket API v2 pages (trade, ticker, heartbeat, status, ping): field names and kinds of values are
// its, numbers are ours.
const TRADE =
  '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":91231.4,"qty":0.00027625,"ord_type":"limit","trade_id":102182081,"timestamp":"2026-11-20T10:15:30.123456Z"}]}'
const TICKER =
  '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":91231.3,"bid_qty":2.5,"ask":91231.5,"ask_qty":0.8,"last":91231.4,"volume":2012.99,"vwap":90411.7,"low":89000.1,"high":93000.2,"change":-210.1,"change_pct":-0.23,"timestamp":"2026-11-20T10:15:30.124001Z"}]}'
const HEARTBEAT = '{"channel":"heartbeat"}'
const STATUS =
  '{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2","connection_id":13834774380200032777,"version":"2.0.10"}]}'
const PONG = '{"method":"pong","req_id":101,"time_in":"2026-11-20T10:15:30.1Z","time_out":"2026-11-20T10:15:30.1001Z"}'
const ACK =
  '{"method":"subscribe","req_id":1,"result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":"2026-11-20T10:15:30.1Z","time_out":"2026-11-20T10:15:30.1001Z"}'
const REFUSED =
  '{"error":"Currency pair not supported XBT/USD","method":"subscribe","req_id":1,"success":false,"symbol":"XBT/USD","time_in":"2026-11-20T10:15:30.1Z","time_out":"2026-11-20T10:15:30.1001Z"}'
const BOOK = '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[],"checksum":1}]}'

adapterContract(
  kraken,
  [TRADE, TICKER, HEARTBEAT, STATUS, PONG, ACK, BOOK],
  [
    { frame: TRADE, value: '91231.4' },
    { frame: TRADE, value: '0.00027625' },
    { frame: TRADE, value: '102182081' },
    { frame: TRADE, value: '"buy"' },
    { frame: TRADE, value: '"2026-11-20T10:15:30.123456Z"' },
    { frame: TICKER, value: '91231.3' },
    { frame: TICKER, value: '0.8' },
    { frame: TICKER, value: '"2026-11-20T10:15:30.124001Z"' },
  ],
)

describe('kraken adapter', () => {
  test('reads a trade with the taker’s side', () => {
    expect(decode(kraken, TRADE, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC/USD',
          eventTime: 1_795_169_730_123_456,
          sequence: 102_182_081,
          history: false,
          payload: { kind: 'trade', id: '102182081', side: 'BUY', price: 91231.4, size: 0.00027625 },
        },
      ],
    })
  })

  test('takes the trades of a snapshot for history', () => {
    const histories = [TRADE, TRADE.replace('"update"', '"snapshot"')].map((frame) => {
      const one = decode(kraken, frame, AT)
      return one.kind === 'ticks' ? one.ticks.map(({ history }) => history) : []
    })
    expect(histories).toEqual([[false], [true]])
  })

  test('reads a ticker; without a timestamp it has the receive time', () => {
    expect(decode(kraken, TICKER, AT)).toMatchObject({
      ticks: [
        { eventTime: 1_795_169_730_124_001, payload: { bid: 91231.3, bidSize: 2.5, ask: 91231.5, askSize: 0.8 } },
      ],
    })
    const timeless = TICKER.replace(',"timestamp":"2026-11-20T10:15:30.124001Z"', '')
    expect(decode(kraken, timeless, AT)).toMatchObject({ ticks: [{ eventTime: AT, timeSource: 'RECEIVED' }] })
  })

  test('refuses a price whose digits a double does not hold, though it comes as a JSON number', () => {
    expect(decode(kraken, TRADE.replace('91231.4', '91231.40000000000000001'), AT)).toEqual({
      kind: 'fault',
      reason: 'price: more digits than a double holds',
    })
  })

  test('takes prices and sizes in exponent form', () => {
    const tiny = TRADE.replace('91231.4', '1.5e-7').replace('0.00027625', '2E3')
    expect(decode(kraken, tiny, AT)).toMatchObject({ ticks: [{ payload: { price: 1.5e-7, size: 2000 } }] })
  })

  test('reads the answer to each symbol’s subscription', () => {
    expect(decode(kraken, ACK, AT)).toEqual({
      kind: 'ack',
      subscriptions: [{ channel: 'ticker', nativeSymbol: 'BTC/USD' }],
      serverTime: 1_795_169_730_100_100,
    })
    expect(decode(kraken, REFUSED, AT)).toEqual({
      kind: 'fault',
      reason: 'request refused',
      detail: 'Currency pair not supported XBT/USD',
      nativeSymbol: 'XBT/USD',
    })
  })

  test('asks for the ticker at each change of the top, and for trades first', () => {
    expect(kraken.connect(['BTC/USD']).frames.map((frame) => JSON.parse(frame))).toMatchObject([
      { method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: false } },
      { method: 'subscribe', params: { channel: 'ticker', symbol: ['BTC/USD'], event_trigger: 'bbo' } },
    ])
  })

  test('lists pairs under their common names, in the stream’s spelling', () => {
    const result = {
      XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD' },
      XDGUSD: { altname: 'XDGUSD', wsname: 'XDG/USD', base: 'XXDG', quote: 'ZUSD' },
      USTUSD: { altname: 'USTUSD', wsname: 'UST/USD', base: 'UST', quote: 'ZUSD' },
      'ETHUSD.d': { altname: 'ETHUSD.d', base: 'XETH', quote: 'ZUSD' },
    }
    expect(kraken.instruments.parse({ error: [], result })).toEqual([
      { symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' },
      { symbol: 'DOGE-USD', nativeSymbol: 'DOGE/USD' },
      { symbol: 'USTC-USD', nativeSymbol: 'UST/USD' },
    ])
  })
})
