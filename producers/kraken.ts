import { canonicalAsset } from '../core/symbol.ts'
import type { Micros } from '../core/time.ts'
import type { Adapter, Decoded, Instrument, Subscribe, Subscription } from './adapter.ts'
import { krakenBackfill } from './backfill-kraken.ts'
import { addQuote, addTrade, eachEntry, frameTicks } from './frame-ticks.ts'
import { count, fields, iso, isoIf, list, text, tradedSide, Unreadable, type Fields } from './read.ts'

const ADDRESS = 'wss://ws.kraken.com/v2'

/** Kraken spot, WebSocket API v2: trade, and ticker at each change of the best bid or offer. Numbers are JSON numbers. */
export const kraken: Adapter = {
  exchange: 'kraken',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS],
  connect: (nativeSymbols) => ({ url: ADDRESS, ...subscribe('subscribe', nativeSymbols) }),
  subscribe: (nativeSymbols) => subscribe('subscribe', nativeSymbols),
  unsubscribe: (nativeSymbols) => subscribe('unsubscribe', nativeSymbols).frames,
  decode(frame, receiveTime) {
    const envelope = fields(frame, 'frame')
    const { channel, method } = envelope
    switch (channel) {
      case 'trade':
        return trades(envelope)
      case 'ticker':
        return tickers(envelope, receiveTime)
      case 'heartbeat':
      case 'status':
        return { kind: 'heartbeat' }
      case undefined:
        return answer(envelope, method)
      default:
        if (typeof channel !== 'string') throw new Unreadable('channel', 'no text')
        if (kraken.ignored.includes(channel)) return { kind: 'ignored', channel }
        return { kind: 'fault', reason: 'channel: unknown', detail: channel }
    }
  },
  numericJson: true,
  ignored: ['book', 'instrument', 'level3', 'ohlc'],
  numberedTrades: true,
  // A heartbeat comes about each second when nothing else does.
  silenceMs: 5000,
  ping: { frame: '{"method":"ping"}', everyMs: 15_000 },
  backfill: krakenBackfill,
  instruments: { url: 'https://api.kraken.com/0/public/AssetPairs', parse: assetPairs },
  limits: {
    paceMs: 150,
    requests: undefined,
    connects: { count: 150, perMs: 600_000 },
    subscriptionsPerSocket: undefined,
    lifetimeMs: undefined,
  },
}

function subscribe(method: string, symbol: readonly string[]): Subscribe {
  // Trades first: a symbol's gap ends with its first record, and no trade may be lost after it.
  // The default trigger of the ticker is `trades`: without `bbo` quotes would age.
  const frames = [
    { method, params: { channel: 'trade', symbol, snapshot: false }, req_id: 1 },
    { method, params: { channel: 'ticker', symbol, event_trigger: 'bbo' }, req_id: 2 },
  ].map((frame) => JSON.stringify(frame))
  const awaits: readonly Subscription[] = ['trade', 'ticker'].flatMap((channel) =>
    symbol.map((nativeSymbol) => ({ channel, nativeSymbol })),
  )
  return { frames, awaits }
}

function trades(envelope: Fields): Decoded {
  const frame = frameTicks()
  const history = envelope['type'] === 'snapshot'
  eachEntry(frame, list(envelope['data'], 'data'), (item) => {
    const trade = fields(item, 'data')
    addTrade(
      frame,
      {
        nativeSymbol: text(trade['symbol'], 'symbol'),
        eventTime: iso(trade['timestamp'], 'timestamp'),
        timeSource: 'EXCHANGE',
        sequence: count(trade['trade_id'], 'trade_id'),
      },
      { side: tradedSide(trade['side'], 'side'), price: trade['price'], size: trade['qty'] },
      history,
    )
  })
  return frame
}

function tickers(envelope: Fields, receiveTime: Micros): Decoded {
  const frame = frameTicks()
  eachEntry(frame, list(envelope['data'], 'data'), (item) => {
    const ticker = fields(item, 'data')
    const { timestamp } = ticker
    addQuote(
      frame,
      {
        nativeSymbol: text(ticker['symbol'], 'symbol'),
        eventTime: timestamp === undefined ? receiveTime : iso(timestamp, 'timestamp'),
        timeSource: timestamp === undefined ? 'RECEIVED' : 'EXCHANGE',
        sequence: 0,
      },
      {
        bid: ticker['bid'],
        bidSize: ticker['bid_qty'],
        ask: ticker['ask'],
        askSize: ticker['ask_qty'],
        source: 'STREAM',
      },
    )
  })
  return frame
}

/** Each symbol of a request is answered on its own. */
function answer(envelope: Fields, method: unknown): Decoded {
  const { result, success } = envelope
  const serverTime = isoIf(envelope['time_out'])
  if (method === 'pong') return { kind: 'heartbeat', serverTime }
  if (method === 'subscribe' && success === true) {
    const { channel, symbol } = fields(result, 'result')
    const subscriptions = [{ channel: text(channel, 'channel'), nativeSymbol: text(symbol, 'symbol') }]
    return { kind: 'ack', subscriptions, serverTime }
  }
  if (method === 'unsubscribe' && success === true) return { kind: 'ack', subscriptions: [] }
  if (success === false || method === 'error') {
    const { symbol, error } = envelope
    // That there was nothing to unsubscribe says nothing of the subscription that follows.
    const nativeSymbol = typeof symbol === 'string' && method !== 'unsubscribe' ? symbol : undefined
    return { kind: 'fault', reason: 'request refused', detail: String(error), nativeSymbol }
  }
  throw new Unreadable('channel', 'no text')
}

/** UST is the old TerraUSD here, TetherUS elsewhere. */
const OWN_ALIASES: ReadonlyMap<string, string> = new Map([['UST', 'USTC']])

/** REST writes XBT and XDG where the stream writes BTC and DOGE; `wsname` holds both assets, with a slash. */
function assetPairs(body: unknown): readonly Instrument[] {
  return Object.values(fields(fields(body, 'AssetPairs')['result'], 'result')).flatMap((item) => {
    const { wsname } = fields(item, 'result')
    // Dark-pool pairs have none.
    if (wsname === undefined) return []
    const [base = '', quote = ''] = text(wsname, 'wsname').split('/').map(canonicalAsset)
    const ours = [base, quote].map((asset) => OWN_ALIASES.get(asset) ?? asset)
    return [{ symbol: ours.join('-'), nativeSymbol: `${base}/${quote}` }]
  })
}
