import type { Micros } from '../../../core/time.ts'
import {
  changed,
  NOTHING,
  parseRequest,
  textsOf,
  type Dialect,
  type ReplyFrame,
  type Subscription,
  type Wire,
} from '../dialect.ts'
import type { Book, SimulatedTrade } from '../book.ts'

const CHANNELS = ['spot.trades', 'spot.book_ticker'] as const
type Channel = (typeof CHANNELS)[number]

/** Spot, WebSocket v4: `spot.trades`, `spot.book_ticker`, `spot.ping`. Checked on 2026-11-21 against the exchange's v4 page. */
export const gate: Dialect = {
  exchange: 'gate',
  socketPath: '/ws/v4',
  listPath: '/api/v4/spot/currency_pairs',
  nativeSymbol: ({ base, quote }) => `${base}_${quote}`,

  list: (books) => JSON.stringify(books.map(listed)),

  open: (_query, _books, connection) => ({
    subscription: { ...NOTHING, name: ((connection * 2_654_435_761) >>> 0).toString(16).padStart(16, '0') },
    frames: [],
  }),

  receive(old, text, books) {
    const request = parseRequest(text)
    const channel = request?.['channel']
    if (channel === 'spot.ping') {
      return {
        subscription: old,
        frames: [{ unnumbered: true, render: (wire) => `${head('spot.pong', '', wire)},"result":null}` }],
      }
    }
    const event = request?.['event']
    const known = CHANNELS.find((one) => one === channel)
    const wanted = textsOf(request?.['payload'])
    const answer = (problem: { readonly code: number; readonly message: string } | undefined): ReplyFrame => ({
      unnumbered: true,
      render: (wire) =>
        `${head(String(channel), String(event), wire, old.name)},"payload":${JSON.stringify(wanted)},` +
        `"error":${problem === undefined ? 'null' : JSON.stringify(problem)},` +
        `"result":${problem === undefined ? '{"status":"success"}' : 'null'}}`,
    })
    if (request === undefined)
      return { subscription: old, frames: [answer({ code: 1, message: 'invalid request body' })] }
    if (known === undefined || (event !== 'subscribe' && event !== 'unsubscribe')) {
      return {
        subscription: old,
        frames: [answer({ code: 1, message: `unknown channel ${String(channel)} or event` })],
      }
    }
    // One unknown symbol refuses the whole frame.
    const unknown = wanted.find((name) => !books.has(name))
    if (unknown !== undefined || wanted.length === 0) {
      return {
        subscription: old,
        frames: [answer({ code: 2, message: `unknown currency pair ${unknown ?? ''}`.trimEnd() })],
      }
    }
    const symbols = wanted.flatMap((name) => books.get(name)?.instrument.symbol ?? [])
    return { subscription: subscribe(old, known, symbols, event === 'subscribe'), frames: [answer(undefined)] }
  },

  trades: ({ book, trades }, wire) => {
    const [trade] = trades
    return trade === undefined ? '' : `${head('spot.trades', 'update', wire)},"result":${traded(book, trade)}}`
  },

  quote: (event, wire) =>
    `${head('spot.book_ticker', 'update', wire)},"result":{"t":${millis(event.eventTime)},"u":${event.updateId},` +
    `"s":"${gate.nativeSymbol(event.book.instrument)}","b":"${event.bid}","B":"${event.bidSize}","a":"${event.ask}","A":"${event.askSize}"}}`,

  heartbeat: () => undefined,
  tooMany: () => ({ close: { code: 1008, reason: 'too many requests' } }),
}

const head = (channel: string, event: string, { now }: Wire, connection?: string): string =>
  `{"time":${Math.floor(now / 1_000_000)},"time_ms":${millis(now)},${connection === undefined ? '' : `"conn_id":"${connection}",`}` +
  `"channel":${JSON.stringify(channel)},"event":${JSON.stringify(event)}`

/** Milliseconds with a fraction, as text; `range` counts the symbol's single trades. */
function traded(book: Book, { id, side, price, size, eventTime, first, last }: SimulatedTrade): string {
  const fraction = String(eventTime % 1000).padStart(3, '0')
  return (
    `{"id":${id},"create_time":${Math.floor(eventTime / 1_000_000)},"create_time_ms":"${millis(eventTime)}.${fraction}",` +
    `"side":"${side === 'BUY' ? 'buy' : 'sell'}","currency_pair":"${gate.nativeSymbol(book.instrument)}",` +
    `"amount":"${size}","price":"${price}","range":"${first}-${last}"}`
  )
}

const millis = (time: Micros): number => Math.floor(time / 1000)

const subscribe = (old: Subscription, channel: Channel, symbols: readonly string[], add: boolean): Subscription =>
  channel === 'spot.trades'
    ? { ...old, trades: changed(old.trades, symbols, add) }
    : { ...old, quotes: changed(old.quotes, symbols, add) }

const listed = ({ instrument: { base, quote, priceDecimals, sizeDecimals } }: Book) => ({
  id: `${base}_${quote}`,
  base,
  base_name: base,
  quote,
  quote_name: quote,
  fee: '0.2',
  min_base_amount: '0.00001',
  min_quote_amount: '3',
  max_quote_amount: '5000000',
  amount_precision: sizeDecimals,
  precision: priceDecimals,
  trade_status: 'tradable',
  sell_start: 0,
  buy_start: 0,
  type: 'normal',
})
