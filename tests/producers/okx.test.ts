import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode } from '../../producers/adapter.ts'
import { okx } from '../../producers/okx.ts'
import { adapterContract } from './contract.ts'

const AT = micros(1_795_169_730_223_000)

// Typed from OKX's API v5 pages (trades, order book, tickers, subscribe, notification): field names and kinds of values are
// its, numbers are ours.
const TRADE =
  '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"730639474","px":"91236.9","sz":"0.0126","side":"buy","ts":"1795169730123","count":"3","source":"0","seqId":1234}]}'
const TOP =
  '{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["91236.9","1.8826","0","17"]],"bids":[["91236.8","0.0057","0","2"]],"ts":"1795169730125","seqId":81234567}]}'
const TICKER =
  '{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"91236.9","lastSz":"0.1","askPx":"91237","askSz":"11","bidPx":"91236.5","bidSz":"5","open24h":"9000","high24h":"10000","low24h":"8888.88","volCcy24h":"2222","vol24h":"2222","sodUtc0":"2222","sodUtc8":"2222","ts":"1795169730126"}]}'
const BOOK =
  '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1795169730125","checksum":-855196043,"prevSeqId":123456,"seqId":123457}]}'
const ACK = '{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a4d3ae55"}'
const GONE = '{"event":"unsubscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a4d3ae55"}'
const REFUSED = '{"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}'
const NOTICE =
  '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}'
const CONNECTIONS = '{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}'

adapterContract(
  okx,
  [TRADE, TOP, TICKER, BOOK, ACK, GONE, NOTICE, CONNECTIONS, 'pong'],
  [
    { frame: TRADE, value: '"91236.9"' },
    { frame: TRADE, value: '"0.0126"' },
    { frame: TRADE, value: '"730639474"' },
    { frame: TRADE, value: '"buy"' },
    { frame: TRADE, value: '"1795169730123"' },
    { frame: TOP, value: '"91236.9"' },
    { frame: TOP, value: '"0.0057"' },
    { frame: TOP, value: '"1795169730125"' },
    { frame: TICKER, value: '"91237"' },
    { frame: TICKER, value: '"11"' },
    { frame: TICKER, value: '"1795169730126"' },
  ],
)

describe('okx adapter', () => {
  test('reads a trade with the taker’s side', () => {
    expect(decode(okx, TRADE, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC-USDT',
          eventTime: 1_795_169_730_123_000,
          timeSource: 'EXCHANGE',
          sequence: 730_639_474,
          history: false,
          payload: { kind: 'trade', id: '730639474', side: 'BUY', price: 91236.9, size: 0.0126 },
        },
      ],
    })
  })

  test('reads the top of the book, and the ticker of recordings', () => {
    expect(decode(okx, TOP, AT)).toMatchObject({
      ticks: [
        {
          nativeSymbol: 'BTC-USDT',
          eventTime: 1_795_169_730_125_000,
          payload: { bid: 91236.8, bidSize: 0.0057, ask: 91236.9, askSize: 1.8826, source: 'STREAM' },
        },
      ],
    })
    expect(decode(okx, TICKER, AT)).toMatchObject({
      ticks: [
        {
          eventTime: 1_795_169_730_126_000,
          payload: { bid: 91236.5, bidSize: 5, ask: 91237, askSize: 11, source: 'TICKER' },
        },
      ],
    })
  })

  test('withdraws a quote whose side has no orders', () => {
    const withdrawn = { withdrawals: [{ nativeSymbol: 'BTC-USDT', finding: 'one_sided' }], ticks: [] }
    expect(decode(okx, TOP.replace('[["91236.9","1.8826","0","17"]]', '[]'), AT)).toMatchObject(withdrawn)
    const empty = TICKER.replace('"bidPx":"91236.5","bidSz":"5"', '"bidPx":"","bidSz":""')
    expect(decode(okx, empty, AT)).toMatchObject(withdrawn)
  })

  test('takes no quote whose size is missing for one without sizes, and says whose it was', () => {
    expect(decode(okx, TICKER.replace('"askSz":"11",', ''), AT)).toMatchObject({
      kind: 'fault',
      reason: 'askSize: no decimal',
      unreadable: ['BTC-USDT'],
    })
  })

  test('pings with a text that is no JSON, and knows its answer', () => {
    expect(okx.ping?.frame).toBe('ping')
    expect(decode(okx, 'pong', AT)).toEqual({ kind: 'heartbeat' })
    expect(decode(okx, 'ping', AT).kind).toBe('fault')
  })

  test('reads the answer to each subscription, and refusals', () => {
    expect(decode(okx, ACK, AT)).toEqual({
      kind: 'ack',
      subscriptions: [{ channel: 'trades', nativeSymbol: 'BTC-USDT' }],
    })
    expect(decode(okx, REFUSED, AT)).toEqual({
      kind: 'fault',
      reason: 'request refused',
      detail: '60012 Invalid request',
    })
  })

  test('reconnects when a service upgrade is announced', () => {
    expect(decode(okx, NOTICE, AT)).toEqual({ kind: 'shutdown' })
  })

  test('asks for trades before quotes and awaits an answer to each', () => {
    const { frames, awaits } = okx.connect(['BTC-USDT', 'ETH-USDT'])
    expect(frames.map((frame) => JSON.parse(frame))).toEqual([
      {
        op: 'subscribe',
        args: [
          { channel: 'trades', instId: 'BTC-USDT' },
          { channel: 'trades', instId: 'ETH-USDT' },
        ],
      },
      {
        op: 'subscribe',
        args: [
          { channel: 'bbo-tbt', instId: 'BTC-USDT' },
          { channel: 'bbo-tbt', instId: 'ETH-USDT' },
        ],
      },
    ])
    expect(awaits).toHaveLength(4)
  })

  test('lists spot instruments only: sizes of the others are contracts', () => {
    const data = [
      { instType: 'SPOT', instId: 'BTC-USDT', baseCcy: 'BTC', quoteCcy: 'USDT', ctVal: '' },
      { instType: 'SWAP', instId: 'BTC-USDT-SWAP', baseCcy: '', quoteCcy: '', ctVal: '0.01' },
    ]
    expect(okx.instruments.parse({ code: '0', msg: '', data })).toEqual([
      { symbol: 'BTC-USDT', nativeSymbol: 'BTC-USDT' },
    ])
  })
})
