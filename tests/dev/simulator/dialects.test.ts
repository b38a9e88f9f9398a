import { describe, expect, test } from 'vitest'
import { micros } from '../../../core/time.ts'
import { NOTHING, type Books, type Dialect, type Reply } from '../../../dev/simulator/dialect.ts'
import { binance } from '../../../dev/simulator/dialects/binance.ts'
import { coinbase } from '../../../dev/simulator/dialects/coinbase.ts'
import { gate } from '../../../dev/simulator/dialects/gate.ts'
import { kraken } from '../../../dev/simulator/dialects/kraken.ts'
import { okx } from '../../../dev/simulator/dialects/okx.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { quoteOf, type Book } from '../../../dev/simulator/book.ts'
import { createMarket, drawTrades, type Market } from '../../../dev/simulator/market.ts'

const START = micros(Date.UTC(2026, 10, 20, 10, 15, 30, 123) * 1000)
const WIRE = { sequence: 41, now: micros(START + 120) }
const MICROSECONDS = { ...NOTHING, microseconds: true }

function marketOf(dialect: Dialect, symbols: readonly string[]): { market: Market; book: Book; byName: Books } {
  const market = createMarket(instrumentsOf({ exchanges: { [dialect.exchange]: { symbols: [...symbols] } } }), 1, START)
  const [book] = market.books
  if (book === undefined) throw new TypeError('no book')
  const byName = new Map(market.books.map((one): [string, Book] => [dialect.nativeSymbol(one.instrument), one]))
  return { market, book, byName }
}

/** Fields in their order, and the types of what they hold; of a list its first member. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return [shape(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.entries(value).map(([name, field]) => [name, shape(field)])
}
const shapeOf = (json: string): unknown => shape(JSON.parse(json))
const rendered = ({ frames }: Reply): readonly string[] =>
  frames.map(({ render }, index) => render({ ...WIRE, sequence: WIRE.sequence + index }))

describe('binance', () => {
  const { market, book, byName } = marketOf(binance, ['BTC-USDT', 'ETH-BTC'])
  const event = drawTrades(market, book, 1)
  const quote = quoteOf(book)

  test('writes aggTrade as documented', () => {
    const documented = `{"stream":"bnbbtc@aggTrade","data":{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,
      "p":"0.001","q":"100","f":100,"l":105,"T":1672515782136,"m":true,"M":true}}`
    expect(shapeOf(binance.trades(event, WIRE, MICROSECONDS))).toEqual(shapeOf(documented))
  })

  test('writes bookTicker as documented', () => {
    const documented = `{"stream":"bnbusdt@bookTicker","data":{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000",
      "a":"25.36520000","A":"40.66000000"}}`
    expect(shapeOf(binance.quote(quote, WIRE, MICROSECONDS))).toEqual(shapeOf(documented))
  })

  test('says m where the aggressor sold, and eight decimals', () => {
    const [trade] = event.trades
    const { data } = JSON.parse(binance.trades(event, WIRE, MICROSECONDS))
    expect(data.m).toBe(trade?.side === 'SELL')
    expect([data.p, data.q].map((text) => text.split('.')[1].length)).toEqual([8, 8])
  })

  test('writes milliseconds unless microseconds were asked for', () => {
    const [trade] = event.trades
    expect(JSON.parse(binance.trades(event, WIRE, NOTHING)).data.T).toBe(Math.floor((trade?.eventTime ?? 0) / 1000))
    expect(JSON.parse(binance.trades(event, WIRE, MICROSECONDS)).data.T).toBe(trade?.eventTime)
  })

  test('subscribes by the address, in either unit of time', () => {
    const query = new URLSearchParams(
      'streams=btcusdt@aggTrade/ethbtc@bookTicker/nonesuch@aggTrade&timeUnit=microsecond',
    )
    const { subscription, frames } = binance.open(query, byName, 1)
    expect(subscription).toEqual({ ...MICROSECONDS, trades: new Set(['BTC-USDT']), quotes: new Set(['ETH-BTC']) })
    expect(frames).toEqual([])
  })

  test('subscribes and unsubscribes live', () => {
    const text = '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","ethbtc@bookTicker"],"id":1}'
    const reply = binance.receive(NOTHING, text, byName, START)
    expect(rendered(reply)).toEqual(['{"result":null,"id":1}'])
    expect(reply.subscription.trades).toEqual(new Set(['BTC-USDT']))
    const listed = binance.receive(reply.subscription, '{"method":"LIST_SUBSCRIPTIONS","id":3}', byName, START)
    expect(rendered(listed)).toEqual(['{"result":["btcusdt@aggTrade","ethbtc@bookTicker"],"id":3}'])
    const gone = binance.receive(
      reply.subscription,
      '{"method":"UNSUBSCRIBE","params":["btcusdt@aggTrade"],"id":312}',
      byName,
      START,
    )
    expect(gone.subscription.trades).toEqual(new Set())
  })

  test('refuses what is no request', () => {
    expect(rendered(binance.receive(NOTHING, '{', byName, START))[0]).toMatch(/"code":3/)
    expect(rendered(binance.receive(NOTHING, '{"method":"SING","id":2}', byName, START))[0]).toMatch(/"code":2.*"id":2/)
  })

  test('lists its symbols', () => {
    expect(JSON.parse(binance.list(market.books, START)).symbols).toMatchObject([
      { symbol: 'BTCUSDT', status: 'TRADING', baseAsset: 'BTC', quoteAsset: 'USDT' },
      { symbol: 'ETHBTC', status: 'TRADING', baseAsset: 'ETH', quoteAsset: 'BTC' },
    ])
  })
})

describe('coinbase', () => {
  const { market, book, byName } = marketOf(coinbase, ['BTC-USD', 'ETH-USD'])
  const event = drawTrades(market, book, 3)

  test('writes market_trades as documented', () => {
    const documented = `{"channel":"market_trades","timestamp":"2023-02-09T20:19:35.39625135Z","sequence_num":0,"events":[
      {"type":"snapshot","trades":[{"product_id":"ETH-USD","trade_id":"12345","price":"1260.01","size":"0.3","time":"2019-08-14T20:42:27.265Z","side":"BUY"}]}]}`
    expect(shapeOf(coinbase.trades(event, WIRE, NOTHING))).toEqual(shapeOf(documented))
  })

  test('writes ticker as documented', () => {
    const documented = `{"channel":"ticker","timestamp":"2023-02-09T20:30:37.167359596Z","sequence_num":0,"events":[{"type":"snapshot",
      "tickers":[{"type":"ticker","product_id":"BTC-USD","price":"21932.98","volume_24_h":"16038.28770938","low_24_h":"21835.29",
      "high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98",
      "best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}]}]}`
    expect(shapeOf(coinbase.quote(quoteOf(book), WIRE, NOTHING))).toEqual(shapeOf(documented))
  })

  test('writes heartbeats as documented, if asked for', () => {
    const documented = `{"channel":"heartbeats","timestamp":"2023-06-23T20:31:26.122969572Z","sequence_num":0,"events":[
      {"current_time":"2023-06-23 20:31:56.121961769 +0000 UTC m=+91717.525857105","heartbeat_counter":3049}]}`
    const frame = coinbase.heartbeat({ ...NOTHING, heartbeats: true }, 7, false)
    expect(shapeOf(frame?.render(WIRE) ?? '')).toEqual(shapeOf(documented))
    expect(coinbase.heartbeat(NOTHING, 7, true)).toBeUndefined()
  })

  test("lists trades newest first, with the maker's side", () => {
    const { trades } = JSON.parse(coinbase.trades(event, WIRE, NOTHING)).events[0]
    const ids = event.trades.map(({ id }) => String(id)).toReversed()
    const makers = event.trades.map(({ side }) => (side === 'BUY' ? 'SELL' : 'BUY')).toReversed()
    expect(trades.map((one: { trade_id: string }) => one.trade_id)).toEqual(ids)
    expect(trades.map((one: { side: string }) => one.side)).toEqual(makers)
  })

  test('sends the last hundred trades as a snapshot, then acknowledges all subscriptions', () => {
    const first = coinbase.receive(
      NOTHING,
      '{"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"}',
      byName,
      START,
    )
    const [snapshot = '', ack = ''] = rendered(first)
    const { events } = JSON.parse(snapshot)
    expect([events[0].type, events[0].trades.length]).toEqual(['snapshot', 100])
    expect(events[0].trades[0].trade_id).toBe(String(book.tradeId))
    expect(JSON.parse(ack)).toMatchObject({
      channel: 'subscriptions',
      sequence_num: 42,
      events: [{ subscriptions: { market_trades: ['BTC-USD'] } }],
    })
    const beats = coinbase.receive(first.subscription, '{"type":"subscribe","channel":"heartbeats"}', byName, START)
    expect(rendered(beats).map((frame) => JSON.parse(frame).events[0])).toEqual([
      { subscriptions: { market_trades: ['BTC-USD'], heartbeats: ['heartbeats'] } },
    ])
  })

  test('snapshots the ticker, and stops on unsubscribe', () => {
    const text = '{"type":"subscribe","product_ids":["ETH-USD","BTC-USD"],"channel":"ticker"}'
    const { subscription, ...reply } = coinbase.receive(NOTHING, text, byName, START)
    expect(rendered({ subscription, ...reply }).map((frame) => JSON.parse(frame).channel)).toEqual([
      'ticker',
      'ticker',
      'subscriptions',
    ])
    const gone = coinbase.receive(
      subscription,
      '{"type":"unsubscribe","product_ids":["ETH-USD"],"channel":"ticker"}',
      byName,
      START,
    )
    expect(gone.subscription.quotes).toEqual(new Set(['BTC-USD']))
  })

  test('refuses an unknown product without a number', () => {
    const { frames } = coinbase.receive(
      NOTHING,
      '{"type":"subscribe","product_ids":["X-Y"],"channel":"ticker"}',
      byName,
      START,
    )
    expect(frames.map(({ render, unnumbered }) => [JSON.parse(render(WIRE)).type, unnumbered])).toEqual([
      ['error', true],
    ])
  })

  test('lists its products', () => {
    expect(JSON.parse(coinbase.list(market.books, START))).toMatchObject({
      num_products: 2,
      products: [
        { product_id: 'BTC-USD', base_currency_id: 'BTC', quote_currency_id: 'USD', status: 'online' },
        { product_id: 'ETH-USD' },
      ],
    })
  })
})

describe('kraken', () => {
  const { market, book, byName } = marketOf(kraken, ['BTC-USD', 'DOGE-USD', 'SOL-BTC', 'ETH-BTC', 'USDC-USD'])
  const event = drawTrades(market, book, 2)

  test('writes trade as documented', () => {
    const documented = `{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,
      "ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}`
    expect(shapeOf(kraken.trades(event, WIRE, NOTHING))).toEqual(shapeOf(documented))
  })

  test('writes ticker as documented', () => {
    const documented = `{"channel":"ticker","type":"update","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10035,
      "ask_qty":740.0,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,
      "change_pct":-0.17,"timestamp":"2023-09-25T07:49:37.708706Z"}]}`
    expect(shapeOf(kraken.quote(quoteOf(book), WIRE, NOTHING))).toEqual(shapeOf(documented))
  })

  test('greets with its status', () => {
    const documented = `{"channel":"status","type":"update","data":[{"version":"2.0.0","system":"online","api_version":"v2","connection_id":12393906104898154338}]}`
    expect(rendered(kraken.open(new URLSearchParams(), byName, 1)).map(shapeOf)).toEqual([shapeOf(documented)])
  })

  test('acknowledges each symbol and refuses an unknown one', () => {
    const text =
      '{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","MATIC/GBP"],"event_trigger":"bbo","snapshot":false},"req_id":1}'
    const documented = `{"method":"subscribe","req_id":1,"result":{"channel":"ticker","event_trigger":"trades","snapshot":true,"symbol":"BTC/USD"},
      "success":true,"time_in":"2024-05-15T11:20:43.013486Z","time_out":"2024-05-15T11:20:43.013545Z"}`
    const reply = kraken.receive(NOTHING, text, byName, START)
    const [ack = '', refusal = ''] = rendered(reply)
    expect(shapeOf(ack)).toEqual(shapeOf(documented))
    expect(JSON.parse(refusal)).toMatchObject({ method: 'subscribe', success: false, symbol: 'MATIC/GBP', req_id: 1 })
    expect(reply.subscription).toEqual({ ...NOTHING, quotes: new Set(['BTC-USD']) })
  })

  test('sends a snapshot after the acknowledgement unless told not to', () => {
    const subscribe = (params: string): readonly string[] =>
      rendered(
        kraken.receive(NOTHING, `{"method":"subscribe","params":{"symbol":["BTC/USD"],${params}}}`, byName, START),
      )
    expect(subscribe('"channel":"trade","snapshot":false')).toHaveLength(1)
    const [, trades = ''] = subscribe('"channel":"trade"')
    const { type, data } = JSON.parse(trades)
    expect([type, data.length, data.at(-1).trade_id]).toEqual(['snapshot', 50, book.tradeId])
    expect(JSON.parse(subscribe('"channel":"ticker"')[1] ?? '')).toMatchObject({ channel: 'ticker', type: 'snapshot' })
  })

  test('answers a ping', () => {
    const documented =
      '{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}'
    expect(rendered(kraken.receive(NOTHING, '{"method":"ping","req_id":101}', byName, START)).map(shapeOf)).toEqual([
      shapeOf(documented),
    ])
    expect(rendered(kraken.receive(NOTHING, '{"method":"ping"}', byName, START))[0]).toMatch(
      /^\{"method":"pong","time_in"/,
    )
  })

  test('beats only where it has nothing else to say', () => {
    const subscription = { ...NOTHING, trades: new Set(['BTC-USD']) }
    expect(kraken.heartbeat(subscription, 1, true)?.render(WIRE)).toBe('{"channel":"heartbeat"}')
    expect(kraken.heartbeat(subscription, 1, false)).toBeUndefined()
    expect(kraken.heartbeat(NOTHING, 1, true)).toBeUndefined()
  })

  test('lists its pairs under the old names', () => {
    const { error, result } = JSON.parse(kraken.list(market.books, START))
    expect(error).toEqual([])
    expect(result).toMatchObject({
      XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD', status: 'online' },
      XDGUSD: { altname: 'XDGUSD', wsname: 'XDG/USD', base: 'XXDG', quote: 'ZUSD' },
      XETHXXBT: { wsname: 'ETH/XBT', base: 'XETH', quote: 'XXBT' },
      SOLXBT: { wsname: 'SOL/XBT', base: 'SOL', quote: 'XXBT' },
      USDCUSD: { wsname: 'USDC/USD', base: 'USDC', quote: 'ZUSD' },
    })
  })
})

describe('okx', () => {
  const { market, book, byName } = marketOf(okx, ['BTC-USDT', 'ETH-BTC'])
  const event = drawTrades(market, book, 2)
  const { subscription: opened } = okx.open(new URLSearchParams(), byName, 7)
  const ask = (text: string) => okx.receive(opened, text, byName, START)

  test('writes trades as documented', () => {
    const documented = `{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9",
      "sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0","seqId":1234}]}`
    expect(shapeOf(okx.trades(event, WIRE, opened))).toEqual(shapeOf(documented))
    expect(JSON.parse(okx.trades(event, WIRE, opened)).data.map((one: { tradeId: string }) => one.tradeId)).toEqual(
      event.trades.map(({ id }) => String(id)),
    )
  })

  test('writes bbo-tbt as documented: one level a side', () => {
    const documented = `{"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],
      "bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}`
    const quote = quoteOf(book)
    const frame = okx.quote(quote, WIRE, opened)
    expect(shapeOf(frame)).toEqual(shapeOf(documented))
    const [top] = JSON.parse(frame).data
    expect([...top.bids, ...top.asks].map(([price, size]) => [price, size])).toEqual([
      [quote.bid, quote.bidSize],
      [quote.ask, quote.askSize],
    ])
  })

  test('acknowledges each channel with the name of the connection, and begins with the newest there is', () => {
    const args = '[{"channel":"trades","instId":"BTC-USDT"},{"channel":"bbo-tbt","instId":"ETH-BTC"}]'
    const documented = '{"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"},"connId":"accb8e21"}'
    const reply = ask(`{"op":"subscribe","args":${args}}`)
    const [ack = '', trade = '', second = '', top = ''] = rendered(reply)
    expect(shapeOf(ack)).toEqual(shapeOf(documented))
    expect(JSON.parse(ack).connId).toMatch(/^[0-9a-f]{8}$/)
    expect(JSON.parse(trade)).toMatchObject({ arg: { channel: 'trades' }, data: [{ tradeId: String(book.tradeId) }] })
    expect(JSON.parse(second)).toMatchObject({ event: 'subscribe', arg: { channel: 'bbo-tbt', instId: 'ETH-BTC' } })
    expect(JSON.parse(top)).toMatchObject({ arg: { channel: 'bbo-tbt', instId: 'ETH-BTC' } })
    expect(reply.subscription).toMatchObject({ trades: new Set(['BTC-USDT']), quotes: new Set(['ETH-BTC']) })
    const gone = okx.receive(reply.subscription, `{"op":"unsubscribe","args":${args}}`, byName, START)
    expect(gone.subscription).toMatchObject({ trades: new Set(), quotes: new Set() })
    expect(rendered(gone).map((frame) => JSON.parse(frame).event)).toEqual(['unsubscribe', 'unsubscribe'])
  })

  test('refuses what is no request and what it does not list, and goes on with the rest', () => {
    const documented = `{"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}`
    expect(rendered(ask('{"op":"sing"}')).map(shapeOf)).toEqual([shapeOf(documented)])
    const mixed = ask(
      '{"op":"subscribe","args":[{"channel":"trades","instId":"X-Y"},{"channel":"trades","instId":"BTC-USDT"}]}',
    )
    expect(rendered(mixed).map((frame) => JSON.parse(frame))).toMatchObject([
      { event: 'error', code: '60018', msg: expect.stringContaining("instId:X-Y doesn't exist") },
      { event: 'subscribe' },
      { arg: { channel: 'trades' } },
    ])
    expect(mixed.subscription.trades).toEqual(new Set(['BTC-USDT']))
  })

  test('answers the text ping with the text pong, which is not counted as a message', () => {
    expect(rendered(ask('ping'))).toEqual(['pong'])
    expect(['ping', '{"op":"subscribe","args":[]}'].map((text) => okx.isCounted?.(text))).toEqual([false, true])
  })

  test('announces a service upgrade as documented', () => {
    const documented = `{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`
    const { connId, ...said } = JSON.parse(okx.shutdown?.(opened, START).render(WIRE) ?? '')
    expect({ ...said, connId: 'a4d3ae55' }).toEqual(JSON.parse(documented))
    expect(connId).toBe(opened.name)
  })

  test('lists its instruments', () => {
    expect(JSON.parse(okx.list(market.books, START))).toMatchObject({
      code: '0',
      data: [
        { instType: 'SPOT', instId: 'BTC-USDT', baseCcy: 'BTC', quoteCcy: 'USDT', state: 'live' },
        { instId: 'ETH-BTC', baseCcy: 'ETH', quoteCcy: 'BTC' },
      ],
    })
  })
})

describe('gate', () => {
  const { market, book, byName } = marketOf(gate, ['BTC-USDT', 'ETH-BTC'])
  const event = drawTrades(market, book, 1)
  const { subscription: opened } = gate.open(new URLSearchParams(), byName, 7)
  const ask = (text: string) => gate.receive(opened, text, byName, START)

  test('writes spot.trades as documented, times with a fraction of milliseconds', () => {
    const documented = `{"time":1606292218,"time_ms":1606292218231,"channel":"spot.trades","event":"update","result":{"id":309143071,
      "create_time":1606292218,"create_time_ms":"1606292218213.4578","side":"sell","currency_pair":"GT_USDT","amount":"16.4700000000",
      "price":"0.4705000000","range":"2390902-2390902"}}`
    const frame = gate.trades(event, WIRE, opened)
    expect(shapeOf(frame)).toEqual(shapeOf(documented))
    const [seconds = '', fraction = ''] = JSON.parse(frame).result.create_time_ms.split('.')
    expect(Number(`${seconds}${fraction}`)).toBe(event.trades[0]?.eventTime)
  })

  test('writes spot.book_ticker as documented', () => {
    const documented = `{"time":1606293275,"time_ms":1606293275723,"channel":"spot.book_ticker","event":"update","result":{"t":1606293275123,
      "u":48733182,"s":"BTC_USDT","b":"19177.79","B":"0.0003341504","a":"19179.38","A":"0.09"}}`
    expect(shapeOf(gate.quote(quoteOf(book), WIRE, opened))).toEqual(shapeOf(documented))
  })

  test('acknowledges a subscription, and refuses a whole frame for one unknown symbol', () => {
    const request = (what: string, pairs: string): string =>
      `{"time":1606292218,"channel":"spot.trades","event":"${what}","payload":${pairs}}`
    const reply = ask(request('subscribe', '["BTC_USDT","ETH_BTC"]'))
    expect(rendered(reply).map((frame) => JSON.parse(frame))).toMatchObject([
      {
        channel: 'spot.trades',
        event: 'subscribe',
        payload: ['BTC_USDT', 'ETH_BTC'],
        error: null,
        result: { status: 'success' },
      },
    ])
    expect(reply.subscription.trades).toEqual(new Set(['BTC-USDT', 'ETH-BTC']))
    const refused = ask(request('subscribe', '["BTC_USDT","XXX_USDT"]'))
    expect(JSON.parse(rendered(refused)[0] ?? '')).toMatchObject({
      event: 'subscribe',
      error: { code: 2, message: 'unknown currency pair XXX_USDT' },
      result: null,
    })
    expect(refused.subscription.trades).toEqual(new Set())
    const gone = gate.receive(reply.subscription, request('unsubscribe', '["ETH_BTC"]'), byName, START)
    expect(gone.subscription.trades).toEqual(new Set(['BTC-USDT']))
  })

  test('refuses what is no request', () => {
    const [frame = ''] = rendered(ask('{'))
    expect(JSON.parse(frame)).toMatchObject({ error: { code: 1 }, result: null })
  })

  test('answers its ping', () => {
    const documented = '{"time":1545404023,"time_ms":1545404023123,"channel":"spot.pong","event":"","result":null}'
    expect(rendered(ask('{"time":1545404023,"channel":"spot.ping"}')).map(shapeOf)).toEqual([shapeOf(documented)])
  })

  test('lists its pairs', () => {
    expect(JSON.parse(gate.list(market.books, START))).toMatchObject([
      { id: 'BTC_USDT', base: 'BTC', quote: 'USDT', trade_status: 'tradable' },
      { id: 'ETH_BTC' },
    ])
  })
})
