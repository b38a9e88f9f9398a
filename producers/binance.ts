import { canonicalAsset } from '../core/symbol.ts'
import type { Micros } from '../core/time.ts'
import type { Adapter, Decoded, Instrument } from './adapter.ts'
import { binanceBackfill } from './backfill-binance.ts'
import { addQuote, addTrade, frameTicks } from './frame-ticks.ts'
import { boolean, count, epoch, fields, list, text, Unreadable, type Fields } from './read.ts'

const ADDRESS = 'wss://stream.binance.com:9443/stream'

/** Binance spot: aggTrade (a taker order's fills at one price) and bookTicker. Never `@trade` beside it: volume would double. */
export const binance: Adapter = {
  exchange: 'binance',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS, 'wss://data-stream.binance.vision/stream'],
  connect: (nativeSymbols) => ({
    url: `${ADDRESS}?streams=${nativeSymbols.flatMap(streamsOf).join('/')}&timeUnit=MICROSECOND`,
    // Subscribed in the address, which is never acknowledged: an unknown stream stays mute.
    frames: [],
    awaits: [],
  }),
  // A frame per symbol: its answer names nothing but the id.
  subscribe: (nativeSymbols) => ({
    frames: nativeSymbols.map((symbol) =>
      JSON.stringify({ method: 'SUBSCRIBE', params: streamsOf(symbol), id: symbol }),
    ),
    awaits: nativeSymbols.map((nativeSymbol) => ({ channel: 'streams', nativeSymbol })),
  }),
  unsubscribe: (nativeSymbols) =>
    nativeSymbols.map((symbol) =>
      JSON.stringify({ method: 'UNSUBSCRIBE', params: streamsOf(symbol), id: `off${symbol}` }),
    ),
  decode(frame, receiveTime) {
    const envelope = fields(frame, 'frame')
    const { stream } = envelope
    if (typeof stream !== 'string') return control(envelope)
    const channel = stream.slice(stream.indexOf('@') + 1)
    switch (channel) {
      case 'aggTrade':
        return aggTrade(fields(envelope['data'], 'data'))
      case 'bookTicker':
        return bookTicker(fields(envelope['data'], 'data'), receiveTime)
      default:
        return other(channel, envelope['data'])
    }
  },
  numericJson: false,
  ignored: ['depth', 'kline'],
  numberedTrades: true,
  silenceMs: 45_000,
  ping: undefined,
  backfill: binanceBackfill,
  instruments: { url: 'https://api.binance.com/api/v3/exchangeInfo', parse: exchangeInfo },
  limits: {
    paceMs: 300,
    requests: undefined,
    connects: { count: 300, perMs: 300_000 },
    subscriptionsPerSocket: 1024,
    lifetimeMs: 24 * 3_600_000,
  },
}

const streamsOf = (nativeSymbol: string): readonly string[] => {
  const name = nativeSymbol.toLowerCase()
  return [`${name}@aggTrade`, `${name}@bookTicker`]
}

function aggTrade(data: Fields): Decoded {
  const frame = frameTicks()
  const sequence = count(data['a'], 'a')
  addTrade(
    frame,
    { nativeSymbol: text(data['s'], 's'), eventTime: epoch(data['T'], 'T'), timeSource: 'EXCHANGE', sequence },
    // The buyer was the maker, so the taker sold.
    { side: boolean(data['m'], 'm') ? 'SELL' : 'BUY', price: data['p'], size: data['q'] },
  )
  return frame
}

/** Has neither a time nor an event name: the stream's name tells what it is. */
function bookTicker(data: Fields, receiveTime: Micros): Decoded {
  const frame = frameTicks()
  addQuote(
    frame,
    {
      nativeSymbol: text(data['s'], 's'),
      eventTime: receiveTime,
      timeSource: 'RECEIVED',
      sequence: count(data['u'], 'u'),
    },
    {
      bid: data['b'],
      bidSize: required(data['B'], 'B'),
      ask: data['a'],
      askSize: required(data['A'], 'A'),
      source: 'STREAM',
    },
  )
  return frame
}

function required(value: unknown, key: string): unknown {
  if (value === undefined) throw new Unreadable(key, 'no decimal')
  return value
}

/** Channels carry a parameter: `depth@100ms`, `kline_1m`. */
function other(channel: string, data: unknown): Decoded {
  const named = binance.ignored.find((name) => channel.startsWith(name))
  if (named !== undefined) return { kind: 'ignored', channel: named }
  return isShutdown(data) ? { kind: 'shutdown' } : { kind: 'fault', reason: 'stream: unknown channel', detail: channel }
}

function control(envelope: Fields): Decoded {
  if (envelope['error'] !== undefined) {
    const { id, error } = envelope
    const nativeSymbol = typeof id === 'string' ? id : undefined
    return { kind: 'fault', reason: 'request refused', detail: JSON.stringify(error), nativeSymbol }
  }
  if (envelope['result'] === null) {
    return { kind: 'ack', subscriptions: [{ channel: 'streams', nativeSymbol: String(envelope['id']) }] }
  }
  if (isShutdown(envelope) || isShutdown(envelope['event'])) return { kind: 'shutdown' }
  throw new Unreadable('stream', 'no text')
}

/** Announced ten minutes before the server goes; the documents do not say how combined streams wrap it. */
const isShutdown = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'e' in value && value.e === 'serverShutdown'

function exchangeInfo(body: unknown): readonly Instrument[] {
  return list(fields(body, 'exchangeInfo')['symbols'], 'symbols').map((item) => {
    const symbol = fields(item, 'symbols')
    const base = canonicalAsset(text(symbol['baseAsset'], 'baseAsset'))
    const quote = canonicalAsset(text(symbol['quoteAsset'], 'quoteAsset'))
    return { symbol: `${base}-${quote}`, nativeSymbol: text(symbol['symbol'], 'symbol') }
  })
}
