import { canonicalAsset } from '../core/symbol.ts'
import type { Adapter, Decoded, Instrument, Subscribe } from './adapter.ts'
import { okxBackfill } from './backfill-okx.ts'
import { addQuote, addTrade, eachEntry, frameTicks } from './frame-ticks.ts'
import { count, decimalMillis, fields, list, text, tradedSide, Unreadable, type Fields } from './read.ts'

const ADDRESS = 'wss://ws.okx.com:8443/ws/v5/public'

/** OKX spot, WebSocket API v5: trades (a taker order's fills at one price) and bbo-tbt (each change of the top, every 10 ms). */
export const okx: Adapter = {
  exchange: 'okx',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS],
  connect: (nativeSymbols) => ({ url: ADDRESS, ...request('subscribe', nativeSymbols) }),
  subscribe: (nativeSymbols) => request('subscribe', nativeSymbols),
  unsubscribe: (nativeSymbols) => request('unsubscribe', nativeSymbols).frames,
  decode(frame) {
    const message = fields(frame, 'frame')
    if (message['event'] !== undefined) return control(message)
    const arg = fields(message['arg'], 'arg')
    const channel = text(arg['channel'], 'channel')
    switch (channel) {
      case 'trades':
        return trades(message)
      case 'bbo-tbt':
        return tops(message, text(arg['instId'], 'instId'))
      case 'tickers':
        return tickers(message)
      default:
        return okx.ignored.includes(channel)
          ? { kind: 'ignored', channel }
          : { kind: 'fault', reason: 'channel: unknown', detail: channel }
    }
  },
  numericJson: false,
  ignored: ['books', 'books5', 'books50-l2-tbt', 'books-l2-tbt'],
  // `count` tells how many fills an entry merges, but not whether `tradeId` is the first or the last of them.
  numberedTrades: false,
  beginsWithHistory: true,
  silenceMs: 30_000,
  closeCodes: {
    4004: { meaning: 'no data from us in 30 s', backoff: 'usual' },
    4005: { meaning: 'we read too slowly', backoff: 'usual' },
    4006: { meaning: 'abnormal disconnection', backoff: 'usual' },
    4008: { meaning: 'too many channels', backoff: 'long' },
    4009: { meaning: 'too many channels on this connection', backoff: 'long' },
  },
  // Texts, not JSON; a connection without a frame for 30 s is dropped.
  ping: { frame: 'ping', everyMs: 15_000, answer: 'pong' },
  backfill: okxBackfill,
  instruments: { url: 'https://www.okx.com/api/v5/public/instruments?instType=SPOT', parse: spotInstruments },
  limits: {
    paceMs: 350,
    requests: { count: 480, perMs: 3_600_000 },
    connects: { count: 3, perMs: 1000 },
    // One request's channels must stay below 64 kB; each takes about 50 bytes.
    subscriptionsPerSocket: 1000,
    lifetimeMs: undefined,
  },
}

/** Trades first: a symbol's gap ends with its first record, and no trade may be lost after it. */
function request(op: string, nativeSymbols: readonly string[]): Subscribe {
  const channels = ['trades', 'bbo-tbt']
  return {
    frames: channels.map((channel) =>
      JSON.stringify({ op, args: nativeSymbols.map((instId) => ({ channel, instId })) }),
    ),
    awaits: channels.flatMap((channel) => nativeSymbols.map((nativeSymbol) => ({ channel, nativeSymbol }))),
  }
}

/** The first frame after the subscription is the newest trade there is, 25 s old in one case (seen 2022-05-13). */
function trades(message: Fields): Decoded {
  const frame = frameTicks()
  eachEntry(frame, list(message['data'], 'data'), (item) => {
    const trade = fields(item, 'data')
    addTrade(
      frame,
      {
        nativeSymbol: text(trade['instId'], 'instId'),
        eventTime: decimalMillis(trade['ts'], 'ts'),
        timeSource: 'EXCHANGE',
        sequence: count(trade['tradeId'], 'tradeId'),
      },
      { side: tradedSide(trade['side'], 'side'), price: trade['px'], size: trade['sz'] },
    )
  })
  return frame
}

/** Of `[price, size, 0, orders]` there is one each side, none if it is empty. */
function tops(message: Fields, nativeSymbol: string): Decoded {
  const frame = frameTicks()
  eachEntry(frame, list(message['data'], 'data'), (item) => {
    const top = fields(item, 'data')
    const [bid, bidSize] = best(top['bids'], 'bids')
    const [ask, askSize] = best(top['asks'], 'asks')
    addQuote(frame, headOf(nativeSymbol, top), { bid, bidSize, ask, askSize, source: 'STREAM' })
  })
  return frame
}

function best(side: unknown, key: string): readonly [price: unknown, size: unknown] {
  const [level] = list(side, key)
  if (level === undefined) return ['0', '0']
  const [price, size] = list(level, key)
  return [price, filled(size)]
}

/** Each 100 ms; for recordings of before bbo-tbt. */
function tickers(message: Fields): Decoded {
  const frame = frameTicks()
  eachEntry(frame, list(message['data'], 'data'), (item) => {
    const ticker = fields(item, 'data')
    addQuote(frame, headOf(text(ticker['instId'], 'instId'), ticker), {
      bid: filled(ticker['bidPx']),
      bidSize: filled(ticker['bidSz']),
      ask: filled(ticker['askPx']),
      askSize: filled(ticker['askSz']),
      source: 'TICKER',
    })
  })
  return frame
}

/** `seqId` is left alone: where it starts over (the documents allow that at maintenance), all quotes would pass for repeats. */
const headOf = (nativeSymbol: string, item: Fields) =>
  ({ nativeSymbol, eventTime: decimalMillis(item['ts'], 'ts'), timeSource: 'EXCHANGE', sequence: 0 }) as const

/** A side without orders is empty text; what is missing is a fault of the quote, not one of a channel without sizes. */
const filled = (value: unknown): unknown => (value === '' ? '0' : (value ?? null))

function control(message: Fields): Decoded {
  const { event, arg, code, msg } = message
  switch (event) {
    case 'subscribe': {
      const { channel, instId } = fields(arg, 'arg')
      return {
        kind: 'ack',
        subscriptions: [{ channel: text(channel, 'channel'), nativeSymbol: text(instId, 'instId') }],
      }
    }
    case 'unsubscribe':
      return { kind: 'ack', subscriptions: [] }
    case 'channel-conn-count':
      return { kind: 'heartbeat' }
    // A service upgrade closes the connection soon.
    case 'notice':
      return { kind: 'shutdown' }
    // Names no symbol but in the words of its message; the acknowledgement that stays out does.
    case 'error':
    case 'channel-conn-count-error':
      return { kind: 'fault', reason: 'request refused', detail: `${String(code)} ${String(msg)}` }
    default:
      throw new Unreadable('event', 'unknown')
  }
}

/** Spot only: swaps are sized in contracts, whose value stands in their list alone. */
function spotInstruments(body: unknown): readonly Instrument[] {
  return list(fields(body, 'instruments')['data'], 'data').flatMap((item) => {
    const instrument = fields(item, 'data')
    if (instrument['instType'] !== 'SPOT') return []
    const base = canonicalAsset(text(instrument['baseCcy'], 'baseCcy'))
    const quote = canonicalAsset(text(instrument['quoteCcy'], 'quoteCcy'))
    return [{ symbol: `${base}-${quote}`, nativeSymbol: text(instrument['instId'], 'instId') }]
  })
}
