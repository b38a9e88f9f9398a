import type { PartialMatch, ThresholdHeap } from './state.ts'

/** O(log n). */
export function push({ keys, partials }: ThresholdHeap, key: number, partial: PartialMatch): void {
  let at = keys.length
  keys.push(key)
  partials.push(partial)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parentKey = keys[above]
    const parent = partials[above]
    if (parentKey === undefined || parent === undefined || parentKey <= key) break
    keys[at] = parentKey
    partials[at] = parent
    at = above
  }
  keys[at] = key
  partials[at] = partial
}

/** Takes off the partial of the lowest key. O(log n). */
export function pop({ keys, partials }: ThresholdHeap): PartialMatch | undefined {
  const first = partials[0]
  const key = keys.pop()
  const partial = partials.pop()
  if (key === undefined || partial === undefined || keys.length === 0) return first
  sink(keys, partials, 0, key, partial)
  return first
}

/** Leaves out the partials that ended. O(n). */
export function rebuild({ keys, partials }: ThresholdHeap): void {
  let kept = 0
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]
    const partial = partials[at]
    if (key === undefined || partial === undefined || partial.isGone) continue
    keys[kept] = key
    partials[kept] = partial
    kept++
  }
  keys.length = kept
  partials.length = kept
  for (let at = (kept >> 1) - 1; at >= 0; at--) {
    const key = keys[at]
    const partial = partials[at]
    if (key !== undefined && partial !== undefined) sink(keys, partials, at, key, partial)
  }
}

/** Puts them at the place `from`, or below where they belong. */
function sink(keys: number[], partials: PartialMatch[], from: number, key: number, partial: PartialMatch): void {
  const { length } = keys
  let at = from
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && (keys[child + 1] ?? NaN) < (keys[child] ?? NaN)) child++
    const childKey = keys[child]
    const below = partials[child]
    if (childKey === undefined || below === undefined || key <= childKey) break
    keys[at] = childKey
    partials[at] = below
    at = child
  }
  keys[at] = key
  partials[at] = partial
}
