import type { Micros } from '../../time.ts'
import type { RuleEvent } from '../events.ts'
import { oldestIn } from './buckets.ts'
import type { PreparedPattern } from './prepare.ts'
import { isOlder, type PartialMatch, type PatternState } from './state.ts'
import type { LostReason, PatternTrace } from './trace.ts'

/** The oldest partial, pruned or not. */
export function oldest({ scanned, buckets }: PatternState): PartialMatch | undefined {
  let found = scanned[0]
  for (let at = 0; at < buckets.length; at++) {
    const bucket = buckets[at]
    const one = bucket === undefined ? undefined : oldestIn(bucket)
    if (one !== undefined && (found === undefined || isOlder(one, found))) found = one
  }
  return found
}

/** The oldest partial that no skip dropped. */
export function oldestLive({ scanned, buckets }: PatternState): PartialMatch | undefined {
  let found = scanned.find(({ isPruned }) => !isPruned)
  for (const { order } of buckets) {
    const one = order.find(({ isPruned, isGone }) => !isPruned && !isGone)
    if (one !== undefined && (found === undefined || isOlder(one, found))) found = one
  }
  return found
}

/** Takes out what {@link oldest} gave. */
export function removeOldest({ stages }: PreparedPattern, { scanned, buckets }: PatternState, one: PartialMatch): void {
  one.isGone = true
  const bucket = buckets[stages[one.stage]?.bucket ?? -1]
  if (scanned[0] === one) scanned.shift()
  else if (bucket !== undefined) bucket.live--
}

/** Takes out all partials with this first event. */
export function removeStartedAt(
  pattern: PreparedPattern,
  state: PatternState,
  number: number,
  at: Micros,
  trace: PatternTrace | undefined,
): void {
  const { scanned } = state
  const from = startOf(scanned, number)
  let to = from
  for (; scanned[to]?.first.number === number; to++) end(pattern, scanned[to], 'skip', at, trace)
  if (to > from) scanned.splice(from, to - from)
  for (const bucket of state.buckets) {
    if (bucket.live === 0) continue
    for (let i = startOf(bucket.order, number); bucket.order[i]?.first.number === number; i++) {
      const one = bucket.order[i]
      if (one === undefined || one.isGone) continue
      bucket.live--
      end(pattern, one, 'skip', at, trace)
    }
  }
}

/** Marks the partials with a first event of a number in [from, before). */
export function prune(
  pattern: PreparedPattern,
  { scanned, buckets }: PatternState,
  from: number,
  before: number,
  at: Micros,
  trace: PatternTrace | undefined,
): void {
  const mark = (list: readonly PartialMatch[]): void => {
    for (let i = startOf(list, from); i < list.length; i++) {
      const one = list[i]
      if (one === undefined || one.first.number >= before) return
      if (one.isPruned || one.isGone) continue
      one.isPruned = true
      if (trace !== undefined) told(pattern, one, 'skip', at, trace)
    }
  }
  mark(scanned)
  for (const { order } of buckets) mark(order)
}

function end(
  pattern: PreparedPattern,
  partial: PartialMatch | undefined,
  why: LostReason,
  at: Micros,
  trace: PatternTrace | undefined,
): void {
  if (partial === undefined) return
  partial.isGone = true
  if (trace !== undefined) told(pattern, partial, why, at, trace)
}

/** Tells the trace of a partial that ended; of one that a skip dropped it was told then. */
export function told(
  { stages }: PreparedPattern,
  { taken, stage, times, options, isPruned }: PartialMatch,
  why: LostReason,
  at: Micros,
  trace: PatternTrace,
  by?: RuleEvent,
): void {
  if (isPruned && why !== 'skip') return
  // The nearest open exit, else the loop; 31 - clz32 of the lowest bit is its place.
  const exits = options & ~1
  const next = exits === 0 ? stage : stage + 31 - Math.clz32(exits & -exits)
  const own = stages[stage]
  const isSilence = own?.forMicros !== undefined && own.ends && times >= own.least
  const waited = isSilence ? undefined : (stages[next]?.of[0]?.name ?? taken.name)
  const lost = { taken, stage: stage + 1, waited, why, at }
  trace.lost(by === undefined ? lost : { ...lost, by })
}

/** The first place of a partial whose first event has this number or a higher one. */
function startOf(list: readonly PartialMatch[], number: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.first.number ?? Infinity) < number) low = middle + 1
    else high = middle
  }
  return low
}

/** Puts new partials, which are in order among themselves and younger than all others of their first event, into the list. */
export function merge(list: PartialMatch[], born: readonly PartialMatch[]): void {
  let from = list.length - 1
  let next = born.length - 1
  for (let to = list.length + born.length - 1; next >= 0; to--) {
    const old = list[from]
    const young = born[next]
    if (young === undefined) return
    if (old !== undefined && from >= 0 && old.first.number > young.first.number) {
      list[to] = old
      from--
    } else {
      list[to] = young
      next--
    }
  }
}
