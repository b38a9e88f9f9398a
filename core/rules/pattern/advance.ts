import type { Frame, Taken, Value } from '../frame.ts'
import { isOf } from './buckets.ts'
import { told } from './partials.ts'
import type { PreparedPattern, Stage } from './prepare.ts'
import { isOlder, type PartialMatch, type PatternState } from './state.ts'
import type { PatternTrace } from './trace.ts'

/**
 * Puts the present event to every partial that is tested one by one, and to those that the thresholds found, oldest first. What
 * comes of it goes to `work`: partials to `born`, complete ones to `matches`.
 */
export function advanceAll(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  trace: PatternTrace | undefined,
): void {
  const { scanned } = state
  const { takers } = pattern.work
  let next = 0
  let kept = 0
  for (let at = 0; at < scanned.length; at++) {
    const one = scanned[at]
    if (one === undefined) continue
    for (; next < takers.length; next++) {
      const taker = takers[next]
      if (taker === undefined || !isOlder(taker, one)) break
      give(pattern, state, frame, taker, taker.stage + 1, 1, 0, 0)
    }
    if (advance(pattern, state, frame, one, trace)) scanned[kept++] = one
    else one.isGone = true
  }
  scanned.length = kept
  for (; next < takers.length; next++) {
    const taker = takers[next]
    if (taker !== undefined) give(pattern, state, frame, taker, taker.stage + 1, 1, 0, 0)
  }
  takers.length = 0
}

/** Whether the partial lives on, beside what it became. */
function advance(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  partial: PartialMatch,
  trace: PatternTrace | undefined,
): boolean {
  const stage = pattern.stages[partial.stage]
  if (stage === undefined) return false
  const { taken } = partial
  const isDirect = state.number === taken.number + 1
  frame.taken = taken
  for (let at = 0; at < stage.guards.length; at++) {
    const guard = stage.guards[at]
    if (guard === undefined || (guard.isNext && !isDirect) || !isOf(guard.streams, frame.event)) continue
    if (guard.if.whole.read(frame) !== true) continue
    if (trace !== undefined) told(pattern, partial, 'guard', frame.now, trace, frame.event)
    return false
  }
  const before = partial.options
  if ((before & 1) !== 0 && isUntil(stage, frame)) partial.options &= ~1
  const isStopped = partial.options !== before
  const open = partial.options
  const hasTaken = takeOptions(pattern, state, frame, partial, isDirect, trace)
  const waits = stage.forMicros !== undefined && stage.ends && partial.times >= stage.least
  const left = partial.options & ~stage.nexts
  if (left === 0 && !waits && trace !== undefined && !hasTaken) {
    partial.options = open === 0 ? before : open
    const isUntilDone = isStopped && open === 0
    told(
      pattern,
      partial,
      isUntilDone ? 'until' : 'contiguity',
      frame.now,
      trace,
      isUntilDone ? frame.event : undefined,
    )
  }
  partial.options = left
  return left !== 0 || waits
}

/** Tries the open options: the loop, the nearest exit, farther ones. Whether one took the event. */
function takeOptions(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  partial: PartialMatch,
  isDirect: boolean,
  trace: PatternTrace | undefined,
): boolean {
  let hasTaken = false
  for (let d = 0; partial.options >> d !== 0; d++) {
    const bit = 1 << d
    if ((partial.options & bit) === 0) continue
    const at = partial.stage + d
    const to = pattern.stages[at]
    if (to === undefined) continue
    const isLoop = d === 0
    const done = isLoop && to.kind === 'all' ? partial.done : 0
    const by = takerOf(to, isLoop, done, partial.taken, isDirect, frame, trace)
    const one = to.of[by]
    if (one === undefined) continue
    hasTaken = true
    give(pattern, state, frame, partial, at, isLoop ? partial.times + 1 : 1, done, by)
    if (!(isLoop ? one.isLoopAny : one.isEntryAny)) partial.options &= ~bit
    if (one.greedy) partial.options &= 2 * bit - 1
  }
  return hasTaken
}

/** The first alternative of the stage that takes the present event, -1 if none does. */
function takerOf(
  stage: Stage,
  isLoop: boolean,
  done: number,
  taken: Taken | undefined,
  isDirect: boolean,
  frame: Frame,
  trace: PatternTrace | undefined,
): number {
  const { of } = stage
  for (let at = 0; at < of.length; at++) {
    const one = of[at]
    if (one === undefined || (done & (1 << at)) !== 0) continue
    if (!isDirect && (isLoop ? one.inner : one.follow) === 'next') continue
    if (!isOf(one.streams, frame.event)) continue
    if (one.gapMicros !== undefined && taken !== undefined && frame.now - taken.at >= one.gapMicros) continue
    if (one.if.whole.read(frame) === true && one.until?.read(frame) !== true) return at
    if (trace !== undefined) trace.missed(one.name)
  }
  return -1
}

const isUntil = ({ of }: Stage, frame: Frame): boolean => {
  const [one] = of
  return one?.until !== undefined && isOf(one.streams, frame.event) && one.until.read(frame) === true
}

/** The event as the first one of a new partial. */
export function start(
  pattern: PreparedPattern,
  state: PatternState,
  frame: Frame,
  trace: PatternTrace | undefined,
): void {
  frame.taken = undefined
  for (let at = 0; at < pattern.starts; at++) {
    const stage = pattern.stages[at]
    if (stage === undefined) return
    const by = takerOf(stage, false, 0, undefined, true, frame, trace)
    if (by < 0) continue
    give(pattern, state, frame, undefined, at, 1, 0, by)
    if (stage.of[by]?.greedy === true) return
  }
}

/** What a partial, or the beginning, becomes with the present event. */
function give(
  { work, stages, program }: PreparedPattern,
  state: PatternState,
  frame: Frame,
  parent: PartialMatch | undefined,
  at: number,
  times: number,
  done: number,
  by: number,
): void {
  const stage = stages[at]
  const name = stage?.of[by]?.name
  if (stage === undefined || name === undefined) return
  work.captured ??= program.captured.length === 0 ? NOTHING : capture(program.captured, frame)
  const { event, now } = frame
  const before = parent?.taken
  const depth = before === undefined ? 1 : before.depth + 1
  const taken = { event, number: state.number, at: now, name, captured: work.captured, before, depth }
  const first = parent === undefined ? taken : parent.first
  const isPruned = parent?.isPruned === true
  const isEnough = times >= stage.least
  const ends = isEnough && stage.ends
  if (ends && stage.forMicros === undefined && !isPruned) work.matches.push({ taken, first })
  const options = (times < stage.most ? 1 : 0) | (isEnough ? stage.exits : 0)
  if (options === 0 && !(ends && stage.forMicros !== undefined)) return
  const created = state.created++
  if (parent === undefined) state.quietUntil = Math.min(state.quietUntil, now + program.withinMicros)
  work.born.push({
    taken,
    first,
    stage: at,
    times,
    done: done | (1 << by),
    options,
    created,
    isPruned,
    isGone: false,
  })
}

const NOTHING: readonly Value[] = []
const capture = (captured: PreparedPattern['program']['captured'], frame: Frame): readonly Value[] =>
  captured.map(({ read }) => read(frame))
