import type { Quote, Tick } from '../core/tick.ts'
import { micros, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { Decoded, Entry, Withdrawal } from './adapter.ts'
import { sampled } from './clock-offset.ts'
import type { FeedOutput, FeedState, Market } from './feed-state.ts'
import type { Session } from './links.ts'
import { delivered } from './handover.ts'
import { emit, homeOf } from './outbox.ts'
import { observe } from './isolation.ts'
import { remember } from './recent-ids.ts'
import { heardAgain } from './resubscribe.ts'
import { emitRate, joinSession, startSession, takeBack, withdraw } from './session.ts'

/** Beyond this an exchange's time is not believed. */
const MAX_SKEW = 10 * MICROS_PER_MINUTE
/** Beyond this it is counted. */
const NOTABLE_SKEW = 5 * MICROS_PER_SECOND
const PEAK_DECAY = 0.01

/** What a frame's entries are handled in. */
export type FrameContext = {
  readonly state: FeedState
  readonly session: Session
  readonly out: FeedOutput[]
  readonly time: Micros
  /** Reasons why entries could not be taken; a reason stands there once. */
  readonly faults: Set<string>
}

type Head = Pick<Tick, 'eventTime' | 'timeSource' | 'sequence'>

/** Handles the trades, quotes and withdrawals of one frame, oldest first. Mutates the state. */
export function takeEntries(context: FrameContext, decoded: Extract<Decoded, { kind: 'ticks' }>): void {
  const { counts } = context.state
  counts.findings.inexact += decoded.inexact
  counts.findings.unsized += decoded.unsized
  counts.entries.in += decoded.ticks.length + decoded.withdrawals.length + decoded.faults.length
  counts.entries.fault += decoded.faults.length
  for (const reason of decoded.faults) context.faults.add(reason)
  for (const entry of decoded.ticks) takeEntry(context, entry)
  for (const one of decoded.withdrawals) takeWithdrawal(context, one)
}

export function takeEntry(context: FrameContext, entry: Entry): void {
  const { state, time } = context
  const { entries } = state.counts
  const market = state.markets.get(entry.nativeSymbol)
  if (market === undefined) return unwanted(context, entry.nativeSymbol)
  const eventTime = timeOf(context, entry)
  touch(market, time)
  if (entry.history && !isNews(market, entry)) {
    // The stream goes on from the newest of it.
    numbered(market, context.session, Math.max(entry.sequence, market.tradeSequence), undefined)
    entries.history++
    return
  }
  if (isSkewed(context, eventTime)) return fault(context, 'eventTime: more than 10 minutes off')
  if (Math.abs(eventTime - time) > NOTABLE_SKEW) state.counts.findings.skewed++
  const { payload } = entry
  if (entry.timeSource === 'EXCHANGE' && !entry.history) sampled(state.clock, 'events', eventTime, time)
  observe(market, payload, time)
  if (market.isQuarantined) return fault(context, 'price: quarantined')
  const head: Head = { eventTime: micros(eventTime), timeSource: entry.timeSource, sequence: entry.sequence }
  const isNew =
    payload.kind === 'trade'
      ? remember(market.ids, entry.sequence, payload.id, time)
      : isNewQuote(market, head, payload)
  if (!isNew) {
    entries.duplicate++
    return
  }
  delivered(state, market, entry, time)
  if (payload.kind === 'trade' && state.refused.size > 0)
    heardAgain(state, context.out, time, state, market.nativeSymbol)
  begin(context, market, eventTime)
  // Entries without a number leave the last one standing.
  if (entry.sequence > 0) context.session.lastSequence = entry.sequence
  if (payload.kind === 'trade') breaks(context, market, head)
  const sent = emit(state, context.session, context.out, time, homeOf(market), head, payload)
  entries[sent === undefined ? 'overflow' : 'out']++
  if (payload.kind === 'quote') quoted(context, market, head, payload)
  else traded(context, market, eventTime)
}

/** In place of a quote not worth emitting; a quote that does not stand needs no second withdrawal. */
export function takeWithdrawal(context: FrameContext, one: Withdrawal): void {
  const { state, session, out, time } = context
  const market = state.markets.get(one.nativeSymbol)
  if (market === undefined) return unwanted(context, one.nativeSymbol)
  const eventTime = timeOf(context, one)
  if (isSkewed(context, eventTime)) return fault(context, 'eventTime: more than 10 minutes off')
  state.counts.findings[one.finding]++
  state.counts.entries.withdrawn++
  touch(market, time)
  if (market.isQuarantined) return
  begin(context, market, eventTime)
  takeBack(state, session, market, out, time, eventTime)
}

/** The session's and the symbol's first record are preceded by what may be missing before them. */
function begin({ state, session, out, time }: FrameContext, market: Market, eventTime: number): void {
  if (session.dataFrom === undefined) startSession(state, session, out, time, eventTime)
  if (market.session !== session.id) joinSession(state, session, market, out, time, eventTime)
}

export const timeOf = ({ state, time }: FrameContext, entry: Pick<Entry, 'eventTime' | 'timeSource'>): number =>
  entry.timeSource === 'RECEIVED' ? time : entry.eventTime + state.settings.shift

export const isSkewed = ({ time }: FrameContext, eventTime: number): boolean => Math.abs(eventTime - time) > MAX_SKEW

/** Whether a trade sent at subscribe came after all that we emitted; on the first connection none did. */
export const isNews = (market: Market, { sequence }: Entry): boolean =>
  market.tradeTime !== undefined && sequence > market.tradeSequence

/**
 * A break in the exchange's numbering of a symbol's trades: written before the record that breaks it. On a connection any
 * other number than the next is one; from one to the next a lower number only says that the exchange began anew, a higher
 * one that trades were lost, some perhaps later than its DISCONNECT gap's end, which is our clock's.
 */
function breaks({ state, session, out, time }: FrameContext, market: Market, { eventTime, sequence }: Head): void {
  const next = market.tradeSequence + 1
  const known = market.numbering !== undefined
  const broken = market.numbering === session.id ? sequence !== next : known && sequence > next
  const since = market.tradeTime ?? session.dataFrom ?? time
  numbered(market, session, sequence, eventTime)
  if (!broken || !state.settings.adapter.numberedTrades) return
  const bounds = { from: Math.min(since, eventTime), to: Math.max(since, eventTime) }
  withdraw(state, session, market, out, time, { ...bounds, reason: 'SEQUENCE' })
}

function numbered(market: Market, session: Session, sequence: number, tradeTime: Micros | undefined): void {
  market.numbering = session.id
  market.tradeSequence = sequence
  market.tradeTime = tradeTime ?? market.tradeTime
}

/** An exchange whose clock is ahead must not hide what was lost after we had its last trade. */
function traded({ state, time }: FrameContext, market: Market, eventTime: number): void {
  market.missedFrom = micros(Math.min(eventTime, time))
  for (const partition of market.home) {
    const slot = state.slots[partition]
    if (slot !== undefined) slot.lastTradeTime = micros(Math.max(slot.lastTradeTime ?? 0, market.missedFrom))
  }
}

/**
 * By update number where the exchange has one, else by its four numbers. Where none stands, after a gap, a DOWN or on a new
 * session, any quote is new: update numbers may have started again from below.
 */
function isNewQuote(market: Market, { sequence }: Head, { bid, bidSize, ask, askSize }: Quote): boolean {
  const { quote, quoteHead } = market
  if (quote === undefined || quoteHead === undefined) return true
  if (sequence > 0) return sequence > quoteHead.sequence
  return bid !== quote.bid || ask !== quote.ask || bidSize !== quote.bidSize || askSize !== quote.askSize
}

function quoted({ state, session, out, time }: FrameContext, market: Market, head: Head, quote: Quote): void {
  market.quote = quote
  market.shown = true
  market.quoteHead = head
  if (!market.conversion) return
  if (market.rateAt === 0 || market.rateBid !== quote.bid || market.rateAsk !== quote.ask)
    emitRate(state, session, market, out, time)
}

/** The usual interval is a peak that decays: a symbol that trades in bursts is not stale between them. */
function touch(market: Market, time: Micros): void {
  const interval = Math.max(0, time - market.lastData)
  if (market.lastData > 0)
    market.usual = interval > market.usual ? interval : market.usual + (interval - market.usual) * PEAK_DECAY
  market.lastData = time
  market.stale = 0
}

function fault({ state, faults }: FrameContext, reason: string): void {
  state.counts.entries.fault++
  faults.add(reason)
}

/** Of a symbol that was just unsubscribed some more may come. */
export function unwanted(context: FrameContext, nativeSymbol: string): void {
  const { state, time } = context
  const former = state.former.get(nativeSymbol)
  if (former === undefined || time > former.until) return fault(context, 'symbol: not subscribed')
  state.counts.entries.ignored++
}
