import type { Gap } from '../core/tick.ts'
import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'
import type { Backfill, Mark, Page, PastTrade, Want } from './backfill.ts'

/** The trades of a symbol that the log has: time by number. */
export type Known = ReadonlyMap<number, Micros>

/** More of one symbol and gap is not fetched: it would take minutes of the exchange's limits, and memory. */
export const MAX_TRADES = 100_000

/** Ahead of our clock; a backfilled trade may be as old as it likes. */
const MAX_AHEAD = 10 * MICROS_PER_MINUTE

/**
 * What of a gap to ask for, between the log's nearest trades on either side. A trade whose time is not where its number is,
 * one that comes late or of a clock that is off, is none of them: the next further out is taken, so that nothing of the gap
 * lies beyond. Where that finds none the numbers began anew.
 */
export function wantOf(nativeSymbol: string, { from, to }: Gap, known: Known): Want {
  let firstSince = Infinity
  let lastUntil = -1
  for (const [sequence, eventTime] of known) {
    if (eventTime > from) firstSince = Math.min(firstSince, sequence)
    if (eventTime <= to) lastUntil = Math.max(lastUntil, sequence)
  }
  const { after, before } = nearest(known, from, to, firstSince, lastUntil)
  const nominal = nearest(known, from, to, Infinity, -1)
  return { nativeSymbol, from, to, after: after ?? nominal.after, before: before ?? nominal.before }
}

/** The last trade until `from` with a number below one bound, the first since `to` with one above the other. */
function nearest(known: Known, from: number, to: number, below: number, above: number): Pick<Want, 'after' | 'before'> {
  let after: Mark | undefined
  let before: Mark | undefined
  for (const [sequence, eventTime] of known) {
    if (eventTime <= from && sequence < below && sequence > (after?.sequence ?? -1)) after = { sequence, eventTime }
    if (eventTime > to && sequence > above && sequence < (before?.sequence ?? Infinity))
      before = { sequence, eventTime }
  }
  return { after, before }
}

/** Whether it is sure beforehand that a gap is too large. */
export const isTooLarge = ({ gapless }: Backfill, { after, before }: Want, known: Known): boolean =>
  gapless &&
  after !== undefined &&
  before !== undefined &&
  before.sequence - after.sequence - between(known, after, before) > MAX_TRADES

const between = (known: Known, after: Mark, before: Mark): number => {
  let count = 0
  for (const sequence of known.keys()) if (sequence > after.sequence && sequence < before.sequence) count++
  return count
}

/** What was fetched so far: trades in the order of their numbers; `ended` as the exchange says, `cut` by our own bound. */
export type Fetched = {
  readonly trades: readonly PastTrade[]
  readonly unreadable: number
  readonly state: 'open' | 'ended' | 'cut'
}

export const NOTHING_FETCHED: Fetched = { trades: [], unreadable: 0, state: 'open' }

/** Adds a page; `ended` once what lies beyond it cannot be wanted, or the exchange has no more. */
export function withPage(
  backfill: Backfill,
  want: Want,
  fetched: Fetched,
  page: Page,
  pages: number,
  now: Micros,
): Fetched {
  const believable = page.trades.filter(({ eventTime }) => eventTime <= now + MAX_AHEAD)
  const known = new Set(fetched.trades.map(({ sequence }) => sequence))
  const fresh = believable.filter(({ sequence }) => !known.has(sequence))
  const ascending = backfill.order === 'ascending'
  const trades = ascending ? [...fetched.trades, ...fresh] : [...fresh, ...fetched.trades]
  const unreadable = fetched.unreadable + page.unreadable + page.trades.length - believable.length
  const beyond = ascending ? reachesAfter(want, trades) : reachesBefore(want, trades)
  const ended = beyond || backfill.request(want, page, pages) === undefined
  const state = ended ? 'ended' : trades.length >= MAX_TRADES ? 'cut' : 'open'
  return { trades, unreadable, state }
}

/** Those to write: not on the log, by number and never by time, between the log's trades on either side. */
export function missingOf(backfill: Backfill, want: Want, { trades }: Fetched, known: Known): readonly PastTrade[] {
  const { after, before, from, to } = want
  const missing = trades.filter(
    ({ sequence, eventTime }) =>
      !known.has(sequence) &&
      (after === undefined ? eventTime >= from : sequence > after.sequence) &&
      (before === undefined ? eventTime <= to : sequence < before.sequence),
  )
  if (!backfill.mergesFills) return missing
  const merged = mergedFills(trades, known)
  return missing.filter(({ sequence }) => !merged.has(sequence))
}

/** Fills that stand on the log in another's name: the run before a known one with its time, side and price. */
function mergedFills(trades: readonly PastTrade[], known: Known): ReadonlySet<number> {
  const merged = new Set<number>()
  let head: PastTrade | undefined
  for (const trade of trades.toReversed()) {
    if (known.has(trade.sequence)) head = trade
    else if (head !== undefined && isOneOrder(head, trade)) merged.add(trade.sequence)
    else head = undefined
  }
  return merged
}

const isOneOrder = (one: PastTrade, other: PastTrade): boolean =>
  one.eventTime === other.eventTime &&
  one.payload.side === other.payload.side &&
  one.payload.price === other.payload.price

/**
 * Whether nothing of the gap is missing any more: what was fetched reaches beyond both of its ends, every row of it could be
 * read, and where numbers have no holes there is none between the ends. `known` holds what was written of it, too.
 */
export function isWhole(backfill: Backfill, want: Want, fetched: Fetched, known: Known): boolean {
  if (fetched.state !== 'ended' || fetched.unreadable > 0 || hasBegunAnew(want)) return false
  const { trades } = fetched
  const first = trades[0]
  const follows = backfill.gapless && first !== undefined && first.sequence === (want.after?.sequence ?? NaN) + 1
  if (!follows && !reachesBefore(want, trades)) return false
  // Without a trade since, to the present or, where pages go back, from the window's end. REST may lag behind the stream.
  if (want.before !== undefined && !reachesAfter(want, trades)) return false
  return !backfill.gapless || !hasHoles(want, trades, known)
}

/** Whether the log alone shows that nothing is missing. */
export const isProven = ({ gapless }: Backfill, want: Want, known: Known): boolean =>
  gapless && want.after !== undefined && want.before !== undefined && !hasBegunAnew(want) && !hasHoles(want, [], known)

/** The exchange began to count anew within the gap: numbers between its ends say nothing. */
const hasBegunAnew = ({ after, before }: Want): boolean =>
  after !== undefined && before !== undefined && before.sequence < after.sequence

function hasHoles({ after, before, from }: Want, trades: readonly PastTrade[], known: Known): boolean {
  const first = after?.sequence ?? trades.findLast(({ eventTime }) => eventTime < from)?.sequence
  const last = before?.sequence ?? trades.at(-1)?.sequence
  if (first === undefined || last === undefined) return true
  if (last - first > known.size + trades.length) return true
  const fetched = new Set(trades.map(({ sequence }) => sequence))
  for (let sequence = first + 1; sequence < last; sequence++)
    if (!known.has(sequence) && !fetched.has(sequence)) return true
  return false
}

const reachesBefore = ({ after, from }: Want, trades: readonly PastTrade[]): boolean =>
  trades[0] !== undefined && (after === undefined ? trades[0].eventTime < from : trades[0].sequence <= after.sequence)

const reachesAfter = ({ before, to }: Want, trades: readonly PastTrade[]): boolean => {
  const last = trades.at(-1)
  return last !== undefined && (before === undefined ? last.eventTime > to : last.sequence >= before.sequence)
}
