import { MICROS_PER_MILLI, type Micros } from '../core/time.ts'
import { connectAllowedAt, delayMs, refusedDelayMs } from './backoff.ts'
import { request, sendIfDue } from './deadlines.ts'
import type { FeedOutput, FeedState } from './feed-state.ts'
import { beat, openSession } from './session.ts'
import { catchUp } from './subscriptions.ts'

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

/** How a socket ended. */
export type Closing = {
  readonly time: Micros
  readonly reason: CloseReason
  /** For people. */
  readonly detail: string
  readonly random: number
  /** Status of a refused handshake, and what it asks for. */
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
}

/** Tries to connect, unless the exchange's limit says later. Mutates the state. */
export function connect(state: FeedState, out: FeedOutput[], time: Micros): void {
  const { adapter, address } = state.settings
  const allowed = connectAllowedAt(state.connects, adapter.limits.connects, time)
  if (allowed > time) {
    state.phaseTime = allowed
    return
  }
  state.connects = [...state.connects, time].slice(-adapter.limits.connects.count)
  state.phase = 'connecting'
  state.phaseTime = time
  state.asked = [...state.markets.keys()]
  out.push({ kind: 'connect', url: address(adapter.connect(state.asked).url) })
}

/** The socket is open: a session begins, its subscriptions go out. Mutates the state. */
export function open(state: FeedState, out: FeedOutput[], time: Micros, id: Micros): void {
  const { adapter } = state.settings
  const session = openSession(id, time)
  state.phase = 'open'
  state.phaseTime = time
  state.current = session
  state.nextSend = time
  for (const market of state.markets.values()) {
    market.lastData = time
    market.staleUntil = time
  }
  request(state, adapter.connect(state.asked), time)
  catchUp(state, state.asked, time)
  sendIfDue(state, session, out, time)
  out.push(event('CONNECTED', `session ${id} opened`, { session: String(id), symbols: String(state.markets.size) }))
}

/** Our own decision: the socket is not heard any more from here on. */
export function giveUp(state: FeedState, out: FeedOutput[], closing: Closing): void {
  out.push({ kind: 'terminate' })
  close(state, out, closing)
}

/** The session is over: its quotes are withdrawn by DOWN heartbeats until the next session has data. */
export function close(state: FeedState, out: FeedOutput[], closing: Closing): void {
  const { time, reason, detail, random, status, retryAfterMs } = closing
  const { reconnects } = state.counts
  reconnects.set(reason, (reconnects.get(reason) ?? 0) + 1)
  const session = state.current
  state.current = undefined
  state.outbound = []
  state.awaiting.clear()
  const asksTooMuch = status === 429 || status === 418
  const delay = asksTooMuch ? refusedDelayMs(retryAfterMs, random) : delayMs(state.attempts, random)
  state.attempts++
  state.phase = 'waiting'
  state.phaseTime = reason === 'stopped' ? Infinity : time + delay * MICROS_PER_MILLI
  if (session !== undefined && state.speaking === session) beat(state, session, out, time)
  const details = { reason, ...(session === undefined ? {} : { session: String(session.id) }) }
  out.push(event('DISCONNECTED', session === undefined ? `cannot connect: ${detail}` : detail, details))
}

const event = (
  kind: 'CONNECTED' | 'DISCONNECTED',
  message: string,
  details: Readonly<Record<string, string>>,
): FeedOutput => ({ kind: 'event', event: kind, symbol: undefined, message, details })
