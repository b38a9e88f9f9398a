import { canonicalAsset } from '../core/symbol.ts'
import type { Micros } from '../core/time.ts'
import type { Adapter, Decoded, Instrument, Subscribe } from './adapter.ts'
import { gateBackfill } from './backfill-gate.ts'
import { addQuote, addTrade, frameTicks } from './frame-ticks.ts'
import {
  count,
  decimalMillis,
  epoch,
  epochIf,
  fields,
  list,
  text,
  tradedSide,
  Unreadable,
  type Fields,
} from './read.ts'

const ADDRESS = 'wss://api.gateio.ws/ws/v4/'

/** Gate spot, WebSocket v4: trades, and book_ticker at each change of the top. */
export const gate: Adapter = {
  exchange: 'gate',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS],
  connect: (nativeSymbols) => ({ url: ADDRESS, ...request('subscribe', nativeSymbols) }),
  subscribe: (nativeSymbols) => request('subscribe', nativeSymbols),
  unsubscribe: (nativeSymbols) => request('unsubscribe', nativeSymbols).frames,
  decode(frame, receiveTime) {
    const message = fields(frame, 'frame')
    const channel = text(message['channel'], 'channel')
    if (channel === 'spot.pong') return { kind: 'heartbeat', serverTime: epochIf(message['time_ms']) }
    const event = text(message['event'], 'event')
    if (event === 'subscribe' || event === 'unsubscribe') return answer(message, channel, event)
    switch (channel) {
      case 'spot.trades':
        return trade(fields(message['result'], 'result'))
      case 'spot.book_ticker':
        return bookTicker(fields(message['result'], 'result'))
      case 'spot.tickers':
        return ticker(fields(message['result'], 'result'), receiveTime)
      default:
        return gate.ignored.includes(channel)
          ? { kind: 'ignored', channel }
          : { kind: 'fault', reason: 'channel: unknown', detail: channel }
    }
  },
  numericJson: false,
  ignored: ['spot.candlesticks', 'spot.obu', 'spot.order_book', 'spot.order_book_update'],
  numberedTrades: false,
  silenceMs: 30_000,
  ping: { frame: '{"channel":"spot.ping"}', everyMs: 15_000 },
  backfill: gateBackfill,
  instruments: { url: 'https://api.gateio.ws/api/v4/spot/currency_pairs', parse: currencyPairs },
  limits: {
    paceMs: 50,
    requests: undefined,
    connects: { count: 100, perMs: 60_000 },
    subscriptionsPerSocket: undefined,
    lifetimeMs: undefined,
  },
}

/**
 * A frame per symbol, since one unknown symbol refuses a whole frame. `time`, which the documents ask for, is the signature's:
 * public channels are subscribed without it (in clients), and an adapter has no clock.
 */
function request(event: string, nativeSymbols: readonly string[]): Subscribe {
  // Trades first: a symbol's gap ends with its first record, and no trade may be lost after it.
  const awaits = ['spot.trades', 'spot.book_ticker'].flatMap((channel) =>
    nativeSymbols.map((nativeSymbol) => ({ channel, nativeSymbol })),
  )
  return {
    frames: awaits.map(({ channel, nativeSymbol }) => JSON.stringify({ channel, event, payload: [nativeSymbol] })),
    awaits,
  }
}

/** The time has a fraction of milliseconds: `"1619093543708.2642"` (seen 2021-04-22). */
function trade(result: Fields): Decoded {
  const frame = frameTicks()
  addTrade(
    frame,
    {
      nativeSymbol: text(result['currency_pair'], 'currency_pair'),
      eventTime: decimalMillis(result['create_time_ms'], 'create_time_ms'),
      timeSource: 'EXCHANGE',
      sequence: count(result['id'], 'id'),
    },
    { side: tradedSide(result['side'], 'side'), price: result['price'], size: result['amount'] },
  )
  return frame
}

function bookTicker(result: Fields): Decoded {
  const frame = frameTicks()
  addQuote(
    frame,
    {
      nativeSymbol: text(result['s'], 's'),
      eventTime: epoch(result['t'], 't'),
      timeSource: 'EXCHANGE',
      sequence: count(result['u'], 'u'),
    },
    {
      bid: filled(result['b']),
      bidSize: filled(result['B']),
      ask: filled(result['a']),
      askSize: filled(result['A']),
      source: 'STREAM',
    },
  )
  return frame
}

/** For recordings of before book_ticker: no sizes, and a time of whole seconds, which may be one before its trade's. */
function ticker(result: Fields, receiveTime: Micros): Decoded {
  const frame = frameTicks()
  addQuote(
    frame,
    {
      nativeSymbol: text(result['currency_pair'], 'currency_pair'),
      eventTime: receiveTime,
      timeSource: 'RECEIVED',
      sequence: 0,
    },
    {
      bid: filled(result['highest_bid']),
      bidSize: undefined,
      ask: filled(result['lowest_ask']),
      askSize: undefined,
      source: 'TICKER',
    },
  )
  return frame
}

/** A side without orders is empty text; what is missing is a fault of the quote, not one of a channel without sizes. */
const filled = (value: unknown): unknown => (value === '' ? '0' : (value ?? null))

/** Repeats the symbols of its request in `payload`; in 2021 it did not, and nobody knows what it answers. */
function answer(message: Fields, channel: string, event: string): Decoded {
  const { payload, error, result } = message
  const symbols = payload === undefined ? [] : list(payload, 'payload').map((item) => text(item, 'payload'))
  if (error !== undefined && error !== null) {
    const { code, message: words } = fields(error, 'error')
    // That there was nothing to unsubscribe says nothing of the subscription that follows.
    const nativeSymbol = symbols.length === 1 && event === 'subscribe' ? symbols[0] : undefined
    return { kind: 'fault', reason: 'request refused', detail: `${String(code)} ${String(words)}`, nativeSymbol }
  }
  if (fields(result, 'result')['status'] !== 'success') throw new Unreadable('status', 'unknown')
  return {
    kind: 'ack',
    subscriptions: event === 'subscribe' ? symbols.map((nativeSymbol) => ({ channel, nativeSymbol })) : [],
  }
}

/** GTC is another coin here (Game.com, Gitcoin elsewhere): not under the same symbol. */
const OTHER_COINS: ReadonlySet<string> = new Set(['GTC'])

function currencyPairs(body: unknown): readonly Instrument[] {
  return list(body, 'currency_pairs').flatMap((item) => {
    const pair = fields(item, 'currency_pairs')
    const base = canonicalAsset(text(pair['base'], 'base'))
    const quote = canonicalAsset(text(pair['quote'], 'quote'))
    return OTHER_COINS.has(base) ? [] : [{ symbol: `${base}-${quote}`, nativeSymbol: text(pair['id'], 'id') }]
  })
}
