/** A value that holds from its moment until the next one. */
export type Held = { readonly atMs: number; readonly value: number }

/** What of a life is shown: all of it, and a quarter of its length before and after, within bounds. */
export function windowOf(
  openedAtMs: number,
  endMs: number,
): { readonly fromMs: number; readonly toMs: number; readonly stepMs: number } {
  const margin = Math.min(Math.max((endMs - openedAtMs) / 4, 2000), 20_000)
  const [from, to] = [openedAtMs - margin, endMs + margin]
  const stepMs = Math.max(1, Math.round((to - from) / 400))
  return { fromMs: Math.floor(from / stepMs) * stepMs, toMs: Math.ceil(to / stepMs) * stepMs, stepMs }
}

/**
 * Values on a grid of equal steps, as a chart that places points by their rank needs them: at each step the newest value
 * given by then, `undefined` before the first.
 */
export function onGrid(
  values: readonly Held[],
  { fromMs, toMs, stepMs }: ReturnType<typeof windowOf>,
): readonly { readonly timeMs: number; readonly value: number | undefined }[] {
  const sorted = values.toSorted((a, b) => a.atMs - b.atMs)
  const points: { timeMs: number; value: number | undefined }[] = []
  let index = 0
  let value: number | undefined
  for (let timeMs = fromMs; timeMs <= toMs; timeMs += stepMs) {
    for (let one = sorted[index]; one !== undefined && one.atMs <= timeMs; one = sorted[++index]) value = one.value
    points.push({ timeMs, value })
  }
  return points
}

/** The step of the grid at which a moment shows. */
export const stepOf = (ms: number, { stepMs, toMs }: ReturnType<typeof windowOf>): number =>
  Math.min(Math.ceil(ms / stepMs) * stepMs, toMs)
