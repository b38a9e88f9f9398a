import type { HeartbeatState } from '../core/tick.ts'
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { FeedOutput, FeedState, Market } from './feed-state.ts'
import type { Session } from './links.ts'
import { atReceipt, doubtQuotes, emit, emitGap, everywhere, homeOf } from './outbox.ts'

const BEAT = MICROS_PER_SECOND
const RATE_REPEAT = 10 * MICROS_PER_SECOND
/** A socket is up while its newest frame is younger than this, or than so many of its usual intervals. */
const UP_FLOOR = 2 * MICROS_PER_SECOND
const UP_INTERVALS = 20
/** What must be assumed missed where the log holds nothing yet. */
const UNKNOWN_PAST = 10 * MICROS_PER_MINUTE

export const openSession = (id: Micros, time: Micros): Session => ({
  id,
  openedAt: time,
  nextOrdinal: 0,
  dataFrom: undefined,
  lastFrame: time,
  usual: 0,
  lastSequence: 0,
  frameSequence: undefined,
  lastBeat: time,
  lastPing: time,
})

/** A frame of any kind arrived, pongs included. Mutates the session. */
export function heard(session: Session, time: Micros): void {
  const interval = time - session.lastFrame
  // A host clock that steps back is no interval.
  if (interval >= 0) session.usual += (interval - session.usual) * 0.05
  session.lastFrame = time
}

/**
 * The session's first data: a START gap in every partition before its first heartbeat, which from now on are its own
 * instead of the last session's. Quotes of earlier sessions no longer stand. Mutates the state.
 *
 * The gap begins a second before the last trade's time or its receipt, whichever is earlier: one stamped ahead would hide
 * the time since we had it. It ends at the data's time or its receipt, whichever is later: the first data may be a quote
 * that is old, and what was lost before it was sent before we received it. If our clock is behind even that trade's
 * receipt, as after a step back, the gap is between the two. Where the last session was followed without a loss it is empty.
 */
export function startSession(
  state: FeedState,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  dataTime: number,
  isComplete = false,
): void {
  session.dataFrom = time
  const until = Math.max(dataTime, time)
  for (const partition of state.everywhere) {
    const lastTrade = state.slots[partition]?.lastTradeTime
    const missed = lastTrade === undefined ? time - UNKNOWN_PAST : lastTrade - MICROS_PER_SECOND
    const from = isComplete ? until : missed
    emitGap(
      state,
      session,
      out,
      time,
      { ...everywhere(state), partitions: [partition] },
      {
        from: Math.min(from, until),
        to: isComplete ? until : Math.max(until, lastTrade ?? 0),
        reason: 'START',
      },
    )
  }
  state.speaking = session
  beat(state, session, out, time)
}

/**
 * Before a symbol's first record on a session: what its last session, which this one did not overlap, and the time until
 * now may have missed. Mutates the state.
 */
export function joinSession(
  state: FeedState,
  session: Session,
  market: Market,
  out: FeedOutput[],
  time: Micros,
  eventTime: number,
): void {
  if (market.session === session.id) return
  market.session = session.id
  const from = market.missedFrom ?? session.dataFrom ?? time
  withdraw(state, session, market, out, time, { from, to: Math.max(from, eventTime, time), reason: 'DISCONNECT' })
}

/**
 * A symbol is unsubscribed while the session goes on: its quote no longer holds, and it has to join again. Mutates the
 * state.
 */
export function leaveSession(
  state: FeedState,
  session: Session,
  market: Market,
  out: FeedOutput[],
  time: Micros,
): void {
  takeBack(state, session, market, out, time)
  market.session = undefined
}

/** Withdraws the quote of a symbol, if the log still shows one of this session. Mutates the state. */
export function takeBack(
  state: FeedState,
  session: Session,
  market: Market,
  out: FeedOutput[],
  time: Micros,
  at: number = time,
): void {
  if (market.shown && market.session === session.id)
    withdraw(state, session, market, out, time, { from: at, to: at, reason: 'WITHDRAWN' })
}

/** A gap of one symbol; a conversion symbol's goes to every partition, as its rates do. Mutates the state. */
export function withdraw(
  state: FeedState,
  session: Session,
  market: Market,
  out: FeedOutput[],
  time: Micros,
  gap: Parameters<typeof emitGap>[5],
): void {
  emitGap(state, session, out, time, market.conversion ? everywhere(state, market.symbol) : homeOf(market), gap)
}

/** Our event loop stood still: what the socket's buffers could not hold may be missing. Mutates the state. */
export function stalled(state: FeedState, out: FeedOutput[], from: Micros, time: Micros): void {
  const session = state.current
  if (session?.dataFrom === undefined) return
  emitGap(state, session, out, time, everywhere(state), { from, to: time, reason: 'STALL' })
}

/** Heartbeats and repeated rates that are due. Mutates the state. */
export function beatIfDue(state: FeedState, out: FeedOutput[], time: Micros): void {
  const session = state.speaking
  if (session === undefined) return
  if (time - session.lastBeat >= BEAT) beat(state, session, out, time)
  if (isUp(state, session, time)) repeatRates(state, session, out, time)
}

/** Writes a heartbeat to every partition; after DOWN no quote stands, so that an equal one is put out again. Mutates the state. */
export function beat(state: FeedState, session: Session, out: FeedOutput[], time: Micros): void {
  const heartbeat: HeartbeatState = isUp(state, session, time) ? 'UP' : 'DOWN'
  // Beats keep their rhythm though the clock ticks beside it; off the rhythm they start anew.
  const late = time - session.lastBeat - BEAT
  session.lastBeat = late >= 0 && late < BEAT ? session.lastBeat + BEAT : time
  if (heartbeat === 'DOWN') doubtQuotes(state, state.everywhere)
  emit(state, session, out, time, everywhere(state), atReceipt(time), {
    kind: 'heartbeat',
    state: heartbeat,
    lastSequence: session.lastSequence,
  })
}

const isUp = (state: FeedState, session: Session, time: Micros): boolean =>
  session === state.current && time - session.lastFrame < Math.max(UP_FLOOR, session.usual * UP_INTERVALS)

function repeatRates(state: FeedState, session: Session, out: FeedOutput[], time: Micros): void {
  for (const market of state.markets.values()) {
    if (!market.conversion || market.quote === undefined || market.session !== session.id) continue
    if (time - market.rateAt >= RATE_REPEAT) emitRate(state, session, market, out, time)
  }
}

/** Writes a conversion symbol's quote as a rate, with the present receive time. Mutates the market. */
export function emitRate(state: FeedState, session: Session, market: Market, out: FeedOutput[], time: Micros): void {
  const { quote, quoteHead } = market
  if (quote === undefined || quoteHead === undefined) return
  market.rateBid = quote.bid
  market.rateAsk = quote.ask
  market.rateAt = time
  const head = quoteHead.timeSource === 'RECEIVED' ? { ...quoteHead, eventTime: time } : quoteHead
  emit(state, session, out, time, everywhere(state, market.symbol), head, {
    kind: 'rate',
    bid: quote.bid,
    ask: quote.ask,
  })
}
