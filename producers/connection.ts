import { MICROS_PER_MILLI, type Micros } from '../core/time.ts'
import { refusedDelayMs } from './backoff.ts'
import { closeDelayMs, closeRule } from './close-codes.ts'
import { request, sendIfDue } from './deadlines.ts'
import type { FeedOutput, FeedState } from './feed-state.ts'
import type { Link, Session } from './links.ts'
import { beat, openSession } from './session.ts'
import { catchUp } from './subscriptions.ts'
import { allowedAt, hold, take } from './token-bucket.ts'

/** Why a socket closed, from a bounded set. The first five are a shell's findings, the others the engine's. */
export type CloseReason =
  | 'closed'
  | 'error'
  | 'refused'
  | 'oversized'
  | 'stopped'
  | 'timeout'
  | 'silent'
  | 'stale'
  | 'shutdown'
  | 'rotated'

/** How a socket ended. */
export type Closing = {
  readonly time: Micros
  readonly reason: CloseReason
  /** For people. */
  readonly detail: string
  readonly random: number
  /** The code of a close. */
  readonly code?: number | undefined
  /** Status of a refused handshake, and what it asks for. */
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
}

/** Tries to connect, unless the exchange's limit, which all feeds of its host share, says later. Mutates both. */
export function connect(state: FeedState, out: FeedOutput[], time: Micros, link: Link = state): void {
  const { adapter, address } = state.settings
  const { connects } = adapter.limits
  const allowed = allowedAt(state.connects.bucket, connects, time)
  if (allowed > time) {
    link.phaseTime = allowed
    return
  }
  state.connects.bucket = take(state.connects.bucket, connects, time)
  link.phase = 'connecting'
  link.phaseTime = time
  link.socket = ++state.sockets
  link.asked = [...state.markets.keys()]
  out.push({ kind: 'connect', url: address(adapter.connect(link.asked).url), socket: link.socket })
}

/** The socket is open: a session begins, its subscriptions go out. Mutates the state. */
export function open(state: FeedState, out: FeedOutput[], time: Micros, id: Micros): void {
  state.current = openLink(state, state, out, time, id)
  state.rotateAt = undefined
  expectData(state, time)
  catchUp(state, state.asked, time)
}

/** A socket's session and its subscriptions. Mutates the link. */
export function openLink(state: FeedState, link: Link, out: FeedOutput[], time: Micros, id: Micros): Session {
  const session = openSession(id, time)
  link.phase = 'open'
  link.phaseTime = time
  link.nextSend = time
  request(state, state.settings.adapter.connect(link.asked), time, link)
  sendIfDue(state, session, out, time, link)
  out.push(event('CONNECTED', `session ${id} opened`, { session: String(id), symbols: String(state.markets.size) }))
  return session
}

/** On another socket than before each symbol has time to begin. Mutates the state. */
export function expectData(state: FeedState, time: Micros): void {
  for (const market of state.markets.values()) {
    market.lastData = time
    market.staleUntil = time
  }
}

/** The session is over: its quotes are withdrawn by DOWN heartbeats until the next session has data. */
export function close(state: FeedState, out: FeedOutput[], closing: Closing): void {
  const { time, reason } = closing
  const session = state.current
  state.current = undefined
  endLink(state, state, closing)
  if (reason === 'stopped') state.phaseTime = Infinity
  if (session !== undefined && state.speaking === session) beat(state, session, out, time)
  out.push(closed(state, closing, session))
}

/** A socket is no more: counts why, and says when another may be opened in its place. Mutates the link. */
export function endLink(state: FeedState, link: Link, closing: Closing): void {
  const { time, reason, random, code, status, retryAfterMs } = closing
  const { reconnects } = state.counts
  const rule = code === undefined ? undefined : closeRule(code, state.settings.adapter.closeCodes)
  const counted = rule === undefined ? reason : `${reason}_${code}`
  reconnects.set(counted, (reconnects.get(counted) ?? 0) + 1)
  link.outbound = []
  link.awaiting = new Map()
  link.beginning = new Map()
  link.refused = new Map()
  const asksTooMuch = status === 429 || status === 418
  const refusal = asksTooMuch || retryAfterMs !== undefined
  const delay = asksTooMuch
    ? refusedDelayMs(retryAfterMs, random)
    : Math.max(retryAfterMs ?? 0, closeDelayMs(rule, link.attempts, random))
  link.attempts++
  link.phase = 'waiting'
  link.phaseTime = time + delay * MICROS_PER_MILLI
  // It was said to this host's clients, not to this feed.
  if (refusal) state.connects.bucket = hold(state.connects.bucket, link.phaseTime)
}

export function closed(state: FeedState, closing: Closing, session: Session | undefined): FeedOutput {
  const { reason, detail, code, status } = closing
  const meaning = code === undefined ? undefined : closeRule(code, state.settings.adapter.closeCodes)?.meaning
  return event('DISCONNECTED', session === undefined ? `cannot connect: ${detail}` : detail, {
    reason,
    ...(code === undefined ? {} : { code: String(code) }),
    ...(meaning === undefined ? {} : { meaning }),
    ...(status === undefined ? {} : { status: String(status) }),
    ...(session === undefined ? {} : { session: String(session.id) }),
  })
}

const event = (
  kind: 'CONNECTED' | 'DISCONNECTED',
  message: string,
  details: Readonly<Record<string, string>>,
): FeedOutput => ({ kind: 'event', event: kind, symbol: undefined, message, details })
