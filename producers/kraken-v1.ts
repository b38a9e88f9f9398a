import type { Micros } from '../core/time.ts'
import type { Adapter, Decoded, Subscribe } from './adapter.ts'
import { addQuote, addTrade, eachEntry, frameTicks } from './frame-ticks.ts'
import { kraken } from './kraken.ts'
import { decimalSeconds, fields, list, text, Unreadable, type Fields } from './read.ts'

const ADDRESS = 'wss://ws.kraken.com'

/** Kraken's WebSocket API v1: frames are arrays, XBT and XDG are its names. For recordings; `kraken.ts` is today's v2. */
export const krakenV1: Adapter = {
  exchange: 'kraken',
  checkedOn: '2026-11-21',
  addresses: [ADDRESS],
  connect: (nativeSymbols) => ({ url: ADDRESS, ...request('subscribe', nativeSymbols) }),
  subscribe: (nativeSymbols) => request('subscribe', nativeSymbols),
  unsubscribe: (nativeSymbols) => request('unsubscribe', nativeSymbols).frames,
  decode(frame, receiveTime) {
    if (!Array.isArray(frame)) return control(fields(frame, 'frame'))
    const { parts, channel, nativeSymbol } = shapeOf(frame)
    switch (channel) {
      case 'trade':
        return trades(one(parts), nativeSymbol)
      case 'ticker':
        return ticker(one(parts), nativeSymbol, receiveTime)
      default:
        return krakenV1.ignored.includes(channel)
          ? { kind: 'ignored', channel }
          : { kind: 'fault', reason: 'channel: unknown', detail: channel }
    }
  },
  // Prices are texts; the numbers above 2^53 among the others (connectionID) are never read.
  numericJson: false,
  ignored: ['book', 'ohlc', 'spread'],
  numberedTrades: false,
  silenceMs: 5000,
  ping: { frame: '{"event":"ping"}', everyMs: 15_000 },
  instruments: { url: kraken.instruments.url, parse: (body) => kraken.instruments.parse(body).map(inOldNames) },
  limits: kraken.limits,
}

/** `[channelID, {..}, "book-1000", "XBT/USD"]`; both sides of one book update may come as two objects (seen 2021-04-17). */
function shapeOf(frame: readonly unknown[]): {
  readonly parts: readonly unknown[]
  readonly channel: string
  readonly nativeSymbol: string
} {
  if (frame.length < 4) throw new Unreadable('frame', 'less than four elements')
  const name = text(frame.at(-2), 'channelName')
  // The channel's name carries its parameter: the depth or the interval.
  return { parts: frame.slice(1, -2), channel: name.replace(/-\d+$/, ''), nativeSymbol: text(frame.at(-1), 'pair') }
}

function one(parts: readonly unknown[]): unknown {
  if (parts.length !== 1) throw new Unreadable('frame', 'not four elements')
  return parts[0]
}

/**
 * `[price, volume, time, side, orderType, misc]`. There are no ids: one is made of all that a trade has, and counted where a
 * frame holds the same twice, so that both are kept.
 */
function trades(part: unknown, nativeSymbol: string): Decoded {
  const frame = frameTicks()
  const seen = new Map<string, number>()
  eachEntry(frame, list(part, 'trades'), (item) => {
    const [price, size, time, side] = list(item, 'trades')
    const eventTime = decimalSeconds(time, 'time')
    const told = `${text(time, 'time')} ${side === 'b' ? 'b' : 's'} ${text(price, 'price')} ${text(size, 'size')}`
    const times = (seen.get(told) ?? 0) + 1
    seen.set(told, times)
    addTrade(
      frame,
      { nativeSymbol, eventTime, timeSource: 'EXCHANGE', sequence: 0 },
      { id: times === 1 ? told : `${told} #${times}`, side: taken(side), price, size },
    )
  })
  return frame
}

function taken(side: unknown): 'BUY' | 'SELL' {
  if (side === 'b') return 'BUY'
  if (side === 's') return 'SELL'
  throw new Unreadable('side', 'neither buy nor sell')
}

/** `{a: [price, wholeLotVolume, lotVolume], b: [...]}`: no time, and the whole lots are only the rounded size. */
function ticker(part: unknown, nativeSymbol: string, receiveTime: Micros): Decoded {
  const frame = frameTicks()
  const { a, b } = fields(part, 'ticker')
  const [ask, , askSize] = list(a, 'a')
  const [bid, , bidSize] = list(b, 'b')
  const head = { nativeSymbol, eventTime: receiveTime, timeSource: 'RECEIVED', sequence: 0 } as const
  // Comes with trades, not with each change of the top.
  addQuote(frame, head, { bid, bidSize: given(bidSize), ask, askSize: given(askSize), source: 'TICKER' })
  return frame
}

/** A size that is missing is a fault of the quote: `undefined` would pass for a channel that gives none. */
const given = (size: unknown): unknown => size ?? null

function control(message: Fields): Decoded {
  const { event, status, pair, errorMessage, subscription } = message
  switch (event) {
    case 'heartbeat':
    case 'pong':
    case 'systemStatus':
      return { kind: 'heartbeat' }
    case 'subscriptionStatus': {
      if (status === 'unsubscribed') return { kind: 'ack', subscriptions: [] }
      const nativeSymbol = typeof pair === 'string' ? pair : undefined
      if (status !== 'subscribed')
        return { kind: 'fault', reason: 'request refused', detail: String(errorMessage), nativeSymbol }
      const channel = text(fields(subscription, 'subscription')['name'], 'name')
      return { kind: 'ack', subscriptions: [{ channel, nativeSymbol: text(pair, 'pair') }] }
    }
    case 'error':
      return { kind: 'fault', reason: 'request refused', detail: String(errorMessage) }
    default:
      throw new Unreadable('event', 'unknown')
  }
}

/** The stream writes pairs as REST's `wsname` does, where v2 has the common names. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
])

const inOldNames = <Named extends { readonly nativeSymbol: string }>(instrument: Named): Named => ({
  ...instrument,
  nativeSymbol: instrument.nativeSymbol
    .split('/')
    .map((asset) => OLD_NAMES.get(asset) ?? asset)
    .join('/'),
})

function request(event: string, pair: readonly string[]): Subscribe {
  const names = ['trade', 'ticker']
  return {
    frames: names.map((name) => JSON.stringify({ event, pair, subscription: { name } })),
    awaits: names.flatMap((channel) => pair.map((nativeSymbol) => ({ channel, nativeSymbol }))),
  }
}
