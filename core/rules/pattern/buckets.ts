import type { Frame } from '../frame.ts'
import type { RuleEvent } from '../events.ts'
import { pop, push, rebuild } from './heap.ts'
import type { PreparedPattern, SignedThreshold } from './prepare.ts'
import { isOlder, type Bucket, type PartialMatch, type PatternState, type ThresholdHeap } from './state.ts'

/**
 * Ends the partials in buckets whose guard the present event trips, then takes out those that it takes on, in their order, into
 * `work.takers`.
 */
export function sweepBuckets({ heaped, work }: PreparedPattern, { buckets }: PatternState, frame: Frame): void {
  for (let at = 0; at < heaped.length; at++) {
    const how = heaped[at]
    const bucket = buckets[at]
    if (how === undefined || bucket === undefined || bucket.live === 0) continue
    if (how.kill !== undefined) sweep(bucket, bucket.kill, how.kill, frame, undefined)
    if (bucket.live > 0) sweep(bucket, bucket.take, how.take, frame, work.takers)
  }
  if (work.takers.length > 1) work.takers.sort((one, other) => (isOlder(one, other) ? -1 : 1))
}

function sweep(
  bucket: Bucket,
  heap: ThresholdHeap,
  { streams, sign, isStrict, ofEvent }: SignedThreshold,
  frame: Frame,
  found: PartialMatch[] | undefined,
): void {
  if (!isOf(streams, frame.event)) return
  const value = sign * ofEvent(frame)
  for (;;) {
    const key = heap.keys[0]
    if (key === undefined || !(isStrict ? value > key : value >= key)) return
    const partial = pop(heap)
    if (partial === undefined || partial.isGone) continue
    partial.isGone = true
    bucket.live--
    found?.push(partial)
  }
}

/** Whether the event is of these streams; most steps have one. */
export const isOf = (streams: readonly RuleEvent['stream'][], { stream }: RuleEvent): boolean =>
  streams[0] === stream || (streams.length > 1 && streams.includes(stream))

/** `frame` is used to read the thresholds of what it took. An absent threshold is never passed. */
export function intoBucket(
  { heaped }: PreparedPattern,
  bucket: Bucket,
  at: number,
  partial: PartialMatch,
  frame: Frame,
): void {
  const how = heaped[at]
  if (how === undefined) return
  frame.taken = partial.taken
  enter(bucket.take, how.take, partial, frame)
  if (how.kill !== undefined) enter(bucket.kill, how.kill, partial, frame)
  bucket.live++
  const { order } = bucket
  let place = order.length
  for (;;) {
    const before = order[place - 1]
    if (before === undefined || !isOlder(partial, before)) break
    place--
  }
  if (place === order.length) order.push(partial)
  else order.splice(place, 0, partial)
  if (place < bucket.head) bucket.head = place
  tidy(bucket)
}

function enter(heap: ThresholdHeap, { sign, ofTaken }: SignedThreshold, partial: PartialMatch, frame: Frame): void {
  const key = sign * ofTaken(frame)
  if (!Number.isNaN(key)) push(heap, key, partial)
}

/** The oldest partial in it. */
export function oldestIn(bucket: Bucket): PartialMatch | undefined {
  const { order } = bucket
  for (; bucket.head < order.length; bucket.head++) {
    const one = order[bucket.head]
    if (one !== undefined && !one.isGone) return one
  }
  return undefined
}

/** Frees what ended when it is more than what lives, so that each is moved O(1) times. */
function tidy(bucket: Bucket): void {
  const most = 2 * bucket.live + 64
  if (bucket.take.keys.length > most) rebuild(bucket.take)
  if (bucket.kill.keys.length > most) rebuild(bucket.kill)
  if (bucket.order.length <= most) return
  const { order } = bucket
  let kept = 0
  for (const one of order) if (!one.isGone) order[kept++] = one
  order.length = kept
  bucket.head = 0
}
