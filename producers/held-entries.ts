import type { Decoded, Entry, Withdrawal } from './adapter.ts'
import { isNews, isSkewed, takeEntry, takeWithdrawal, timeOf, unwanted, type FrameContext } from './entries.ts'
import type { Market } from './feed-state.ts'
import type { Handover, Next } from './links.ts'
import { idOf } from './handover.ts'
import { knows } from './recent-ids.ts'

/**
 * Holds what the next socket delivers before it takes over. Trades that the present one has delivered are repeats, and show
 * that the two overlap; of the tops only the newest is kept. Mutates the state.
 *
 * What is held is counted when it is known what becomes of it.
 */
export function holdEntries(context: FrameContext, next: Next, decoded: Extract<Decoded, { kind: 'ticks' }>): void {
  const { counts } = context.state
  counts.findings.inexact += decoded.inexact
  counts.findings.unsized += decoded.unsized
  counts.entries.in += decoded.faults.length
  counts.entries.fault += decoded.faults.length
  for (const reason of decoded.faults) context.faults.add(reason)
  for (const entry of decoded.ticks) {
    const place = placeOf(context, next, entry)
    if (place === undefined) continue
    if (entry.payload.kind === 'trade') holdTrade(context, next, place, entry, entry.payload.id)
    else holdTop(context, place.handover, entry)
  }
  for (const one of decoded.withdrawals) {
    const place = placeOf(context, next, one)
    if (place !== undefined) holdTop(context, place.handover, one)
  }
}

/** Puts out what is held of a symbol whose socket has taken over. Mutates the state. */
export function putOut(context: FrameContext, { trades, top }: Handover): void {
  const { entries } = context.state.counts
  for (const { entry, time } of trades.values()) {
    entries.in++
    takeEntry({ ...context, time }, entry)
  }
  if (top === undefined) return
  entries.in++
  const then = { ...context, time: top.time }
  if ('payload' in top.entry) takeEntry(then, top.entry)
  else takeWithdrawal(then, top.entry)
}

type Place = { readonly market: Market; readonly handover: Handover }

/** Where an entry is held; one that cannot be trusted is a fault at once, as on any socket. */
function placeOf(context: FrameContext, { handovers }: Next, entry: Entry | Withdrawal): Place | undefined {
  const { state } = context
  const { entries } = state.counts
  const market = state.markets.get(entry.nativeSymbol)
  const handover = handovers.get(entry.nativeSymbol)
  if (market === undefined || handover === undefined) {
    entries.in++
    unwanted(context, entry.nativeSymbol)
    return undefined
  }
  if (handover.seenAt === undefined) {
    handover.seenAt = context.time
    handover.doubtedAt = undefined
  }
  const isOld = 'payload' in entry && entry.history && !isNews(market, entry)
  const isFault = !isOld && (isSkewed(context, timeOf(context, entry)) || market.isQuarantined)
  if (!isFault) return { market, handover }
  entries.in++
  if ('payload' in entry) takeEntry(context, entry)
  else takeWithdrawal(context, entry)
  return undefined
}

function holdTrade({ state, time }: FrameContext, next: Next, { market, handover }: Place, entry: Entry, id: string) {
  const { entries } = state.counts
  const isKnown = knows(market.ids, entry.sequence, id)
  handover.isCommon ||= isKnown
  const key = idOf(entry.sequence, id)
  if (entry.history && !isNews(market, entry)) {
    entries.in++
    entries.history++
  } else if (isKnown || handover.trades.has(key)) {
    entries.in++
    entries.duplicate++
  } else {
    handover.trades.set(key, { entry, time })
    handover.doubtedAt ??= time
    next.held++
  }
}

function holdTop({ state, time }: FrameContext, handover: Handover, entry: Entry | Withdrawal): void {
  if (handover.top !== undefined) {
    state.counts.entries.in++
    state.counts.entries.duplicate++
  }
  handover.top = { entry, time }
}
