import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { krakenV1 } from '../../producers/kraken-v1.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_618_678_150_223_000)

// Typed from Kraken's WebSocket API v1 pages (trade, ticker, book, subscriptionStatus, systemStatus, heartbeat, pong).
const TRADE = '[0,[["5541.20000","0.15850568","1618678142.557535","s","l",""]],"trade","XBT/USD"]'
const TRADES =
  '[0,[["5541.20000","0.15850568","1618678142.557535","s","l",""],["5541.20000","0.15850568","1618678142.557535","s","l",""],["6060.00000","0.02455000","1618678142.557536","b","m",""]],"trade","XBT/USD"]'
const TICKER =
  '[0,{"a":["5525.40000",1,"1.03400001"],"b":["5525.10000",2,"2.50000000"],"c":["5525.10000","0.00398963"],"v":["2634.11501494","3591.17907851"],"p":["5631.44067","5653.78939"],"t":[11493,16267],"l":["5505.00000","5505.00000"],"h":["5783.00000","5783.00000"],"o":["5760.70000","5763.40000"]},"ticker","XBT/USD"]'
const BOOK = '[1234,{"a":[["5541.30000","2.50700000","1534614248.456738"]],"c":"974942666"},"book-10","XBT/USD"]'
const TWO_SIDES =
  '[1234,{"a":[["5541.30000","2.50700000","1534614248.456738"]]},{"b":[["5541.20000","0.0","1534614335.345903"]],"c":"974942666"},"book-10","XBT/USD"]'
const ACK =
  '{"channelID":10001,"channelName":"ticker","event":"subscriptionStatus","pair":"XBT/EUR","status":"subscribed","subscription":{"name":"ticker"}}'
const REFUSED =
  '{"errorMessage":"Currency pair not supported XBT/XXX","event":"subscriptionStatus","pair":"XBT/XXX","status":"error","subscription":{"name":"ticker"}}'
const STATUS = '{"connectionID":8628615390848610000,"event":"systemStatus","status":"online","version":"1.0.0"}'
const QUIET = ['{"event":"heartbeat"}', '{"event":"pong","reqid":42}', STATUS]

adapterContract(
  krakenV1,
  [TRADE, TRADES, TICKER, BOOK, TWO_SIDES, ACK, ...QUIET],
  [
    { frame: TRADE, value: '"5541.20000"' },
    { frame: TRADE, value: '"0.15850568"' },
    { frame: TRADE, value: '"1618678142.557535"' },
    { frame: TRADE, value: '"s"' },
    { frame: TICKER, value: '"5525.40000"' },
    { frame: TICKER, value: '"2.50000000"' },
  ],
)

describe('kraken v1 dialect', () => {
  test('reads trades with the taker’s side and the time to the microsecond', () => {
    expect(decode(krakenV1, TRADE, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'XBT/USD',
          eventTime: 1_618_678_142_557_535,
          timeSource: 'EXCHANGE',
          sequence: 0,
          history: false,
          payload: { kind: 'trade', side: 'SELL', price: 5541.2, size: 0.15850568 },
        },
      ],
    })
  })

  test('gives equal trades of one frame ids of their own, and a trade that comes again the same', () => {
    const ids = (frame: string) => {
      const one = decode(krakenV1, frame, AT)
      return one.kind === 'ticks' ? one.ticks.map(({ payload }) => (payload.kind === 'trade' ? payload.id : '')) : []
    }
    expect(new Set(ids(TRADES)).size).toBe(3)
    expect(ids(TRADES)).toEqual(ids(TRADES))
    expect(ids(TRADES)[0]).toBe(ids(TRADE)[0])
  })

  test('reads a ticker at the receive time, with the exact size instead of whole lots', () => {
    expect(decode(krakenV1, TICKER, AT)).toMatchObject({
      ticks: [
        {
          eventTime: AT,
          timeSource: 'RECEIVED',
          payload: { bid: 5525.1, bidSize: 2.5, ask: 5525.4, askSize: 1.03400001, source: 'TICKER' },
        },
      ],
    })
  })

  test('takes no ticker whose size is missing for one without sizes, and says whose it was', () => {
    expect(decode(krakenV1, TICKER.replace(',1,"1.03400001"', ''), AT)).toMatchObject({
      kind: 'fault',
      reason: 'askSize: no decimal',
      unreadable: ['XBT/USD'],
    })
  })

  test('ignores both sides of one book update in one frame, but takes no ticker of two objects', () => {
    expect(decode(krakenV1, TWO_SIDES, AT)).toEqual({ kind: 'ignored', channel: 'book' })
    const two = TICKER.replace('},"ticker"', '},{},"ticker"')
    expect(decode(krakenV1, two, AT)).toEqual({ kind: 'fault', reason: 'frame: not four elements' })
  })

  test('reads the answer to each pair’s subscription', () => {
    expect(decode(krakenV1, ACK, AT)).toEqual({
      kind: 'ack',
      subscriptions: [{ channel: 'ticker', nativeSymbol: 'XBT/EUR' }],
    })
    expect(decode(krakenV1, REFUSED, AT)).toMatchObject({ kind: 'fault', nativeSymbol: 'XBT/XXX' })
  })

  test('lists pairs under their common names, in the stream’s old spelling', () => {
    const result = { XXBTZUSD: { wsname: 'XBT/USD' }, XDGUSD: { wsname: 'XDG/USD' }, XETHXXBT: { wsname: 'ETH/XBT' } }
    expect(krakenV1.instruments.parse({ error: [], result })).toEqual([
      { symbol: 'BTC-USD', nativeSymbol: 'XBT/USD' },
      { symbol: 'DOGE-USD', nativeSymbol: 'XDG/USD' },
      { symbol: 'ETH-BTC', nativeSymbol: 'ETH/XBT' },
    ])
  })
})
