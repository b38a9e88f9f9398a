import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import { close, closed, connect, endLink, expectData, openLink, type Closing } from './connection.ts'
import { sendIfDue } from './deadlines.ts'
import type { FeedOutput, FeedState } from './feed-state.ts'
import { waitingLink, type Handover, type Next, type Session } from './links.ts'
import { isComplete, isMute, isReady, newHandover, releaseAll } from './handover.ts'
import { putOut } from './held-entries.ts'
import { checkAnswers } from './resubscribe.ts'
import { joinSession, startSession } from './session.ts'

/** Before a connection's life ends there is time for many attempts at the next one. */
const AHEAD = 60 * MICROS_PER_MINUTE
/** All clients that began with the exchange's restart must not come back at once. */
const SPREAD = 20 * MICROS_PER_MINUTE
const OVERLAP = 30 * MICROS_PER_SECOND
/** Trades held that the present socket has not delivered: it is far behind, there is no point in waiting. */
const MOST_HELD = 10_000
/** A handshake that neither opens nor fails. */
export const CONNECT_DEADLINE = 15 * MICROS_PER_SECOND

/** Opens the next socket before the present one's life ends, and lets it take over. Mutates the state. */
export function rotate(state: FeedState, out: FeedOutput[], time: Micros, random: number): void {
  const { current, settings } = state
  // A recorded connection is what it was.
  if (current === undefined || settings.feed === 'RECORDED') return
  state.rotateAt ??= rotationOf(current, settings.adapter.limits.lifetimeMs, random)
  if (time < state.rotateAt) return
  const next = (state.next ??= { ...waitingLink(time, 0), session: undefined, handovers: new Map(), held: 0 })
  if (next.session !== undefined) return overlap(state, next, next.session, out, time, random)
  if (next.phase === 'waiting' && time >= next.phaseTime) connect(state, out, time, next)
  else if (next.phase === 'connecting' && time - next.phaseTime > CONNECT_DEADLINE)
    giveUpNext(state, next, out, { time, reason: 'timeout', detail: 'no handshake', random })
}

/** An hour and up to twenty minutes before its end; of a life that is too short for that, at two thirds. */
function rotationOf({ openedAt }: Session, lifetimeMs: number | undefined, random: number): number {
  if (lifetimeMs === undefined) return Infinity
  const lifetime = lifetimeMs * MICROS_PER_MILLI
  return openedAt + Math.max(lifetime - AHEAD - random * SPREAD, (lifetime * 2) / 3)
}

export function openNext(state: FeedState, next: Next, out: FeedOutput[], time: Micros, id: Micros): void {
  next.session = openLink(state, next, out, time, id)
  next.handovers = new Map([...state.markets.keys()].map((nativeSymbol) => [nativeSymbol, newHandover()]))
}

function overlap(
  state: FeedState,
  next: Next,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  random: number,
): void {
  if (time - session.lastFrame > state.settings.adapter.silenceMs * MICROS_PER_MILLI)
    return giveUpNext(state, next, out, { time, reason: 'silent', detail: 'no frame', random })
  sendIfDue(state, session, out, time, next)
  checkAnswers(state, out, time, next)
  const isDue = time - session.openedAt >= OVERLAP || next.held >= MOST_HELD
  if (isDue && isMute(next))
    return giveUpNext(state, next, out, { time, reason: 'stale', detail: 'delivers nothing', random })
  const markets = [...state.markets.values()]
  if (isDue || markets.every((market) => isReady(market, next.handovers.get(market.nativeSymbol))))
    takeOver(state, next, session, out, time)
}

/** The present socket lives, and is closed now that it is not needed any more. */
function takeOver(state: FeedState, next: Next, session: Session, out: FeedOutput[], time: Micros): void {
  const { attempts, current } = state
  out.push({ kind: 'terminate', socket: state.socket })
  close(state, out, { time, reason: 'rotated', detail: `followed by session ${session.id}`, random: 0 })
  state.attempts = attempts
  adopt(state, next, time)
  begin(state, next, session, out, time, current, (one) => isComplete(one, time))
}

/**
 * The present socket is lost. If there is a next one it takes its place as it is: symbols of which both delivered the same
 * trade go on without a gap, the others have theirs. Mutates the state.
 */
export function lose(state: FeedState, out: FeedOutput[], closing: Closing): void {
  const { next, current } = state
  const { time, reason } = closing
  close(state, out, closing)
  if (next === undefined) return
  if (reason === 'stopped' || next.phase === 'waiting') return abandonNext(state, out)
  adopt(state, next, time)
  const { session, handovers } = next
  // Without a record it starts as any other session does, by its first.
  if (session === undefined || [...handovers.values()].every(({ seenAt }) => seenAt === undefined)) return
  begin(state, next, session, out, time, current, ({ isCommon }) => isCommon)
}

/** Our own decision: the present socket is not heard any more from here on. Mutates the state. */
export function giveUp(state: FeedState, out: FeedOutput[], closing: Closing): void {
  out.push({ kind: 'terminate', socket: state.socket })
  lose(state, out, closing)
}

function adopt(state: FeedState, next: Next, time: Micros): void {
  const { socket, phase, phaseTime, asked, outbound, nextSend, requested, awaiting, beginning, refused, session } = next
  state.next = undefined
  state.rotateAt = undefined
  Object.assign(state, { socket, phase, phaseTime, asked, outbound, nextSend, requested, awaiting, beginning, refused })
  state.current = session
  expectData(state, time)
}

/** The session's START, which is empty if nothing is missing, then what was held. */
function begin(
  state: FeedState,
  next: Next,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  before: Session | undefined,
  isWhole: (handover: Handover) => boolean,
): void {
  const handovers = [...next.handovers].flatMap(([nativeSymbol, handover]) => {
    const market = state.markets.get(nativeSymbol)
    return market === undefined ? [] : [{ market, handover, isWhole: isWhole(handover) }]
  })
  startSession(
    state,
    session,
    out,
    time,
    time,
    // One that never began leaves open what its own START would have told.
    before?.dataFrom !== undefined && handovers.every((one) => one.isWhole),
  )
  const context = { state, session, out, time, faults: new Set<string>() }
  for (const { market, handover, ...one } of handovers) {
    if (one.isWhole && before !== undefined && market.session === before.id) market.session = session.id
    // What may be missing goes on until now, though what is held came before.
    else if (handover.seenAt !== undefined) joinSession(state, session, market, out, time, time)
    putOut(context, handover)
  }
}

/** The next socket is lost; another is tried while the present one lives. Mutates the state. */
export function loseNext(state: FeedState, next: Next, out: FeedOutput[], closing: Closing): void {
  out.push(closed(state, { ...closing, detail: `the next socket: ${closing.detail}` }, next.session))
  endLink(state, next, closing)
  releaseAll(state, next)
  next.session = undefined
}

export function giveUpNext(state: FeedState, next: Next, out: FeedOutput[], closing: Closing): void {
  out.push({ kind: 'terminate', socket: next.socket })
  loseNext(state, next, out, closing)
}

/** It is not wanted any more as it is: if one is still due, another is opened. Mutates the state. */
export function abandonNext(state: FeedState, out: FeedOutput[]): void {
  const { next } = state
  if (next === undefined) return
  if (next.phase !== 'waiting') out.push({ kind: 'terminate', socket: next.socket })
  releaseAll(state, next)
  state.next = undefined
}
