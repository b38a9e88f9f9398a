/**
 * Numbers in order, equal ones as often as they are there: a list of short sorted runs, the n-th found by counts over the
 * runs. A value costs its place in one run (at most {@link MOST} numbers are moved) and O(log n) to find it. NaN and -0 must
 * not come in. Plain data, changed in place.
 */
export type Sorted = {
  /** Each with something in it, but for the one of an empty list. */
  readonly runs: number[][]
  /** Fenwick tree over the runs' lengths, from 1 on. */
  counts: number[]
  size: number
}

const MOST = 256

export const emptySorted = (): Sorted => ({ runs: [[]], counts: [0, 0], size: 0 })

/** Where `x` stands or would stand: before it only smaller ones. */
function place(values: readonly number[], x: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] ?? 0) < x) low = middle + 1
    else high = middle
  }
  return low
}

/** The first run whose greatest is not below `x`, else the last. */
function runOf({ runs }: Sorted, x: number): number {
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.at(-1) ?? x) < x) low = middle + 1
    else high = middle
  }
  return low
}

function change({ counts }: Sorted, run: number, by: 1 | -1): void {
  for (let index = run + 1; index < counts.length; index += index & -index) counts[index] = (counts[index] ?? 0) + by
}

function recount(sorted: Sorted): void {
  const counts = [0, ...sorted.runs.map(({ length }) => length)]
  for (let index = 1; index < counts.length; index++) {
    const parent = index + (index & -index)
    if (parent < counts.length) counts[parent] = (counts[parent] ?? 0) + (counts[index] ?? 0)
  }
  sorted.counts = counts
}

export function insert(sorted: Sorted, x: number): void {
  const index = runOf(sorted, x)
  const run = sorted.runs[index] ?? []
  run.splice(place(run, x), 0, x)
  sorted.size++
  if (run.length <= MOST) return change(sorted, index, 1)
  sorted.runs.splice(index + 1, 0, run.splice(MOST / 2))
  recount(sorted)
}

/** Takes out one of the numbers equal to `x`, which must be in. */
export function remove(sorted: Sorted, x: number): void {
  const index = runOf(sorted, x)
  const run = sorted.runs[index] ?? []
  const found = place(run, x)
  if (run[found] !== x) throw new RangeError(`not in the list: ${x}`)
  run.splice(found, 1)
  sorted.size--
  if (run.length > 0 || sorted.runs.length === 1) return change(sorted, index, -1)
  sorted.runs.splice(index, 1)
  recount(sorted)
}

/** How many are smaller. */
export function rankOf(sorted: Sorted, x: number): number {
  const run = runOf(sorted, x)
  let before = 0
  for (let index = run; index > 0; index -= index & -index) before += sorted.counts[index] ?? 0
  return before + place(sorted.runs[run] ?? [], x)
}

/** The one that `rank` others stand before; NaN outside of the list. */
export function nth({ runs, counts }: Sorted, rank: number): number {
  let run = 0
  let rest = rank
  for (let step = 1 << (31 - Math.clz32(counts.length)); step > 0; step >>>= 1) {
    const next = run + step
    const inside = counts[next]
    if (inside === undefined || inside > rest) continue
    run = next
    rest -= inside
  }
  return runs[run]?.[rest] ?? Number.NaN
}
