import type { Line, Sample } from './documents.ts'
import { mergePoints, type Point } from './points.ts'

/** A chart of seconds holds so many at most; hours are held as minutes. */
const MAX_POINTS = 900

type Changed = {
  readonly line: Line
  readonly points: readonly Point[]
  /** The one point that was added at the end or replaced there; `undefined` if the line changed elsewhere. */
  readonly newest: Point | undefined
}

export type Lines = {
  take(samples: readonly Sample[]): readonly Changed[]
  all(): readonly Line[]
  /** Points of all lines of a kind. */
  count(kind: Sample['line']): number
}

/** What the chart shows, by exchange and kind of line. */
export function createLines(): Lines {
  const known = new Map<string, { readonly line: Line; readonly points: readonly Point[] }>()
  return {
    take(samples) {
      const grouped = Map.groupBy(samples, ({ exchange, line }) => `${exchange} ${line}`)
      return [...grouped].flatMap(([key, own]): readonly Changed[] => {
        const [first] = own
        if (first === undefined) return []
        const before = known.get(key)?.points ?? []
        const line = { exchange: first.exchange, line: first.line }
        const from = (before.at(-1)?.time ?? 0) - (first.line === 'close' ? Infinity : MAX_POINTS)
        const points = mergePoints(
          before,
          own.map(({ time, value }) => ({ time, value })),
          from,
        )
        known.set(key, { line, points })
        const last = points.at(-1)
        const isNewest = own.length === 1 && last !== undefined && first.time === last.time && before.length > 0
        return [{ line, points, newest: isNewest ? last : undefined }]
      })
    },
    all: () => [...known.values()].map(({ line }) => line),
    count: (kind) =>
      [...known.values()].reduce((sum, { line, points }) => sum + (line.line === kind ? points.length : 0), 0),
  }
}
