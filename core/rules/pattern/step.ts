import type { Frame } from '../frame.ts'
import { advanceAll, start } from './advance.ts'
import { intoBucket, sweepBuckets } from './buckets.ts'
import { absenceDueOf, expireInto, tell } from './expire.ts'
import { merge, oldest, oldestLive, removeOldest, told } from './partials.ts'
import type { PreparedPattern } from './prepare.ts'
import { complete, release } from './skip.ts'
import type { Ended, PatternState } from './state.ts'
import type { PatternTrace } from './trace.ts'

/**
 * Takes the present event of one key, which passed the rule's `where`, after the timers that are due. Returns how many partials
 * `maxPartials` dropped.
 */
export function patternStep(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  ended: Ended,
  trace?: PatternTrace,
): number {
  const { work } = pattern
  state.number++
  if (frame.now >= state.quietUntil) expireInto(pattern, state, frame.now, trace)
  work.captured = undefined
  if (pattern.heaped.length > 0) sweepBuckets(pattern, state, frame)
  const isTouched = state.scanned.length > 0 || work.takers.length > 0
  if (isTouched) advanceAll(pattern, state, frame, trace)
  start(pattern, state, frame, trace)
  const isEventful = isTouched || work.born.length > 0 || work.matches.length > 0 || work.ends.length > 0
  const dropped = isEventful || state.waiting.length > 0 ? settle(pattern, state, frame, trace) : 0
  frame.taken = undefined
  if (work.ends.length > 0) tell(work, ended)
  return dropped
}

/** Files what the event made, completes matches and keeps to `maxPartials`; returns how many it dropped. */
function settle(pattern: PreparedPattern, state: PatternState, frame: Frame, trace: PatternTrace | undefined): number {
  const { work } = pattern
  if (work.born.length > 0) file(pattern, state, frame)
  if (work.matches.length > 0 || state.waiting.length > 0) complete(pattern, state, frame.now, trace)
  let dropped = limit(pattern, state, frame, trace)
  if (dropped > 0 && state.waiting.length > 0) release(pattern, state, frame.now, false, trace)
  if (state.waiting.length > pattern.program.maxPartials) dropped += unblock(pattern, state, frame, trace)
  if (pattern.hasAbsence) {
    state.absenceDue = absenceDueOf(pattern, state)
    state.quietUntil = Math.min(state.quietUntil, state.absenceDue)
  }
  return dropped
}

function file(pattern: PreparedPattern, state: PatternState, frame: Frame): void {
  const { born } = pattern.work
  let scanned = 0
  for (let at = 0; at < born.length; at++) {
    const one = born[at]
    if (one === undefined) continue
    const place = pattern.stages[one.stage]?.bucket ?? -1
    const bucket = one.options === 2 ? state.buckets[place] : undefined
    if (bucket === undefined) born[scanned++] = one
    else intoBucket(pattern, bucket, place, one, frame)
  }
  born.length = scanned
  if (scanned > 0) merge(state.scanned, born)
  born.length = 0
}

function limit(pattern: PreparedPattern, state: PatternState, frame: Frame, trace: PatternTrace | undefined): number {
  let over = state.scanned.length - pattern.program.maxPartials
  for (let at = 0; at < state.buckets.length; at++) over += state.buckets[at]?.live ?? 0
  let dropped = 0
  for (; over > 0; over--) {
    const one = oldest(state)
    if (one === undefined) break
    removeOldest(pattern, state, one)
    if (one.isPruned) continue
    dropped++
    if (trace !== undefined) told(pattern, one, 'maxPartials', frame.now, trace)
  }
  return dropped
}

/**
 * Waiting matches are as much to keep as partials are: while more than `maxPartials` wait, the oldest partial, for which they
 * wait, is dropped as a skip would: renewal brings it back, since it depends on what was before.
 */
function unblock(pattern: PreparedPattern, state: PatternState, frame: Frame, trace: PatternTrace | undefined): number {
  let dropped = 0
  while (state.waiting.length > pattern.program.maxPartials) {
    const one = oldestLive(state)
    if (one === undefined) break
    if (trace !== undefined) told(pattern, one, 'maxPartials', frame.now, trace)
    one.isPruned = true
    dropped++
    release(pattern, state, frame.now, false, trace)
  }
  return dropped
}
