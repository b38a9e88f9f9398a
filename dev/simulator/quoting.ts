import type { Side } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import {
  nextTrade,
  publishQuote,
  setTop,
  type Book,
  type QuoteEvent,
  type SimulatedTrade,
  type TradesEvent,
} from './book.ts'
import { MANNERS } from './manners.ts'
import { fairMid, type Listing, type Place } from './places.ts'
import type { Random } from './random.ts'

/**
 * How far beyond the fair price of the moment an ask may lie below it, or a bid above, at the end of a step, outside of
 * episodes: a quote that would is renewed. So two exchanges are never apart by more than twice this, three symbols by
 * more than three times, 18.1 basis points before fees: less than two taker fees of 10, the fewest that a round costs.
 */
export const QUIET_BPS = 6
const QUIET = QUIET_BPS * 1e-4
/** In bursts trades are larger by this factor. */
export const BURST_SIZE = 5
/** Frames sent in advance are made up for within a second, then forgotten. */
const MAX_ADVANCE_SECONDS = 1

/** What quoting needs to know of the market. */
export type Moment = { readonly random: Random; readonly time: Micros; readonly storm: boolean }
type Emit = (event: TradesEvent | QuoteEvent) => void

/** An exchange's frames of one step: first the quotes that may not stand any longer, then as many as are due. */
export function tradePlace(moment: Moment, place: Place, due: number, stepsPerSecond: number, emit: Emit): void {
  if (place.isFrozen) return
  place.due = Math.max(place.due, -due * stepsPerSecond * MAX_ADVANCE_SECONDS) + due
  for (const listing of place.listings) {
    if (isOff(listing)) place.due -= requote(moment, place, listing, emit)
  }
  while (place.due >= 1) {
    const listing = pick(moment.random, place)
    if (listing === undefined) return
    place.due -= happen(moment, place, listing, emit)
  }
}

/** The next trades of a book, numbered and remembered. */
export function tradeBook({ random, time }: Moment, book: Book, count: number): TradesEvent {
  const side: Side = random() < 0.5 ? 'BUY' : 'SELL'
  const eventTime = nextTime(random, time, book)
  const trades: SimulatedTrade[] = []
  for (let i = 0; i < count; i += 1) trades.push(nextTrade(book, random, side, i, eventTime))
  return { kind: 'trades', book, trades }
}

function isOff(listing: Listing): boolean {
  const { bid, ask, unit } = listing.book
  const fair = fairMid(listing)
  return ask * unit < fair * (1 - QUIET) || bid * unit > fair * (1 + QUIET)
}

/** In a burst half of what happens at the exchange happens in one book. */
function pick(random: Random, { burst, picks }: Place): Listing | undefined {
  if (burst !== undefined && random() < 0.5) return burst
  return picks[Math.floor(random() * picks.length)]
}

function happen(moment: Moment, place: Place, listing: Listing, emit: Emit): number {
  const { tickerFollowsTrade, trades } = place.manners
  const share = place.burst === listing ? Math.max(trades, 0.6) : trades
  if (tickerFollowsTrade || moment.random() >= share) return requote(moment, place, listing, emit)
  emit(tradeBook(moment, listing.book, tradesOf(moment.random, place)))
  return 1
}

/** A new top of the book, and the frames that tell it: how many. */
function requote(moment: Moment, place: Place, listing: Listing, emit: Emit): number {
  moveTop(moment, place, listing)
  const { tickerFollowsTrade } = place.manners
  // The book moves, then trades, then the ticker says both.
  if (tickerFollowsTrade) emit(tradeBook(moment, listing.book, tradesOf(moment.random, place)))
  emit(publishQuote(listing.book))
  return tickerFollowsTrade ? 2 : 1
}

const tradesOf = (random: Random, { manners }: Place): number =>
  random() < manners.severalTrades ? 2 + Math.floor(random() * 2) : 1

function moveTop({ random, time, storm }: Moment, { manners }: Place, listing: Listing): void {
  const { book, base, quote } = listing
  const fair = fairMid(listing)
  const seen = ((base.price * (1 + base.noise)) / (quote.price * (1 + quote.noise))) * (1 + book.shift)
  const mid = Math.min(fair * (1 + QUIET / 2), Math.max(fair * (1 - QUIET / 2), seen))
  const width = manners.spreadBps * 1e-4 * (storm ? 2 : 1) * (0.7 + 0.6 * random())
  setTop(book, random, mid, mid * width, nextTime(random, time, book))
}

/** Exchange time: the present less what the exchange and the network need; never back within a symbol. */
function nextTime(random: Random, present: Micros, book: Book): Micros {
  const { lagMicros } = MANNERS[book.instrument.exchange]
  const time = present - Math.round(lagMicros * (0.6 + 0.8 * random()))
  return time > book.lastTime ? micros(time) : book.lastTime
}
