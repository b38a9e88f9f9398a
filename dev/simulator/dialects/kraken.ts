import { toIso, type Micros } from '../../../core/time.ts'
import {
  changed,
  fixed,
  isObject,
  NOTHING,
  parseRequest,
  textsOf,
  type Dialect,
  type ReplyFrame,
  type Subscription,
} from '../dialect.ts'
import { quoteOf, type Book, type QuoteEvent, type TradesEvent } from '../book.ts'

const SNAPSHOT_TRADES = 50

/** WebSocket v2; `ticker`, `trade`. Numbers are JSON numbers. Checked on 2026-11-21 against the exchange's API reference. */
export const kraken: Dialect = {
  exchange: 'kraken',
  socketPath: '/v2',
  listPath: '/0/public/AssetPairs',
  nativeSymbol: ({ base, quote }) => `${base}/${quote}`,

  list: (books) => JSON.stringify({ error: [], result: Object.fromEntries(books.map(listed)) }),

  open: () => ({
    subscription: NOTHING,
    frames: [
      // The id is above 2^53, as the real ones are.
      fixed(
        '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":14610829736239318251}]}',
      ),
    ],
  }),

  receive(old, text, books, received) {
    const request = parseRequest(text)
    const id = request?.['req_id'] === undefined ? '' : `"req_id":${JSON.stringify(request['req_id'])},`
    const times = (now: Micros): string => `"time_in":"${toIso(received)}","time_out":"${toIso(now)}"}`
    const method = request?.['method']
    if (method === 'ping') {
      return { subscription: old, frames: [{ render: ({ now }) => `{"method":"pong",${id}${times(now)}` }] }
    }
    const params = request?.['params']
    const channel = isObject(params) ? params['channel'] : undefined
    if (
      (method !== 'subscribe' && method !== 'unsubscribe') ||
      !isObject(params) ||
      (channel !== 'ticker' && channel !== 'trade')
    ) {
      const render: ReplyFrame['render'] = ({ now }) =>
        `{"error":"Unsupported request","method":${JSON.stringify(method ?? '')},${id}"success":false,${times(now)}`
      return { subscription: old, frames: [{ render }] }
    }
    const add = method === 'subscribe'
    const wanted = textsOf(params['symbol'])
    const known = wanted.flatMap((name) => books.get(name)?.instrument.symbol ?? [])
    const options =
      channel === 'ticker'
        ? `"channel":"ticker","event_trigger":${JSON.stringify(params['event_trigger'] ?? 'trades')}`
        : '"channel":"trade"'
    const withSnapshot = params['snapshot'] !== false
    const frames = wanted.flatMap((name): readonly ReplyFrame[] => {
      const book = books.get(name)
      const symbol = JSON.stringify(name)
      if (book === undefined) {
        const error = JSON.stringify(`Currency pair not supported ${name}`)
        return [
          {
            render: ({ now }) =>
              `{"error":${error},"method":"${method}",${id}"success":false,"symbol":${symbol},${times(now)}`,
          },
        ]
      }
      const asked = add ? `,"snapshot":${withSnapshot}` : ''
      const ack: ReplyFrame = {
        render: ({ now }) =>
          `{"method":"${method}",${id}"result":{${options}${asked},"symbol":${symbol}},"success":true,${times(now)}`,
      }
      return add && withSnapshot ? [ack, snapshot(channel, book)] : [ack]
    })
    return { subscription: subscribe(old, channel, known, add), frames }
  },

  trades: (event) => tradeFrame('update', event),
  quote: (event) => tickerFrame('update', event),
  heartbeat: ({ trades, quotes }, _beats, idle) =>
    idle && trades.size + quotes.size > 0 ? fixed('{"channel":"heartbeat"}') : undefined,

  tooMany: () => ({ frame: fixed('{"error":"Exceeded msg rate","success":false}') }),
}

function tradeFrame(type: 'snapshot' | 'update', { book, trades }: TradesEvent): string {
  const { base, quote } = book.instrument
  let list = ''
  for (const trade of trades) {
    list +=
      `${list === '' ? '' : ','}{"symbol":"${base}/${quote}","side":"${trade.side === 'BUY' ? 'buy' : 'sell'}","price":${trade.price},` +
      `"qty":${trade.size},"ord_type":"${trade.id % 3 === 0 ? 'market' : 'limit'}","trade_id":${trade.id},"timestamp":"${toIso(trade.eventTime)}"}`
  }
  return `{"channel":"trade","type":"${type}","data":[${list}]}`
}

function tickerFrame(type: 'snapshot' | 'update', event: QuoteEvent): string {
  const { base, quote } = event.book.instrument
  return (
    `{"channel":"ticker","type":"${type}","data":[{"symbol":"${base}/${quote}","bid":${event.bid},"bid_qty":${event.bidSize},` +
    `"ask":${event.ask},"ask_qty":${event.askSize},"last":${event.last},"volume":4638.19412601,"vwap":${event.last},` +
    `"low":${event.bid},"high":${event.ask},"change":0.0,"change_pct":0.0,"timestamp":"${toIso(event.eventTime)}"}]}`
  )
}

function snapshot(channel: 'ticker' | 'trade', book: Book): ReplyFrame {
  if (channel === 'ticker') return fixed(tickerFrame('snapshot', quoteOf(book)))
  const history: TradesEvent = { kind: 'trades', book, trades: book.recent.slice(-SNAPSHOT_TRADES) }
  return { history, render: () => tradeFrame('snapshot', history) }
}

const subscribe = (
  old: Subscription,
  channel: 'ticker' | 'trade',
  symbols: readonly string[],
  add: boolean,
): Subscription =>
  channel === 'ticker'
    ? { ...old, quotes: changed(old.quotes, symbols, add) }
    : { ...old, trades: changed(old.trades, symbols, add) }

/** REST writes the old names: XBT, XDG, and a letter before the assets of the first years. */
const OLD_NAMES: ReadonlyMap<string, readonly [short: string, long: string]> = new Map([
  ['BTC', ['XBT', 'XXBT']],
  ['DOGE', ['XDG', 'XXDG']],
  ['ETH', ['ETH', 'XETH']],
  ['LTC', ['LTC', 'XLTC']],
  ['XRP', ['XRP', 'XXRP']],
  ['USD', ['USD', 'ZUSD']],
  ['EUR', ['EUR', 'ZEUR']],
])

function listed({ instrument: { base, quote, priceDecimals, sizeDecimals } }: Book) {
  const [shortBase, longBase] = OLD_NAMES.get(base) ?? [base, base]
  const [shortQuote, longQuote] = OLD_NAMES.get(quote) ?? [quote, quote]
  const isOld = longBase !== base && base !== 'DOGE' && longQuote !== quote
  const pair = {
    altname: `${shortBase}${shortQuote}`,
    wsname: `${shortBase}/${shortQuote}`,
    aclass_base: 'currency',
    base: longBase,
    aclass_quote: 'currency',
    quote: longQuote,
    lot: 'unit',
    cost_decimals: 5,
    pair_decimals: priceDecimals,
    lot_decimals: sizeDecimals,
    lot_multiplier: 1,
    leverage_buy: [],
    leverage_sell: [],
    fees: [[0, 0.4]],
    fees_maker: [[0, 0.25]],
    fee_volume_currency: 'ZUSD',
    margin_call: 80,
    margin_stop: 40,
    ordermin: '0.00005',
    costmin: '0.5',
    tick_size: (1 / 10 ** priceDecimals).toFixed(priceDecimals),
    status: 'online',
  }
  return [isOld ? `${longBase}${longQuote}` : `${shortBase}${shortQuote}`, pair] as const
}
