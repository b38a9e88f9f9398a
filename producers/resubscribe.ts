import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { Subscription } from './adapter.ts'
import { answered, faultEvent, refusedSubscription, subscribeAgain } from './deadlines.ts'
import type { FeedOutput, FeedState } from './feed-state.ts'
import type { Link, Session } from './links.ts'
import { leaveSession, withdraw } from './session.ts'

const FIRST_WAIT = 10 * MICROS_PER_SECOND
const LONGEST_WAIT = 10 * MICROS_PER_MINUTE

/**
 * A subscription was refused, or not answered: it is asked for again, at first soon, then ever later. Its trades may be
 * missing from now on though its quotes come, so what is missing until now is on record at once. Mutates the state.
 */
export function failed(state: FeedState, out: FeedOutput[], time: Micros, link: Link, nativeSymbol: string): void {
  // A recording cannot be asked, and has what it has: old ones tell less of what was acknowledged.
  if (!state.markets.has(nativeSymbol) || state.settings.feed === 'RECORDED') return
  const before = link.refused.get(nativeSymbol)
  // Its other channel's refusal.
  if (before !== undefined && before.at !== Infinity) return
  const attempts = (before?.attempts ?? 0) + 1
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempts - 1, 16))
  link.refused.set(nativeSymbol, { attempts, at: time + wait, isMute: true })
  if (link === state) lost(state, out, time, nativeSymbol)
}

/** Subscriptions without an answer: each a fault that names its symbol, the others go on. Mutates the state. */
export function checkAnswers(state: FeedState, out: FeedOutput[], time: Micros, link: Link = state): void {
  const due = [...link.awaiting].filter(([, one]) => time >= one.until)
  for (const [name, { nativeSymbol }] of due) {
    link.awaiting.delete(name)
    state.counts.subscriptionFaults++
    out.push(faultEvent(state.markets.get(nativeSymbol), `no acknowledgement of ${name} in 10 s`))
  }
  for (const nativeSymbol of new Set(due.map(([, one]) => one.nativeSymbol)))
    failed(state, out, time, link, nativeSymbol)
}

/** What was refused is not awaited any more, but asked for again. Mutates the state. */
export function refuse(state: FeedState, out: FeedOutput[], time: Micros, link: Link, nativeSymbol: string): void {
  refusedSubscription(link, nativeSymbol)
  failed(state, out, time, link, nativeSymbol)
}

/**
 * Asks again for what is due, one symbol at a time and behind all that waits to be sent: one that the exchange refuses must
 * take no other with it. Its quote is withdrawn, and a gap precedes its next record. Mutates the state.
 */
export function askAgain(state: FeedState, session: Session, out: FeedOutput[], time: Micros): void {
  if (state.refused.size === 0 || state.outbound.length > 0) return
  for (const [nativeSymbol, one] of state.refused) {
    if (time < one.at) continue
    const market = state.markets.get(nativeSymbol)
    if (market === undefined) continue
    if (!one.isMute && market.quote !== undefined) {
      // Trades and quotes have come since: it is in force, whatever was answered.
      state.refused.delete(nativeSymbol)
      return
    }
    if (session.dataFrom !== undefined) leaveSession(state, session, market, out, time)
    subscribeAgain(state, [nativeSymbol], time)
    return
  }
}

/** Subscriptions were acknowledged: with the last one of a symbol its loss is over. Mutates the state. */
export function accept(
  state: FeedState,
  out: FeedOutput[],
  time: Micros,
  link: Link,
  subscriptions: readonly Subscription[],
): void {
  answered(link, subscriptions)
  if (link.refused.size === 0) return
  for (const nativeSymbol of new Set(subscriptions.map((one) => one.nativeSymbol))) {
    const isAsked = link.refused.get(nativeSymbol)?.at === Infinity
    if (!isAsked || link.awaiting.values().some((one) => one.nativeSymbol === nativeSymbol)) continue
    heardAgain(state, out, time, link, nativeSymbol)
    link.refused.delete(nativeSymbol)
  }
}

/** Its trades come, whatever was acknowledged: what was missing until now is put on record before. Mutates the state. */
export function heardAgain(state: FeedState, out: FeedOutput[], time: Micros, link: Link, nativeSymbol: string): void {
  const one = link.refused.get(nativeSymbol)
  if (one?.isMute !== true) return
  link.refused.set(nativeSymbol, { ...one, isMute: false })
  if (link === state) lost(state, out, time, nativeSymbol)
}

/** A gap from the symbol's last trade, or the last such gap; a symbol without a record has its gap before that. */
function lost(state: FeedState, out: FeedOutput[], time: Micros, nativeSymbol: string): void {
  const market = state.markets.get(nativeSymbol)
  const session = state.current
  if (market === undefined || session?.dataFrom === undefined || market.session !== session.id) return
  const from = market.missedFrom ?? session.dataFrom
  withdraw(state, session, market, out, time, { from, to: Math.max(from, time), reason: 'DISCONNECT' })
  market.missedFrom = time
}
