import type { Arrival } from '../../core/arrivals.ts'
import { DEFAULT_ARBITRAGE } from '../../core/arbitrage/config.ts'
import {
  expiryOf,
  faultOf,
  takeGap,
  takeHeartbeat,
  takeQuote,
  type Ages,
  type QuoteTable,
  type StandingQuote,
} from '../../core/quotes.ts'
import type { Effects, Stage } from '../../core/processor.ts'
import { MICROS_PER_MILLI, micros, type Micros } from '../../core/time.ts'
import { setTimer, takeTimer, type Timers } from '../../core/timers.ts'
import type { BestQuote, BestSide, MarketEvent } from './events.ts'

/** Those of the detectors' defaults: a best quote is there without any configuration in the log. */
const AGES: Ages = {
  maxAge: DEFAULT_ARBITRAGE.maxAgeMs * MICROS_PER_MILLI,
  maxQuoteAge: DEFAULT_ARBITRAGE.maxQuoteAgeMs * MICROS_PER_MILLI,
}
/** What a best quote depends on: no quote older than this is one. */
export const BEST_HORIZON = AGES.maxQuoteAge

/** One symbol's quotes by exchange, and the best of them as last told. */
type Book = {
  readonly symbol: string
  readonly quotes: Map<string, StandingQuote>
  bid: StandingQuote | undefined
  ask: StandingQuote | undefined
  /** When the first timer set for it is due; Infinity: none is set. */
  dueAt: number
}
type Due = { readonly at: Micros; readonly book: Book }
/** Large state, changed in place. */
export type BestState = { readonly table: QuoteTable; readonly books: Map<string, Book>; readonly due: Timers<Due> }

const isBefore = (one: Due, other: Due): boolean =>
  one.at < other.at || (one.at === other.at && one.book.symbol < other.book.symbol)

/**
 * The best bid and ask of each symbol across exchanges, of quotes that hold (arbitrage.md section 3, the first four guards).
 * Emitted whenever exchange, price or size of a side changes, be it that a quote grew too old: then before the record that
 * carries T there. Of equal prices the first exchange by name is best.
 */
export const bestQuotes: Stage<BestState, MarketEvent, MarketEvent> = {
  initial: () => ({ table: new Map(), books: new Map(), due: [] }),
  step(state, event, effects) {
    if (event.kind !== 'tick') return
    const { table, books } = state
    expire(state, event.now, effects)
    const { tick, now } = event
    const { payload, exchange, symbol } = tick
    switch (payload.kind) {
      case 'quote':
        return judge(state, quoted(state, event, takeQuote(table, event, payload, event.isFlagged)), now, effects)
      case 'heartbeat':
        takeHeartbeat(table, event, payload)
        return judgeAll(state, exchange, now, effects)
      case 'gap': {
        takeGap(table, event)
        if (symbol === '') return judgeAll(state, exchange, now, effects)
        const book = books.get(symbol)
        return book === undefined ? undefined : judge(state, book, now, effects)
      }
      case 'trade':
      case 'control':
      case 'rate':
    }
  },
}

function quoted({ books }: BestState, { tick: { exchange, symbol } }: Arrival, quote: StandingQuote): Book {
  let book = books.get(symbol)
  if (book === undefined) {
    book = { symbol, quotes: new Map(), bid: undefined, ask: undefined, dueAt: Infinity }
    books.set(symbol, book)
  }
  book.quotes.set(exchange, quote)
  return book
}

/** A session's proof of life concerns all its quotes: by symbol, as the order in which they first came is the past's. */
function judgeAll(state: BestState, exchange: string, now: Micros, effects: Effects<MarketEvent>): void {
  const concerned = [...state.books.values()].filter(({ quotes }) => quotes.has(exchange))
  for (const book of concerned.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1))) judge(state, book, now, effects)
}

function expire(state: BestState, now: Micros, effects: Effects<MarketEvent>): void {
  for (;;) {
    const first = state.due[0]
    if (first === undefined || first.at > now) return
    takeTimer(state.due, isBefore)
    const { at, book } = first
    if (book.dueAt !== at) continue
    book.dueAt = Infinity
    judge(state, book, at, effects)
  }
}

function judge(state: BestState, book: Book, now: Micros, { emit }: Effects<MarketEvent>): void {
  let bid: StandingQuote | undefined
  let ask: StandingQuote | undefined
  for (const quote of book.quotes.values()) {
    if (faultOf(quote, now, AGES) !== undefined) continue
    if (bid === undefined || isBetter(quote.bid - bid.bid, quote, bid)) bid = quote
    if (ask === undefined || isBetter(ask.ask - quote.ask, quote, ask)) ask = quote
  }
  const isSame = isSameBid(book.bid, bid) && isSameAsk(book.ask, ask)
  book.bid = bid
  book.ask = ask
  const dueAt = Math.min(dueOf(bid), dueOf(ask))
  if (dueAt < book.dueAt) {
    book.dueAt = dueAt
    setTimer(state.due, { at: micros(dueAt), book }, isBefore)
  }
  if (!isSame) emit({ kind: 'best', best: bestOf(book, now) })
}

const isBetter = (by: number, quote: StandingQuote, than: StandingQuote): boolean =>
  by > 0 || (by === 0 && quote.exchange < than.exchange)

const isSameBid = (one: StandingQuote | undefined, other: StandingQuote | undefined): boolean =>
  one?.exchange === other?.exchange && one?.bid === other?.bid && one?.bidSize === other?.bidSize

const isSameAsk = (one: StandingQuote | undefined, other: StandingQuote | undefined): boolean =>
  one?.exchange === other?.exchange && one?.ask === other?.ask && one?.askSize === other?.askSize

const dueOf = (quote: StandingQuote | undefined): number => (quote === undefined ? Infinity : expiryOf(quote, AGES).at)

const bestOf = ({ symbol, bid, ask }: Book, at: Micros): BestQuote => ({
  symbol,
  at,
  bid: bid && sideOf(bid, bid.bid, bid.bidSize, at),
  ask: ask && sideOf(ask, ask.ask, ask.askSize, at),
})

const sideOf = (quote: StandingQuote, price: number, size: number | undefined, at: Micros): BestSide => ({
  exchange: quote.exchange,
  price,
  size,
  ageMs: (at - quote.time) / MICROS_PER_MILLI,
})
