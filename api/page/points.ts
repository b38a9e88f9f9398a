/** A value at a whole second since the epoch. */
export type Point = { readonly time: number; readonly value: number }

/**
 * One ascending line out of two: of several values of a second the last given stays, and what is older than `from` goes.
 * History may come after live values of the same seconds, and a poll repeats what was there.
 */
export function mergePoints(known: readonly Point[], more: readonly Point[], from: number): readonly Point[] {
  const last = known.at(-1)
  const first = more[0]
  if (more.length === 1 && last !== undefined && first !== undefined && first.time > last.time)
    return [...known.filter(({ time }) => time >= from), first]
  const bySecond = new Map([...known, ...more].map((point) => [point.time, point]))
  return [...bySecond.values()].filter(({ time }) => time >= from).toSorted((a, b) => a.time - b.time)
}

/** Lengths of the windows, newest first, in which history is asked for: the busier a symbol, the fewer are filled. */
export const WINDOWS_S = [10, 20, 40, 80, 150] as const

/** The windows as ranges that end at `endMs` and touch, newest first. */
export function windowsBefore(endMs: number): readonly { readonly fromMs: number; readonly toMs: number }[] {
  let toMs = endMs
  return WINDOWS_S.map((seconds) => {
    const window = { fromMs: toMs - seconds * 1000, toMs }
    toMs = window.fromMs
    return window
  })
}
