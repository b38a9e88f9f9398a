import type { Micros } from '../core/time.ts'
import { decode, type Decoded } from './adapter.ts'
import { sampled } from './clock-offset.ts'
import { faultEvent } from './deadlines.ts'
import { takeEntries } from './entries.ts'
import type { FeedOutput, FeedState, FrameResult } from './feed-state.ts'
import type { Link, Next, Session } from './links.ts'
import { broken } from './handover.ts'
import { holdEntries } from './held-entries.ts'
import { accept, refuse } from './resubscribe.ts'
import { giveUpNext } from './rotation.ts'
import { heard, takeBack, withdraw } from './session.ts'

/**
 * Decodes a frame and does what it says: ticks, an answer, a letter, a count. What the next socket delivers is held. Mutates
 * the state.
 */
export function takeFrame(state: FeedState, session: Session, out: FeedOutput[], time: Micros, text: string): void {
  heard(session, time)
  const next = state.next?.session === session ? state.next : undefined
  const decoded = decode(state.settings.adapter, text, time)
  const { frameSequence, unreadable = [], serverTime } = decoded
  if (serverTime !== undefined) sampled(state.clock, 'server', serverTime + state.settings.shift, time)
  if (frameSequence !== undefined) checkFrameSequence(state, session, next, out, time, frameSequence)
  switch (decoded.kind) {
    case 'ticks': {
      countFrame(state, 'tick')
      const faults = new Set<string>()
      const context = { state, session, out, time, faults }
      const known = withHistory(state, next ?? state, decoded)
      if (next === undefined) takeEntries(context, known)
      else holdEntries(context, next, known)
      for (const error of faults) letter(session, out, time, text, error, undefined)
      break
    }
    case 'ack':
      countFrame(state, 'ack')
      accept(state, out, time, next ?? state, decoded.subscriptions)
      break
    case 'heartbeat':
      countFrame(state, 'heartbeat')
      break
    case 'ignored': {
      countFrame(state, 'ignored')
      const { ignored } = state.counts
      ignored.set(decoded.channel, (ignored.get(decoded.channel) ?? 0) + 1)
      break
    }
    case 'shutdown':
      countFrame(state, 'heartbeat')
      // Announced: there is time for the next socket to take over.
      if (next === undefined) state.rotateAt = time
      else giveUpNext(state, next, out, { time, reason: 'shutdown', detail: 'announced by the exchange', random: 0 })
      break
    case 'fault':
      countFrame(state, 'fault')
      takeFault(state, next ?? state, session, out, time, text, decoded)
      break
  }
  for (const nativeSymbol of unreadable) {
    const market = state.markets.get(nativeSymbol)
    if (market !== undefined && next === undefined) takeBack(state, session, market, out, time)
  }
}

type Ticks = Extract<Decoded, { kind: 'ticks' }>

/**
 * Marks what a subscription begins with as history: trades that are not newer than it. One that was not on the log before
 * lies within the gap that precedes the symbol's first record, so it is fetched, and one that was is not written twice.
 */
function withHistory({ settings }: FeedState, { beginning }: Link, decoded: Ticks): Ticks {
  if (beginning.size === 0) return decoded
  const begun = new Set<string>()
  const ticks = decoded.ticks.map((entry) => {
    const asked = beginning.get(entry.nativeSymbol)
    if (asked === undefined || entry.payload.kind !== 'trade') return entry
    begun.add(entry.nativeSymbol)
    return entry.eventTime + settings.shift <= asked ? { ...entry, history: true } : entry
  })
  for (const nativeSymbol of begun) beginning.delete(nativeSymbol)
  return { ...decoded, ticks }
}

function takeFault(
  state: FeedState,
  link: Link,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  text: string,
  { reason, detail, nativeSymbol }: Extract<Decoded, { kind: 'fault' }>,
): void {
  letter(session, out, time, text, reason, detail)
  if (nativeSymbol === undefined) return
  state.counts.subscriptionFaults++
  const market = state.markets.get(nativeSymbol)
  out.push(faultEvent(market, `${reason}: ${nativeSymbol}${detail === undefined ? '' : `: ${detail}`}`))
  refuse(state, out, time, link, nativeSymbol)
}

function letter(
  session: Session,
  out: FeedOutput[],
  receiveTime: Micros,
  raw: string,
  error: string,
  detail: string | undefined,
): void {
  out.push({ kind: 'letter', letter: { raw, error, detail, session: session.id, receiveTime } })
}

/** Frames of the connection are missing: nobody knows whose, so of every symbol that has begun. */
function checkFrameSequence(
  state: FeedState,
  session: Session,
  next: Next | undefined,
  out: FeedOutput[],
  time: Micros,
  sequence: number,
): void {
  const last = session.frameSequence
  session.frameSequence = Math.max(last ?? 0, sequence)
  if (last === undefined || sequence <= last + 1) return
  if (next !== undefined) return broken(state, next, time)
  for (const market of state.markets.values()) {
    if (market.session !== session.id) continue
    const from = Math.min(market.missedFrom ?? session.dataFrom ?? time, time)
    withdraw(state, session, market, out, time, { from, to: time, reason: 'SEQUENCE' })
  }
}

/** Every frame has exactly one result. Mutates the counts. */
export function countFrame(state: FeedState, result: FrameResult): void {
  state.counts.received++
  state.counts.frames[result]++
}
