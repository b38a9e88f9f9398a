import type { Match } from './matches.ts'

export type MatchWindow = {
  readonly symbol: string
  /** `*`: all together. */
  readonly exchange: string
  readonly interval: '1s' | '1m'
  readonly fromMs: number
  readonly toMs: number
}

const MINUTE_MS = 60_000
/** Longer than that, seconds are too many to tell apart. */
const SECONDS_UP_TO_MS = 10 * MINUTE_MS

/** Where the price chart of a match looks: at all of its evidence, with room around; `undefined`: it is about no symbol. */
export function windowOfMatch(
  match: Pick<Match, 'symbol' | 'exchange' | 'atMs' | 'evidence'>,
): MatchWindow | undefined {
  const newest = match.evidence.findLast(({ symbol }) => symbol !== undefined)
  const symbol = match.symbol ?? newest?.symbol
  if (symbol === undefined || !Number.isFinite(match.atMs)) return undefined
  const exchange = match.exchange ?? (match.symbol === undefined ? newest?.exchange : undefined) ?? '*'
  const times = [match.atMs, ...match.evidence.map(({ atMs }) => atMs)].filter(Number.isFinite)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const isShort = last - first <= SECONDS_UP_TO_MS
  const around = isShort ? Math.max(MINUTE_MS, (last - first) / 4) : Math.max(30 * MINUTE_MS, (last - first) / 4)
  const step = isShort ? 1000 : MINUTE_MS
  return {
    symbol,
    exchange,
    interval: isShort ? '1s' : '1m',
    fromMs: Math.floor((first - around) / step) * step,
    toMs: Math.ceil((last + around) / step) * step,
  }
}

/** The same by minutes, where no candle of a second is stored. */
export function byMinutes({ fromMs, toMs, ...rest }: MatchWindow): MatchWindow {
  const around = 30 * MINUTE_MS
  const floor = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS
  return { ...rest, interval: '1m', fromMs: floor(fromMs - around), toMs: floor(toMs + around) }
}

/**
 * Every step from the first bar to the last, and a little on: a chart that places bars by their rank shows pauses only if they are
 * there. `undefined`: nothing was traded.
 */
export function withPauses<Bar extends { readonly time: number }>(
  bars: readonly Bar[],
  interval: MatchWindow['interval'],
): readonly { readonly time: number; readonly bar: Bar | undefined }[] {
  const step = interval === '1s' ? 1 : 60
  const [from, to] = [bars[0]?.time, bars.at(-1)?.time]
  if (from === undefined || to === undefined) return []
  const known = new Map(bars.map((bar) => [bar.time, bar]))
  const times = Array.from({ length: Math.floor((to - from) / step) + 1 + AFTER }, (_, index) => from + index * step)
  return times.map((time) => ({ time, bar: known.get(time) }))
}

/** Steps after the last bar: its mark needs room. */
const AFTER = 3

export type Mark = { readonly time: number; readonly kind: 'evidence' | 'at'; readonly text: string }

/**
 * Marks for the bars of a chart, ascending: evidence by the bar in which it came, several of a bar together, and the match's own
 * moment. `times` are starts of bars in seconds, ascending; what lies before the first stands at the first.
 */
export function marksOf(
  match: Pick<Match, 'atMs' | 'evidence' | 'phase'>,
  times: readonly number[],
  symbol: string,
): readonly Mark[] {
  const [first] = times
  if (first === undefined) return []
  const barOf = (ms: number): number => times.findLast((time) => time * 1000 <= ms) ?? first
  // Of other symbols it would point at prices that are not these.
  const own = match.evidence.filter((one) => Number.isFinite(one.atMs) && (one.symbol ?? symbol) === symbol)
  const groups = Map.groupBy(own, ({ atMs }) => barOf(atMs))
  const evidence = [...groups].map(([time, all]): Mark => {
    const streams = [...new Set(all.map(({ stream }) => stream))].join(', ')
    return { time, kind: 'evidence', text: all.length === 1 ? streams : `${all.length} × ${streams}` }
  })
  return [...evidence, { time: barOf(match.atMs), kind: 'at', text: match.phase } as const].toSorted(
    (a, b) => a.time - b.time,
  )
}

/** How much of a chart's width a label takes, about. */
const LABEL_SHARE = 1 / 16

/** The same without the words of evidence that would lie on each other in a chart of so many seconds. */
export function legible(marks: readonly Mark[], seconds: number): readonly Mark[] {
  let last = Number.NEGATIVE_INFINITY
  return marks.map((mark) => {
    if (mark.kind === 'at') return mark
    if (mark.time - last < seconds * LABEL_SHARE) return { ...mark, text: '' }
    last = mark.time
    return mark
  })
}
