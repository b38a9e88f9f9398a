import type { Micros } from '../../../core/time.ts'
import {
  changed,
  fixed,
  isObject,
  NOTHING,
  parseRequest,
  type Dialect,
  type ReplyFrame,
  type Subscription,
} from '../dialect.ts'
import { quoteOf, type Book, type QuoteEvent, type TradesEvent } from '../book.ts'

const CHANNELS = ['trades', 'bbo-tbt'] as const
type Channel = (typeof CHANNELS)[number]

/** Spot, API v5, public: `trades`, `bbo-tbt`; no login. Checked on 2026-11-21 against the exchange's API guide. */
export const okx: Dialect = {
  exchange: 'okx',
  socketPath: '/ws/v5/public',
  listPath: '/api/v5/public/instruments',
  idle: { withinMs: 30_000, code: 4004, reason: 'No data received in 30s' },
  nativeSymbol: ({ base, quote }) => `${base}-${quote}`,

  list: (books) => JSON.stringify({ code: '0', msg: '', data: books.map(listed) }),

  open: (_query, _books, connection) => ({
    subscription: { ...NOTHING, name: ((connection * 2_654_435_761) >>> 0).toString(16).padStart(8, '0') },
    frames: [],
  }),

  receive(old, text, books) {
    if (text === 'ping') return { subscription: old, frames: [fixed('pong')] }
    const request = parseRequest(text)
    const op = request?.['op']
    const args = request?.['args']
    if ((op !== 'subscribe' && op !== 'unsubscribe') || !Array.isArray(args)) {
      return { subscription: old, frames: [refusal(old, '60012', `Invalid request: ${text.slice(0, 200)}`)] }
    }
    let subscription = old
    const frames = args.flatMap((arg): readonly ReplyFrame[] => {
      const { channel, instId } = isObject(arg) ? arg : {}
      const known = CHANNELS.find((one) => one === channel)
      const name = String(instId)
      const book = books.get(name)
      if (known === undefined || book === undefined) {
        const what = `channel:${String(channel)},instId:${name}`
        const advice = 'Please use the correct URL, channel and parameters referring to API document.'
        return [refusal(old, '60018', `Wrong URL or ${what} doesn't exist. ${advice}`)]
      }
      subscription = subscribe(subscription, known, book.instrument.symbol, op === 'subscribe')
      const ack = fixed(`{"event":"${op}","arg":{"channel":"${known}","instId":"${name}"},"connId":"${old.name}"}`)
      return op === 'subscribe' ? [ack, ...newest(known, book)] : [ack]
    })
    return { subscription, frames }
  },

  trades: tradesFrame,
  quote: (event) => topFrame(event),
  heartbeat: () => undefined,

  isCounted: (text) => text !== 'ping',
  tooMany: ({ name }) => ({
    frame: fixed(`{"event":"error","code":"60014","msg":"Requests too frequent","connId":"${name}"}`),
  }),
  shutdown: ({ name }) =>
    fixed(
      `{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"${name}"}`,
    ),
}

/** Times are milliseconds; `count` is how many fills of one order at one price an entry merges. */
function tradesFrame({ book, trades }: TradesEvent): string {
  const name = okx.nativeSymbol(book.instrument)
  let list = ''
  for (const trade of trades) {
    list +=
      `${list === '' ? '' : ','}{"instId":"${name}","tradeId":"${trade.id}","px":"${trade.price}","sz":"${trade.size}",` +
      `"side":"${trade.side === 'BUY' ? 'buy' : 'sell'}","ts":"${millis(trade.eventTime)}",` +
      `"count":"${trade.last - trade.first + 1}","source":"0","seqId":${trade.last}}`
  }
  return `{"arg":{"channel":"trades","instId":"${name}"},"data":[${list}]}`
}

const topFrame = (event: QuoteEvent): string =>
  `{"arg":{"channel":"bbo-tbt","instId":"${okx.nativeSymbol(event.book.instrument)}"},"data":[{` +
  `"asks":[["${event.ask}","${event.askSize}","0","2"]],"bids":[["${event.bid}","${event.bidSize}","0","3"]],` +
  `"ts":"${millis(event.eventTime)}","seqId":${event.updateId}}]}`

const millis = (time: Micros): number => Math.floor(time / 1000)

/** After its acknowledgement a channel begins with the newest there is; its trade may be long ago (seen 2022-05-13: 25 s). */
function newest(channel: Channel, book: Book): readonly ReplyFrame[] {
  if (channel === 'bbo-tbt') return [fixed(topFrame(quoteOf(book)))]
  const history: TradesEvent = { kind: 'trades', book, trades: book.recent.slice(-1) }
  return [{ history, unnumbered: true, render: () => tradesFrame(history) }]
}

const refusal = ({ name }: Subscription, code: string, msg: string): ReplyFrame =>
  fixed(JSON.stringify({ event: 'error', code, msg, connId: name }))

const subscribe = (old: Subscription, channel: Channel, symbol: string, add: boolean): Subscription =>
  channel === 'trades'
    ? { ...old, trades: changed(old.trades, [symbol], add) }
    : { ...old, quotes: changed(old.quotes, [symbol], add) }

const listed = ({ instrument: { base, quote, priceDecimals, sizeDecimals } }: Book) => ({
  instType: 'SPOT',
  instId: `${base}-${quote}`,
  uly: '',
  instFamily: '',
  baseCcy: base,
  quoteCcy: quote,
  settleCcy: '',
  ctVal: '',
  ctMult: '',
  ctValCcy: '',
  optType: '',
  stk: '',
  listTime: '1548133413000',
  expTime: '',
  lever: '10',
  tickSz: (1 / 10 ** priceDecimals).toFixed(priceDecimals),
  lotSz: (1 / 10 ** sizeDecimals).toFixed(sizeDecimals),
  minSz: '0.00001',
  ctType: '',
  alias: '',
  state: 'live',
  ruleType: 'normal',
})
