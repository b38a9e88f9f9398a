import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'

const BUCKET = MICROS_PER_MINUTE
const BUCKETS = 10

/** The ids of one minute: numbers as sorted runs `[first, last, first, last, ...]`, since most exchanges count by one. */
type Bucket = { readonly minute: number; readonly runs: number[]; readonly texts: Set<string> }

/** The trade ids of the last ten minutes of one symbol. Large: mutated in place by {@link remember}. */
export type RecentIds = { buckets: Bucket[]; highest: number }

export const noRecentIds = (): RecentIds => ({ buckets: [], highest: -1 })

/**
 * Remembers an id; `false` if it was seen within the last ten minutes.
 *
 * By the number where the exchange has one. Not a high-water mark: rotation, history and restarted numbering rightly bring
 * lower numbers.
 */
export function remember(ids: RecentIds, sequence: number, id: string, time: Micros): boolean {
  const bucket = bucketAt(ids, Math.floor(time / BUCKET))
  if (sequence === 0) {
    if (ids.buckets.some(({ texts }) => texts.has(id))) return false
    bucket.texts.add(id)
    return true
  }
  if (sequence > ids.highest) {
    ids.highest = sequence
    append(bucket.runs, sequence)
    return true
  }
  if (ids.buckets.some(({ runs }) => runAt(runs, sequence) >= 0)) return false
  const place = -runAt(bucket.runs, sequence) - 1
  bucket.runs.splice(place, 0, sequence, sequence)
  return true
}

/** Whether an id was seen within the last ten minutes. */
export const knows = ({ buckets, highest }: RecentIds, sequence: number, id: string): boolean =>
  sequence === 0
    ? buckets.some(({ texts }) => texts.has(id))
    : sequence <= highest && buckets.some(({ runs }) => runAt(runs, sequence) >= 0)

function bucketAt(ids: RecentIds, minute: number): Bucket {
  const newest = ids.buckets.at(-1)
  // A clock that steps back stays in the newest bucket.
  if (newest !== undefined && minute <= newest.minute) return newest
  const bucket: Bucket = { minute, runs: [], texts: new Set() }
  ids.buckets = [...ids.buckets.filter((old) => old.minute >= minute - BUCKETS), bucket]
  return bucket
}

/** `sequence` is above all others of the bucket, or the bucket is of a later minute than they are. */
function append(runs: number[], sequence: number): void {
  if (runs.length > 0 && runs.at(-1) === sequence - 1) runs[runs.length - 1] = sequence
  else runs.push(sequence, sequence)
}

/** Index of the run that holds `sequence`; else `-1 - index` of where a run of it belongs. Both point at a run's first. */
function runAt(runs: readonly number[], sequence: number): number {
  let low = 0
  let high = runs.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    const first = runs[middle * 2] ?? 0
    const last = runs[middle * 2 + 1] ?? 0
    if (sequence < first) high = middle
    else if (sequence > last) low = middle + 1
    else return middle * 2
  }
  return -1 - low * 2
}
