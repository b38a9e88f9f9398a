import { canonicalAsset } from '../core/symbol.ts'
import type { Micros } from '../core/time.ts'
import type { Adapter, Decoded, Instrument, Subscribe } from './adapter.ts'
import { addQuote, addTrade, frameTicks, type Head } from './frame-ticks.ts'
import { count, fields, iso, list, text, tradedSide, type Fields } from './read.ts'

const ADDRESS = 'wss://ws-feed.pro.coinbase.com'

/** The dialect of 2021, "Coinbase Pro" (since: Exchange): matches and ticker. For recordings; `coinbase.ts` is today's. */
export const coinbase2021: Adapter = {
  exchange: 'coinbase',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS],
  connect: (nativeSymbols) => ({ url: ADDRESS, ...request('subscribe', nativeSymbols) }),
  subscribe: (nativeSymbols) => request('subscribe', nativeSymbols),
  unsubscribe: (nativeSymbols) => request('unsubscribe', nativeSymbols).frames,
  decode(frame, receiveTime) {
    const message = fields(frame, 'frame')
    const type = text(message['type'], 'type')
    switch (type) {
      case 'match':
      case 'last_match':
        return match(message, receiveTime, type === 'last_match')
      case 'ticker':
        return ticker(message, receiveTime)
      case 'heartbeat':
        return { kind: 'heartbeat' }
      case 'subscriptions':
        return subscriptions(message)
      case 'error':
        return { kind: 'fault', reason: 'request refused', detail: String(message['message']) }
      default: {
        const channel = CHANNEL_OF.get(type)
        return channel === undefined
          ? { kind: 'fault', reason: 'type: unknown', detail: type }
          : { kind: 'ignored', channel }
      }
    }
  },
  numericJson: false,
  ignored: ['full', 'level2', 'status'],
  numberedTrades: true,
  silenceMs: 5000,
  ping: undefined,
  instruments: { url: 'https://api.pro.coinbase.com/products', parse: products },
  limits: {
    paceMs: 150,
    requests: undefined,
    connects: { count: 8, perMs: 1000 },
    subscriptionsPerSocket: undefined,
    lifetimeMs: undefined,
  },
}

/** Frames name their type, not the channel that they are of. */
const CHANNEL_OF: ReadonlyMap<string, string> = new Map([
  ['snapshot', 'level2'],
  ['l2update', 'level2'],
  ['status', 'status'],
  ...['received', 'open', 'done', 'change', 'activate'].map((type) => [type, 'full'] as const),
])

function request(type: string, nativeSymbols: readonly string[]): Subscribe {
  const channels = ['matches', 'ticker']
  return {
    frames: [JSON.stringify({ type, product_ids: nativeSymbols, channels: [...channels, 'heartbeat'] })],
    awaits: channels.flatMap((channel) => nativeSymbols.map((nativeSymbol) => ({ channel, nativeSymbol }))),
  }
}

/** `last_match` is the one before the subscription. */
function match(message: Fields, receiveTime: Micros, history: boolean): Decoded {
  const frame = frameTicks()
  const head = headOf(message, receiveTime, count(message['trade_id'], 'trade_id'))
  // `side` is the maker's, as today.
  const side = tradedSide(message['side'], 'side') === 'BUY' ? 'SELL' : 'BUY'
  addTrade(frame, head, { side, price: message['price'], size: message['size'] }, history)
  return frame
}

/** Has no sizes in 2021, and the time of the match that it follows; `sequence` ascends over all that happens to a product. */
function ticker(message: Fields, receiveTime: Micros): Decoded {
  const frame = frameTicks()
  addQuote(frame, headOf(message, receiveTime, count(message['sequence'], 'sequence')), {
    bid: message['best_bid'],
    bidSize: message['best_bid_size'],
    ask: message['best_ask'],
    askSize: message['best_ask_size'],
    source: 'TICKER',
  })
  return frame
}

/** A product without matches has the time `0001-01-01T00:00:00.000000Z` (in clients of the exchange). */
function headOf(message: Fields, receiveTime: Micros, sequence: number): Head {
  const nativeSymbol = text(message['product_id'], 'product_id')
  const timeless = typeof message['time'] === 'string' && message['time'].startsWith('0001-')
  return timeless
    ? { nativeSymbol, eventTime: receiveTime, timeSource: 'RECEIVED', sequence }
    : { nativeSymbol, eventTime: iso(message['time'], 'time'), timeSource: 'EXCHANGE', sequence }
}

/** Lists every active subscription, not only the new ones. */
function subscriptions(message: Fields): Decoded {
  const named = list(message['channels'], 'channels').flatMap((item) => {
    const { name, product_ids: symbols } = fields(item, 'channels')
    const channel = text(name, 'name')
    return list(symbols, 'product_ids').map((symbol) => ({ channel, nativeSymbol: text(symbol, 'product_ids') }))
  })
  return { kind: 'ack', subscriptions: named }
}

function products(body: unknown): readonly Instrument[] {
  return list(body, 'products').map((item) => {
    const product = fields(item, 'products')
    const base = canonicalAsset(text(product['base_currency'], 'base_currency'))
    const quote = canonicalAsset(text(product['quote_currency'], 'quote_currency'))
    return { symbol: `${base}-${quote}`, nativeSymbol: text(product['id'], 'id') }
  })
}
