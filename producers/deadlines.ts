import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { Subscribe, Subscription } from './adapter.ts'
import type { FeedOutput, FeedState, Market } from './feed-state.ts'
import type { Link, Session } from './links.ts'
import { leaveSession } from './session.ts'
import { allowedAt, take, type Limit } from './token-bucket.ts'

const ACK_DEADLINE = 10 * MICROS_PER_SECOND
const STALE_FLOOR = MICROS_PER_MINUTE
const STALE_INTERVALS = 20
const STALE_CHECK = MICROS_PER_SECOND

/** Queues frames, paced as the exchange allows, and waits for their acknowledgements. Mutates the state. */
export function request(state: FeedState, { frames, awaits }: Subscribe, time: Micros, link: Link = state): void {
  link.outbound.push(...frames)
  const { adapter, feed } = state.settings
  const sent = time + link.outbound.length * adapter.limits.paceMs * MICROS_PER_MILLI
  for (const one of awaits) {
    link.awaiting.set(nameOf(one), { ...one, until: sent + ACK_DEADLINE })
    // No other process put out what a recording begins with.
    if (adapter.beginsWithHistory === true && feed !== 'RECORDED') link.beginning.set(one.nativeSymbol, time)
  }
}

/** Subscriptions that were acknowledged, or refused: they are awaited no more. Mutates the state. */
export function answered({ awaiting }: Link, subscriptions: readonly Subscription[]): void {
  if (awaiting.size === 0) return
  for (const one of subscriptions) awaiting.delete(nameOf(one))
}

export function refusedSubscription({ awaiting }: Link, nativeSymbol: string | undefined): void {
  for (const [name, one] of awaiting) if (one.nativeSymbol === nativeSymbol) awaiting.delete(name)
}

/**
 * Sends what is queued and due, one frame per pace and within the exchange's limit, and the exchange's own pings. Mutates
 * the state.
 */
export function sendIfDue(
  state: FeedState,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  link: Link = state,
): void {
  const { ping, limits } = state.settings.adapter
  const { socket } = link
  if (time < link.nextSend) return
  const [frame] = link.outbound
  if (frame !== undefined && mayRequest(limits.requests, link, time)) {
    link.outbound.shift()
    out.push({ kind: 'send', frame, socket })
  } else if (ping !== undefined && time - session.lastPing >= ping.everyMs * MICROS_PER_MILLI) {
    session.lastPing = time
    out.push({ kind: 'send', frame: ping.frame, socket })
  } else return
  link.nextSend = time + limits.paceMs * MICROS_PER_MILLI
}

function mayRequest(limit: Limit | undefined, link: Link, time: Micros): boolean {
  if (limit === undefined) return true
  if (allowedAt(link.requested, limit, time) > time) return false
  link.requested = take(link.requested, limit, time)
  return true
}

/**
 * Symbols that fell silent while their socket lives: subscribed again at first, the second time the socket is given up
 * (`true`), then an alarm. Only a symbol that delivers starts over. Mutates the state.
 *
 * One subscribed again has left the session: its quote is withdrawn at once, a DISCONNECT gap precedes its next record.
 */
export function checkStale(state: FeedState, session: Session, out: FeedOutput[], time: Micros): boolean {
  if (time < state.nextStaleCheck) return false
  state.nextStaleCheck = time + STALE_CHECK
  const stale = [...state.markets.values()].filter((market) => isStale(market, time))
  if (stale.length === 0) return false
  for (const market of stale) {
    market.stale++
    market.staleUntil = time + STALE_FLOOR
    if (market.stale === 3) out.push(faultEvent(market, 'no data, though subscribed again and reconnected'))
  }
  if (stale.some((market) => market.stale === 2)) return true
  const again = stale.filter((market) => market.stale === 1)
  for (const market of again) leaveSession(state, session, market, out, time)
  const nativeSymbols = again.map(({ nativeSymbol }) => nativeSymbol)
  if (again.length > 0) subscribeAgain(state, nativeSymbols, time)
  return false
}

/** What was refused may have been taken in part, so it is given up first. Mutates the state. */
export function subscribeAgain(state: FeedState, nativeSymbols: readonly string[], time: Micros): void {
  const { adapter } = state.settings
  for (const nativeSymbol of nativeSymbols) {
    const one = state.refused.get(nativeSymbol)
    if (one !== undefined) state.refused.set(nativeSymbol, { ...one, at: Infinity })
  }
  request(state, { frames: adapter.unsubscribe(nativeSymbols), awaits: [] }, time)
  request(state, adapter.subscribe(nativeSymbols), time)
}

const isStale = (market: Market, time: Micros): boolean =>
  time >= market.staleUntil && time - market.lastData > Math.max(STALE_FLOOR, market.usual * STALE_INTERVALS)

const nameOf = ({ channel, nativeSymbol }: Subscription): string => `${channel} ${nativeSymbol}`

export const faultEvent = (market: Market | undefined, message: string): FeedOutput => ({
  kind: 'event',
  event: 'FAULT',
  symbol: market?.symbol,
  message,
  details: {},
})
