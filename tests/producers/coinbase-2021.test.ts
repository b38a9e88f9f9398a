import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { coinbase2021 } from '../../producers/coinbase-2021.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_618_677_817_223_000)

// Typed from Coinbase's Exchange (then Pro) WebSocket channel pages: field names and kinds of values are its, numbers are ours.
const MATCH =
  '{"type":"match","trade_id":280232,"maker_order_id":"ac928c66-ca53-498f-9c13-a110027a60e8","taker_order_id":"132fb6ae-456b-4654-b4e0-d681ac05cea1","side":"sell","size":"5.23512","price":"400.23","product_id":"BTC-USD","sequence":50,"time":"2021-04-17T16:43:37.089723Z"}'
const LAST_MATCH = MATCH.replace('"match"', '"last_match"')
const TICKER =
  '{"type":"ticker","sequence":333938798,"product_id":"BTC-USD","price":"400.23","open_24h":"400.1","volume_24h":"94381.28","low_24h":"390.1","high_24h":"410.2","volume_30d":"2295579.57","best_bid":"400.10","best_ask":"400.23","side":"buy","time":"2021-04-17T16:43:37.089724Z","trade_id":280232,"last_size":"5.23512"}'
const SNAPSHOT = '{"type":"snapshot","product_id":"BTC-USD","bids":[["400.10","0.45"]],"asks":[["400.23","0.5"]]}'
const UPDATE =
  '{"type":"l2update","product_id":"BTC-USD","time":"2021-04-17T16:43:37.1Z","changes":[["buy","400.10","0.1"]]}'
const HEARTBEAT =
  '{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2021-04-17T16:43:38.464Z"}'
const ACK =
  '{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD","ETH-USD"]},{"name":"ticker","product_ids":["BTC-USD"]}]}'

adapterContract(
  coinbase2021,
  [MATCH, LAST_MATCH, TICKER, SNAPSHOT, UPDATE, HEARTBEAT, ACK],
  [
    { frame: MATCH, value: '"400.23"' },
    { frame: MATCH, value: '"5.23512"' },
    { frame: MATCH, value: '280232' },
    { frame: MATCH, value: '"sell"' },
    { frame: MATCH, value: '"2021-04-17T16:43:37.089723Z"' },
    { frame: TICKER, value: '"400.10"' },
    { frame: TICKER, value: '333938798' },
    { frame: TICKER, value: '"2021-04-17T16:43:37.089724Z"' },
  ],
)

describe('coinbase dialect of 2021', () => {
  test('reads a match with the taker’s side: the exchange sends the maker’s', () => {
    expect(decode(coinbase2021, MATCH, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC-USD',
          eventTime: 1_618_677_817_089_723,
          sequence: 280_232,
          history: false,
          payload: { kind: 'trade', id: '280232', side: 'BUY', price: 400.23, size: 5.23512 },
        },
      ],
    })
  })

  test('takes the match before the subscription for history', () => {
    expect(decode(coinbase2021, LAST_MATCH, AT)).toMatchObject({ ticks: [{ history: true, sequence: 280_232 }] })
  })

  test('reads a ticker, without sizes unless there are some', () => {
    expect(decode(coinbase2021, TICKER, AT)).toMatchObject({
      unsized: 1,
      ticks: [{ sequence: 333_938_798, payload: { bid: 400.1, bidSize: undefined, ask: 400.23, askSize: undefined } }],
    })
    const sized = TICKER.replace('"side"', '"best_bid_size":"0.5","best_ask_size":"1.25","side"')
    expect(decode(coinbase2021, sized, AT)).toMatchObject({
      unsized: 0,
      ticks: [{ payload: { bidSize: 0.5, askSize: 1.25 } }],
    })
  })

  test('gives a quote without a time the receive time', () => {
    const timeless = TICKER.replace('2021-04-17T16:43:37.089724Z', '0001-01-01T00:00:00.000000Z')
    expect(decode(coinbase2021, timeless, AT)).toMatchObject({ ticks: [{ eventTime: AT, timeSource: 'RECEIVED' }] })
  })

  test('reads all subscriptions that an answer lists', () => {
    expect(decode(coinbase2021, ACK, AT)).toEqual({
      kind: 'ack',
      subscriptions: [
        { channel: 'matches', nativeSymbol: 'BTC-USD' },
        { channel: 'matches', nativeSymbol: 'ETH-USD' },
        { channel: 'ticker', nativeSymbol: 'BTC-USD' },
      ],
    })
  })

  test('lists products', () => {
    expect(coinbase2021.instruments.parse([{ id: 'CGLD-USD', base_currency: 'CGLD', quote_currency: 'USD' }])).toEqual([
      { symbol: 'CELO-USD', nativeSymbol: 'CGLD-USD' },
    ])
  })
})
