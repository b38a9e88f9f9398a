import { BROADCAST_KEY } from '../core/partition.ts'
import type { Gap, GapReason, Payload, Tick } from '../core/tick.ts'
import { micros, type Micros } from '../core/time.ts'
import type { FeedOutput, FeedState, Market } from './feed-state.ts'
import type { Session } from './links.ts'

/** Where and as what a tick goes out; `head` is what an entry knows. */
export type Address = { readonly symbol: string; readonly key: string; readonly partitions: readonly number[] }
type Head = Pick<Tick, 'eventTime' | 'timeSource' | 'sequence'>

export const homeOf = ({ symbol, key, home }: Market): Address => ({ symbol, key, partitions: home })

/** To every partition; `symbol` is empty unless the record is a conversion symbol's. */
export const everywhere = (state: FeedState, symbol = ''): Address => ({
  symbol,
  key: BROADCAST_KEY,
  partitions: state.everywhere,
})

/** What has no exchange's time. */
export const atReceipt = (time: Micros): Head => ({ eventTime: time, timeSource: 'RECEIVED', sequence: 0 })

/**
 * Gives a payload its coordinate and puts it out, except to partitions that owe a gap: there it is dropped, and what the
 * gap covers grows. Says whether it went anywhere. Mutates the state.
 */
export function emit(
  state: FeedState,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  to: Address,
  head: Head,
  payload: Payload,
): Tick | undefined {
  const partitions = to.partitions.some((partition) => owes(state, partition))
    ? to.partitions.filter((partition) => !owes(state, partition) || !owe(state, partition, to.symbol, head, payload))
    : to.partitions
  if (partitions.length === 0) return undefined
  const tick: Tick = {
    exchange: state.settings.adapter.exchange,
    symbol: to.symbol,
    feed: state.settings.feed,
    eventTime: head.eventTime,
    timeSource: head.timeSource,
    receiveTime: time,
    session: session.id,
    ordinal: session.nextOrdinal++,
    sequence: head.sequence,
    origin: undefined,
    payload,
  }
  out.push({ kind: 'tick', key: to.key, partitions, tick })
  return tick
}

/** Puts a gap out, counted by its reason; the quotes that it withdraws stand no longer. Mutates the state. */
export function emitGap(
  state: FeedState,
  session: Session,
  out: FeedOutput[],
  time: Micros,
  to: Address,
  { from, to: until, reason }: { readonly from: number; readonly to: number; readonly reason: GapReason },
): void {
  forgetQuotes(state, to)
  const sent = emit(state, session, out, time, to, atReceipt(time), gapOf(from, until, reason))
  if (sent !== undefined) state.counts.gaps[reason]++
}

/** The writer refused a tick on a partition: from now on a gap stands before anything else there. Mutates the state. */
export function refused(state: FeedState, partition: number, { symbol, payload, ...head }: Tick): void {
  if (!owe(state, partition, symbol, head, payload)) return
  if (payload.kind === 'gap') state.counts.gaps[payload.reason]--
  if (payload.kind === 'trade' || payload.kind === 'quote') {
    state.counts.entries.out--
    state.counts.entries.overflow++
  }
}

/** Tries the gaps that partitions owe, sessions' own first. Refused again, they are owed again. Mutates the state. */
export function settle(state: FeedState, session: Session, out: FeedOutput[], time: Micros): void {
  for (const partition of state.everywhere) {
    const owed = state.slots[partition]?.owed
    if (owed === undefined || owed.size === 0) continue
    const gaps = [...owed].toSorted(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1))
    owed.clear()
    // Heartbeats were dropped as well, perhaps for so long that nothing there is confirmed any more.
    doubtQuotes(state, [partition])
    for (const [symbol, gap] of gaps) {
      const key = symbol === '' ? BROADCAST_KEY : keyOf(state, symbol)
      emitGap(state, session, out, time, { symbol, key, partitions: [partition] }, gap)
    }
  }
}

/**
 * No quote in these partitions stands for its readers: an equal one has to be put out again. They remain shown, since no gap
 * has withdrawn them. Mutates the state.
 */
export function doubtQuotes(state: FeedState, partitions: readonly number[]): void {
  for (const market of state.markets.values()) {
    market.rateAt = 0
    if (market.home.some((partition) => partitions.includes(partition))) market.quote = undefined
  }
}

/** Of the gap's symbol, or of all, in its partitions: an equal quote is new again, a rate has to be repeated. */
function forgetQuotes(state: FeedState, { symbol, partitions }: Address): void {
  for (const market of state.markets.values()) {
    if (symbol !== '' && market.symbol !== symbol) continue
    market.rateAt = 0
    if (!market.home.some((partition) => partitions.includes(partition))) continue
    market.quote = undefined
    market.shown = false
  }
}

const owes = (state: FeedState, partition: number): boolean => (state.slots[partition]?.owed.size ?? 0) > 0

/**
 * Adds what was dropped to what the partition owes; `false` if nothing is missing without it. A heartbeat or rate comes
 * again by itself, but must not pass the gap, so it is dropped as well.
 */
function owe(state: FeedState, partition: number, symbol: string, head: Head, payload: Payload): boolean {
  const owed = state.slots[partition]?.owed
  if (owed === undefined) return false
  const lost = lostBy(payload, symbol, head.eventTime)
  if (lost === undefined) return owed.size > 0
  const before = owed.get(symbol)
  owed.set(
    symbol,
    before === undefined ? lost : gapOf(Math.min(before.from, lost.from), Math.max(before.to, lost.to), before.reason),
  )
  return true
}

function lostBy(payload: Payload, symbol: string, time: Micros): Gap | undefined {
  if (payload.kind === 'gap') return symbol === '' ? payload : { ...payload, reason: 'OVERFLOW' }
  return payload.kind === 'trade' || payload.kind === 'quote' ? gapOf(time, time, 'OVERFLOW') : undefined
}

const gapOf = (from: number, to: number, reason: GapReason): Gap => ({
  kind: 'gap',
  from: micros(Math.max(0, from)),
  to: micros(Math.max(0, from, to)),
  reason,
  backfilled: false,
})

const keyOf = (state: FeedState, symbol: string): string =>
  [...state.markets.values(), ...[...state.former.values()].map(({ market }) => market)].find(
    (market) => market.symbol === symbol,
  )?.key ?? BROADCAST_KEY
