import { toIso, type Micros } from '../../../core/time.ts'
import {
  changed,
  fixed,
  NOTHING,
  parseRequest,
  textsOf,
  type Dialect,
  type ReplyFrame,
  type Subscription,
  type Wire,
} from '../dialect.ts'
import { quoteOf, type Book, type QuoteEvent, type SimulatedTrade } from '../book.ts'

const CHANNELS = ['market_trades', 'ticker', 'heartbeats'] as const
type Channel = (typeof CHANNELS)[number]

/** Advanced Trade; `market_trades`, `ticker`, `heartbeats`. Checked on 2026-11-21 against the exchange's AsyncAPI document. */
export const coinbase: Dialect = {
  exchange: 'coinbase',
  socketPath: '/',
  listPath: '/api/v3/brokerage/market/products',
  subscribeWithinMs: 5000,
  nativeSymbol: ({ symbol }) => symbol,

  list: (books) => JSON.stringify({ products: books.map(listed), num_products: books.length }),

  open: () => ({ subscription: NOTHING, frames: [] }),

  receive(old, text, books) {
    const request = parseRequest(text)
    const add = request?.['type'] === 'subscribe'
    const channel = CHANNELS.find((one) => one === request?.['channel'])
    if (request === undefined || (!add && request['type'] !== 'unsubscribe') || channel === undefined) {
      return refuse(old, `unknown message or channel`)
    }
    const products = textsOf(request['product_ids'])
    const unknown = products.find((product) => !books.has(product))
    if (unknown !== undefined) return refuse(old, `failure to subscribe: ${unknown} is not a valid product`)
    const subscription = subscribe(old, channel, products, add)
    // The snapshot of a channel comes before the acknowledgement.
    const snapshots = add ? products.flatMap((product) => snapshot(channel, books.get(product))) : []
    return { subscription, frames: [...snapshots, { render: (wire) => acknowledgement(subscription, wire) }] }
  },

  trades: ({ trades, book }, wire) => tradesFrame('update', book, trades, wire),
  quote: (event, wire) => tickerFrame('update', event, wire),

  heartbeat: ({ heartbeats }, beats) =>
    heartbeats
      ? {
          render: (wire) =>
            `${envelope('heartbeats', wire)}{"current_time":"${clockText(wire.now)}","heartbeat_counter":${beats}}]}`,
        }
      : undefined,

  tooMany: () => ({
    frame: fixed('{"type":"error","message":"rate limit exceeded"}'),
    close: { code: 1008, reason: 'rate limit exceeded' },
  }),
}

function tradesFrame(type: 'snapshot' | 'update', book: Book, trades: readonly SimulatedTrade[], wire: Wire): string {
  let list = ''
  // Newest first; `side` is the maker's.
  for (let i = trades.length - 1; i >= 0; i -= 1) {
    const trade = trades[i]
    if (trade === undefined) continue
    list +=
      `${list === '' ? '' : ','}{"product_id":"${book.instrument.symbol}","trade_id":"${trade.id}","price":"${trade.price}",` +
      `"size":"${trade.size}","time":"${shortIso(trade.eventTime, '')}","side":"${trade.side === 'BUY' ? 'SELL' : 'BUY'}"}`
  }
  return `${envelope('market_trades', wire)}{"type":"${type}","trades":[${list}]}]}`
}

const tickerFrame = (type: 'snapshot' | 'update', event: QuoteEvent, wire: Wire): string =>
  `${envelope('ticker', wire)}{"type":"${type}","tickers":[{"type":"ticker","product_id":"${event.book.instrument.symbol}",` +
  `"price":"${event.last}","volume_24_h":"16038.28770938","low_24_h":"${event.bid}","high_24_h":"${event.ask}",` +
  `"low_52_w":"${event.bid}","high_52_w":"${event.ask}","price_percent_chg_24_h":"0.15775596190603",` +
  `"best_bid":"${event.bid}","best_bid_quantity":"${event.bidSize}","best_ask":"${event.ask}","best_ask_quantity":"${event.askSize}"}]}]}`

function snapshot(channel: Channel, book: Book | undefined): readonly ReplyFrame[] {
  if (book === undefined || channel === 'heartbeats') return []
  if (channel === 'ticker') {
    const event = quoteOf(book)
    return [{ render: (wire) => tickerFrame('snapshot', event, wire) }]
  }
  const trades = [...book.recent]
  return [{ history: { kind: 'trades', book, trades }, render: (wire) => tradesFrame('snapshot', book, trades, wire) }]
}

function acknowledgement({ trades, quotes, heartbeats }: Subscription, wire: Wire): string {
  const subscriptions = {
    ...(trades.size > 0 ? { market_trades: [...trades] } : {}),
    ...(quotes.size > 0 ? { ticker: [...quotes] } : {}),
    ...(heartbeats ? { heartbeats: ['heartbeats'] } : {}),
  }
  return `${envelope('subscriptions', wire)}{"subscriptions":${JSON.stringify(subscriptions)}}]}`
}

function subscribe(old: Subscription, channel: Channel, products: readonly string[], add: boolean): Subscription {
  switch (channel) {
    case 'market_trades':
      return { ...old, trades: changed(old.trades, products, add) }
    case 'ticker':
      return { ...old, quotes: changed(old.quotes, products, add) }
    case 'heartbeats':
      return { ...old, heartbeats: add }
  }
}

const refuse = (subscription: Subscription, message: string) => ({
  subscription,
  frames: [fixed(JSON.stringify({ type: 'error', message }))],
})

const envelope = (channel: string, { sequence, now }: Wire): string =>
  `{"channel":"${channel}","timestamp":"${shortIso(now, NANOS[sequence % 8] ?? '')}","sequence_num":${sequence},"events":[`

/** The clock behind the frames counts nanoseconds. */
const NANOS = ['456', '017', '3', '988', '5', '761', '04', '23'] as const

/** Fraction digits as Go writes them: without trailing zeros. */
function shortIso(time: Micros, nanos: string): string {
  const text = toIso(time)
  const digits = `${text.slice(0, -1)}${nanos}`
  return digits.endsWith('0') ? `${digits.replace(/\.?0+$/, '')}Z` : `${digits}Z`
}

/** As `time.Time` prints itself in Go. */
const clockText = (time: Micros): string =>
  `${toIso(time).replace('T', ' ').slice(0, -1)}769 +0000 UTC m=+91717.525857105`

const listed = (book: Book) => {
  const { symbol, base, quote, priceDecimals, sizeDecimals } = book.instrument
  return {
    product_id: symbol,
    price: book.lastPrice,
    base_increment: (1 / 10 ** sizeDecimals).toFixed(sizeDecimals),
    quote_increment: (1 / 10 ** priceDecimals).toFixed(priceDecimals),
    price_increment: (1 / 10 ** priceDecimals).toFixed(priceDecimals),
    base_currency_id: base,
    quote_currency_id: quote,
    base_display_symbol: base,
    quote_display_symbol: quote,
    base_name: base,
    quote_name: quote,
    display_name: symbol,
    status: 'online',
    is_disabled: false,
    trading_disabled: false,
    cancel_only: false,
    limit_only: false,
    post_only: false,
    auction_mode: false,
    view_only: false,
    new: false,
    product_type: 'SPOT',
    product_venue: 'CBE',
    alias: '',
    alias_to: [],
  }
}
