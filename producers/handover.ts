import { MICROS_PER_SECOND, type Micros } from '../core/time.ts'
import type { Entry } from './adapter.ts'
import type { FeedState, Market } from './feed-state.ts'
import type { Handover, Next } from './links.ts'

/** One socket may be this much behind the other before that says anything. */
const TOLERANCE = 2 * MICROS_PER_SECOND

export const newHandover = (): Handover => ({
  trades: new Map(),
  top: undefined,
  seenAt: undefined,
  isCommon: false,
  doubtedAt: undefined,
})

/** What tells a trade from others of its symbol: its number, else its text. */
export const idOf = (sequence: number, id: string): string => (sequence === 0 ? `#${id}` : String(sequence))

/** The present socket delivered a trade or quote: the next one has had it, or should have it soon. Mutates the state. */
export function delivered(
  { next, counts }: FeedState,
  { nativeSymbol }: Market,
  { sequence, payload }: Pick<Entry, 'sequence' | 'payload'>,
  time: Micros,
): void {
  const handover = next?.handovers.get(nativeSymbol)
  if (next === undefined || handover === undefined) return
  if (payload.kind === 'quote') {
    if (handover.seenAt === undefined) handover.doubtedAt ??= time
  } else if (handover.trades.delete(idOf(sequence, payload.id))) {
    next.held--
    counts.entries.in++
    counts.entries.duplicate++
    handover.isCommon = true
  } else if (handover.seenAt === undefined || time - handover.seenAt >= TOLERANCE) {
    // One that comes at the same time as its first record may have been made before its subscription.
    handover.doubtedAt ??= time
  }
}

/**
 * Whether nothing is missing between what the present socket has delivered and what the next one does: both delivered the
 * same trade, or neither had one that the other had not, for so long that it is no question of who is ahead. Until its first
 * record the next one's subscription was perhaps not in force.
 */
export function isComplete({ isCommon, seenAt, doubtedAt }: Handover, time: Micros): boolean {
  if (isCommon) return true
  if (seenAt === undefined) return doubtedAt === undefined
  return time - seenAt >= TOLERANCE && (doubtedAt === undefined || time - doubtedAt < TOLERANCE)
}

/** Whether the next socket has shown a trade of the present one and, if there is a quote, its own. */
export const isReady = (market: Market, handover: Handover | undefined): boolean =>
  handover?.isCommon === true && (handover.top !== undefined || !market.shown)

/** It delivers nothing, though the present one does. */
export const isMute = ({ handovers }: Next): boolean => {
  const all = [...handovers.values()]
  return all.every(({ seenAt }) => seenAt === undefined) && all.some(({ doubtedAt }) => doubtedAt !== undefined)
}

/** Frames of the next socket are missing: what was held says no longer that what follows is complete. Mutates the state. */
export function broken(state: FeedState, next: Next, time: Micros): void {
  for (const [nativeSymbol, handover] of next.handovers) {
    release(state, next, handover)
    next.handovers.set(nativeSymbol, { ...newHandover(), seenAt: handover.seenAt, doubtedAt: time })
  }
}

/** What is held is not put out: the present socket delivers it as well, or a gap covers it. Mutates the state. */
export function releaseAll(state: FeedState, next: Next): void {
  for (const handover of next.handovers.values()) release(state, next, handover)
  next.handovers = new Map()
}

function release({ counts }: FeedState, next: Next, { trades, top }: Handover): void {
  const dropped = trades.size + (top === undefined ? 0 : 1)
  next.held -= trades.size
  counts.entries.in += dropped
  counts.entries.duplicate += dropped
}
