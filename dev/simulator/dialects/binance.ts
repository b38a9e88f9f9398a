import {
  changed,
  fixed,
  NOTHING,
  parseRequest,
  textsOf,
  type Books,
  type Dialect,
  type Subscription,
} from '../dialect.ts'
import type { Book } from '../book.ts'

/** Spot combined streams; `aggTrade` and `bookTicker`. Checked on 2026-11-21 against the exchange's web-socket-streams page. */
export const binance: Dialect = {
  exchange: 'binance',
  socketPath: '/stream',
  listPath: '/api/v3/exchangeInfo',
  ping: { everyMs: 20_000, withinMs: 60_000 },
  nativeSymbol: ({ base, quote }) => `${base}${quote}`,

  list: (books, now) =>
    JSON.stringify({
      timezone: 'UTC',
      serverTime: Math.floor(now / 1000),
      rateLimits: [],
      exchangeFilters: [],
      symbols: books.map(listed),
    }),

  open(query, books) {
    const streams = (query.get('streams') ?? '').split('/').filter((stream) => stream !== '')
    const microseconds = query.get('timeUnit')?.toUpperCase() === 'MICROSECOND'
    return { subscription: subscribe({ ...NOTHING, microseconds }, streams, books, true), frames: [] }
  },

  receive(subscription, text, books) {
    const request = parseRequest(text)
    if (request === undefined) {
      return {
        subscription,
        frames: [fixed('{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}')],
      }
    }
    const id = JSON.stringify(request['id'] ?? null)
    const method = request['method']
    if (method === 'LIST_SUBSCRIPTIONS') {
      return {
        subscription,
        frames: [fixed(`{"result":${JSON.stringify(streamsOf(subscription, books))},"id":${id}}`)],
      }
    }
    if (method !== 'SUBSCRIBE' && method !== 'UNSUBSCRIBE') {
      const msg = 'Invalid request: unknown variant, expected one of SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS'
      return { subscription, frames: [fixed(`{"error":{"code":2,"msg":"${msg}"},"id":${id}}`)] }
    }
    return {
      subscription: subscribe(subscription, textsOf(request['params']), books, method === 'SUBSCRIBE'),
      frames: [fixed(`{"result":null,"id":${id}}`)],
    }
  },

  trades({ book, trades }, { now }, { microseconds }) {
    const [trade] = trades
    if (trade === undefined) return ''
    const { base, quote } = book.instrument
    const [sent, done] = microseconds
      ? [now, trade.eventTime]
      : [Math.floor(now / 1000), Math.floor(trade.eventTime / 1000)]
    return (
      `{"stream":"${base.toLowerCase()}${quote.toLowerCase()}@aggTrade","data":{"e":"aggTrade","E":${sent},"s":"${base}${quote}",` +
      `"a":${trade.id},"p":"${eight(trade.price)}","q":"${eight(trade.size)}","f":${trade.first},"l":${trade.last},"T":${done},` +
      `"m":${trade.side === 'SELL'},"M":true}}`
    )
  },

  quote(event) {
    const { base, quote } = event.book.instrument
    return (
      `{"stream":"${base.toLowerCase()}${quote.toLowerCase()}@bookTicker","data":{"u":${event.updateId},"s":"${base}${quote}",` +
      `"b":"${eight(event.bid)}","B":"${eight(event.bidSize)}","a":"${eight(event.ask)}","A":"${eight(event.askSize)}"}}`
    )
  },

  heartbeat: () => undefined,
  tooMany: () => ({ close: { code: 1008, reason: 'Too many requests' } }),
  shutdown: (_, now) => fixed(`{"e":"serverShutdown","E":${Math.floor(now / 1000)}}`),
}

/** Numbers have eight decimals, whatever the symbol's own are. */
function eight(text: string): string {
  const point = text.indexOf('.')
  return point < 0 ? `${text}.00000000` : text.padEnd(point + 9, '0')
}

/** Streams it does not know are accepted and stay mute, as at the exchange. */
function subscribe(old: Subscription, streams: readonly string[], books: Books, add: boolean): Subscription {
  const of = (kind: string): readonly string[] =>
    streams.flatMap((stream) => {
      const [name = '', channel] = stream.split('@')
      const book = channel === kind ? books.get(name.toUpperCase()) : undefined
      return book === undefined ? [] : [book.instrument.symbol]
    })
  return {
    ...old,
    trades: changed(old.trades, of('aggTrade'), add),
    quotes: changed(old.quotes, of('bookTicker'), add),
  }
}

const streamsOf = (subscription: Subscription, books: Books): readonly string[] =>
  [...books].flatMap(([name, { instrument }]) => [
    ...(subscription.trades.has(instrument.symbol) ? [`${name.toLowerCase()}@aggTrade`] : []),
    ...(subscription.quotes.has(instrument.symbol) ? [`${name.toLowerCase()}@bookTicker`] : []),
  ])

const listed = ({ instrument: { base, quote, priceDecimals, sizeDecimals } }: Book) => ({
  symbol: `${base}${quote}`,
  status: 'TRADING',
  baseAsset: base,
  baseAssetPrecision: 8,
  quoteAsset: quote,
  quotePrecision: 8,
  quoteAssetPrecision: 8,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: false,
  filters: [
    {
      filterType: 'PRICE_FILTER',
      minPrice: eight(step(priceDecimals)),
      maxPrice: '1000000.00000000',
      tickSize: eight(step(priceDecimals)),
    },
    {
      filterType: 'LOT_SIZE',
      minQty: eight(step(sizeDecimals)),
      maxQty: '9000000.00000000',
      stepSize: eight(step(sizeDecimals)),
    },
  ],
  permissions: [],
  permissionSets: [['SPOT']],
})

const step = (decimals: number): string => (1 / 10 ** decimals).toFixed(decimals)
