import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { gate } from '../../producers/gate.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_795_169_730_223_000)

// Typed from Gate's Spot WebSocket v4 page (trades, book_ticker, tickers, ping, errors): field names and kinds of values are
// its, numbers are ours.
const TRADE =
  '{"time":1795169730,"time_ms":1795169730140,"channel":"spot.trades","event":"update","result":{"id":7541729596,"create_time":1795169730,"create_time_ms":"1795169730123.456","side":"sell","currency_pair":"BTC_USDT","amount":"0.0123","price":"91235.5","range":"1-1"}}'
const TOP =
  '{"time":1795169730,"time_ms":1795169730142,"channel":"spot.book_ticker","event":"update","result":{"t":1795169730125,"u":21517377894,"s":"BTC_USDT","b":"91235.4","B":"0.5","a":"91235.5","A":"1.02"}}'
const TICKER =
  '{"time":1795169730,"time_ms":1795169730143,"channel":"spot.tickers","event":"update","result":{"currency_pair":"BTC_USDT","last":"91235.6","lowest_ask":"91235.7","highest_bid":"91235.4","change_percentage":"-1.63","base_volume":"9.02","quote_volume":"823001.1","high_24h":"93000.1","low_24h":"90300.1"}}'
const BOOK =
  '{"time":1795169730,"time_ms":1795169730144,"channel":"spot.order_book_update","event":"update","result":{"t":1795169730123,"e":"depthUpdate","E":1795169730,"s":"BTC_USDT","U":48776301,"u":48776306,"b":[],"a":[]}}'
const PONG = '{"time":1795169745,"time_ms":1795169745140,"channel":"spot.pong","event":"","result":null}'
const ACK =
  '{"time":1795169730,"time_ms":1795169730110,"conn_id":"ca6603ab1c63e6a0","channel":"spot.trades","event":"subscribe","payload":["BTC_USDT"],"error":null,"result":{"status":"success"}}'
const OLD_ACK = '{"time":1619093532,"channel":"spot.trades","event":"subscribe","result":{"status":"success"}}'
const REFUSED =
  '{"time":1795169730,"time_ms":1795169730110,"channel":"spot.trades","event":"subscribe","payload":["XXX_USDT"],"error":{"code":2,"message":"unknown currency pair XXX_USDT"},"result":null}'

adapterContract(
  gate,
  [TRADE, TOP, TICKER, BOOK, PONG, ACK, OLD_ACK],
  [
    { frame: TRADE, value: '"91235.5"' },
    { frame: TRADE, value: '"0.0123"' },
    { frame: TRADE, value: '7541729596' },
    { frame: TRADE, value: '"sell"' },
    { frame: TRADE, value: '"1795169730123.456"' },
    { frame: TOP, value: '"91235.4"' },
    { frame: TOP, value: '"1.02"' },
    { frame: TOP, value: '1795169730125' },
    { frame: TOP, value: '21517377894' },
    { frame: TICKER, value: '"91235.7"' },
  ],
)

describe('gate adapter', () => {
  test('reads a trade with the taker’s side and the time to the microsecond', () => {
    expect(decode(gate, TRADE, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC_USDT',
          eventTime: 1_795_169_730_123_456,
          timeSource: 'EXCHANGE',
          sequence: 7_541_729_596,
          history: false,
          payload: { kind: 'trade', id: '7541729596', side: 'SELL', price: 91235.5, size: 0.0123 },
        },
      ],
    })
  })

  test('reads the top of the book', () => {
    expect(decode(gate, TOP, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC_USDT',
          eventTime: 1_795_169_730_125_000,
          sequence: 21_517_377_894,
          payload: { bid: 91235.4, bidSize: 0.5, ask: 91235.5, askSize: 1.02, source: 'STREAM' },
        },
      ],
    })
  })

  test('reads a recorded ticker without sizes, at the receive time', () => {
    expect(decode(gate, TICKER, AT)).toMatchObject({
      unsized: 1,
      ticks: [
        {
          eventTime: AT,
          timeSource: 'RECEIVED',
          payload: { bid: 91235.4, bidSize: undefined, ask: 91235.7, askSize: undefined, source: 'TICKER' },
        },
      ],
    })
  })

  test('withdraws a quote whose side has no orders', () => {
    const empty = TOP.replace('"b":"91235.4","B":"0.5"', '"b":"","B":""')
    expect(decode(gate, empty, AT)).toMatchObject({ ticks: [], withdrawals: [{ finding: 'one_sided' }] })
  })

  test('takes no quote whose size is missing for one without sizes, and says whose it was', () => {
    expect(decode(gate, TOP.replace(',"A":"1.02"', ''), AT)).toMatchObject({
      kind: 'fault',
      reason: 'askSize: no decimal',
      unreadable: ['BTC_USDT'],
    })
  })

  test('reads what an answer was to; of 2021 it does not say', () => {
    expect(decode(gate, ACK, AT)).toEqual({
      kind: 'ack',
      subscriptions: [{ channel: 'spot.trades', nativeSymbol: 'BTC_USDT' }],
    })
    expect(decode(gate, OLD_ACK, AT)).toEqual({ kind: 'ack', subscriptions: [] })
    expect(decode(gate, ACK.replace('"subscribe"', '"unsubscribe"'), AT)).toEqual({ kind: 'ack', subscriptions: [] })
  })

  test('names the symbol that is refused', () => {
    expect(decode(gate, REFUSED, AT)).toEqual({
      kind: 'fault',
      reason: 'request refused',
      detail: '2 unknown currency pair XXX_USDT',
      nativeSymbol: 'XXX_USDT',
    })
  })

  test('asks for each symbol by itself, trades before quotes', () => {
    const { frames, awaits } = gate.connect(['BTC_USDT', 'ETH_USDT'])
    expect(frames.map((frame) => JSON.parse(frame))).toEqual([
      { channel: 'spot.trades', event: 'subscribe', payload: ['BTC_USDT'] },
      { channel: 'spot.trades', event: 'subscribe', payload: ['ETH_USDT'] },
      { channel: 'spot.book_ticker', event: 'subscribe', payload: ['BTC_USDT'] },
      { channel: 'spot.book_ticker', event: 'subscribe', payload: ['ETH_USDT'] },
    ])
    expect(awaits).toHaveLength(4)
  })

  test('lists pairs, but not the coin that has another’s code', () => {
    const pairs = [
      { id: 'BTC_USDT', base: 'BTC', quote: 'USDT', trade_status: 'tradable' },
      { id: 'GTC_USDT', base: 'GTC', quote: 'USDT', trade_status: 'tradable' },
    ]
    expect(gate.instruments.parse(pairs)).toEqual([{ symbol: 'BTC-USDT', nativeSymbol: 'BTC_USDT' }])
  })
})
