import type { Side } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import { assetModel, type Instrument } from './instruments.ts'
import type { Random } from './random.ts'

const HISTORY = 100
/** Trades of a symbol that REST can tell; the oldest are forgotten by the thousand. */
const PAST = 20_000
const PAST_SLACK = 1000

export type SimulatedTrade = {
  readonly id: number
  /** First and last of the single trades that Binance sums up in one. */
  readonly first: number
  readonly last: number
  readonly price: string
  readonly size: string
  /** The aggressor's. */
  readonly side: Side
  readonly eventTime: Micros
}

/** Trades of one frame, oldest first. */
export type TradesEvent = { readonly kind: 'trades'; readonly book: Book; readonly trades: readonly SimulatedTrade[] }
export type QuoteEvent = {
  readonly kind: 'quote'
  readonly book: Book
  readonly updateId: number
  readonly bid: string
  readonly bidSize: string
  readonly ask: string
  readonly askSize: string
  /** Price of the last trade. */
  readonly last: string
  readonly eventTime: Micros
}

/** One symbol at one exchange; owned and changed by the market. */
export type Book = {
  readonly instrument: Instrument
  readonly unit: number
  readonly sizeUnit: number
  bid: number
  ask: number
  bidSize: string
  askSize: string
  lastPrice: string
  lastTime: Micros
  tradeId: number
  singleId: number
  updateId: number
  /** Exchange time of the quote last published: the one that stands. */
  quotedAt: Micros
  /** By how much this book's price leaves the others', relative; 0 outside of episodes. */
  shift: number
  /** How much larger than usual trades are. */
  appetite: number
  /** The last hundred trades, oldest first: what a new subscriber is sent as history. */
  readonly recent: SimulatedTrade[]
  /** What REST can tell, oldest first. */
  readonly past: SimulatedTrade[]
}

/** A book with a history of a hundred trades, a second apart, before the start. */
export function createBook(instrument: Instrument, start: Micros, random: Random): Book {
  const unit = 1 / 10 ** instrument.priceDecimals
  const bid = Math.floor(assetModel(instrument.base).price / assetModel(instrument.quote).price / unit)
  const book: Book = {
    instrument,
    unit,
    sizeUnit: 1 / 10 ** instrument.sizeDecimals,
    bid,
    ask: bid + 1,
    bidSize: '',
    askSize: '',
    lastPrice: '',
    lastTime: start,
    tradeId: Math.floor(start / 50) - HISTORY,
    singleId: Math.floor(start / 10) - 4 * HISTORY,
    updateId: Math.floor(start / 10),
    quotedAt: start,
    shift: 0,
    appetite: 1,
    recent: [],
    past: [],
  }
  book.bidSize = sizeText(book, random, 20)
  book.askSize = sizeText(book, random, 20)
  for (let age = HISTORY; age > 0; age -= 1) {
    nextTrade(book, random, random() < 0.5 ? 'BUY' : 'SELL', 0, micros(start - age * 1_000_000))
  }
  return book
}

/** The top of a book as it is now. */
export const quoteOf = (book: Book): QuoteEvent => ({
  kind: 'quote',
  book,
  updateId: book.updateId,
  bid: priceText(book, book.bid),
  bidSize: book.bidSize,
  ask: priceText(book, book.ask),
  askSize: book.askSize,
  last: book.lastPrice,
  eventTime: book.lastTime,
})

/** The top of a book, from now on the one that everybody sees. */
export function publishQuote(book: Book): QuoteEvent {
  book.quotedAt = book.lastTime
  return quoteOf(book)
}

/** A new top of the book around a middle. */
export function setTop(book: Book, random: Random, mid: number, width: number, time: Micros): void {
  const spread = Math.max(1, Math.round(width / book.unit))
  book.bid = Math.max(1, Math.floor(mid / book.unit - spread / 2))
  book.ask = book.bid + spread
  book.bidSize = sizeText(book, random, 20)
  book.askSize = sizeText(book, random, 20)
  book.updateId += 1 + Math.floor(random() * 3)
  book.lastTime = time
}

/** The next trade of a book, numbered and remembered; `depth`: how many units beyond the best level. */
export function nextTrade(book: Book, random: Random, side: Side, depth: number, eventTime: Micros): SimulatedTrade {
  const singles = 1 + Math.floor(random() * random() * 4)
  book.tradeId += 1
  book.singleId += singles
  // An order that takes more than the best level goes a unit deeper with each.
  const price = priceText(book, side === 'BUY' ? book.ask + depth : Math.max(1, book.bid - depth))
  const trade: SimulatedTrade = {
    id: book.tradeId,
    first: book.singleId - singles + 1,
    last: book.singleId,
    price,
    size: sizeText(book, random, book.appetite),
    side,
    eventTime,
  }
  book.lastPrice = price
  book.lastTime = eventTime
  book.recent.push(trade)
  if (book.recent.length > HISTORY) book.recent.shift()
  book.past.push(trade)
  if (book.past.length > PAST + PAST_SLACK) book.past.splice(0, PAST_SLACK)
  return trade
}

/** A price in a book's units as the exchange writes it. */
export const priceText = (book: Book, units: number): string =>
  (units * book.unit).toFixed(book.instrument.priceDecimals)

/** Many small ones, few large: some fifty dollars up to ten thousand, times `scale`. */
function sizeText(book: Book, random: Random, scale: number): string {
  const dollars = (50 * scale) / (random() + 0.005)
  const size = Math.max(book.sizeUnit, dollars / assetModel(book.instrument.base).price)
  return size.toFixed(book.instrument.sizeDecimals)
}
