import { durationMicros } from '../../../../core/rules/read/duration.ts'
import type { Aggregate } from '../../../../core/rules/document.ts'

/** What an aggregate is told: its values, when; `open` of candles. */
export type Told = {
  readonly at: number
  readonly a: number
  readonly b: number
  readonly text: string
  readonly open: number
}
export type Answer = number | string | undefined

const DAY = 86_400_000_000
const micros = (text: string): number => durationMicros(text) ?? 0

/** Rules.md section 4 read as it is written, over all events there ever were; `present`: whether the last is the present one. */
export function naive(aggregate: Aggregate, all: readonly Told[], now: number, present: boolean): Answer {
  const { over, lag, of } = aggregate
  const events = of === undefined || of === 'text' ? all : all.filter(({ a }) => !Number.isNaN(a))
  const isLast = present && events.at(-1) === all.at(-1)
  const left = (from: readonly Told[]): readonly Told[] =>
    lag === 1 && isLast ? from.filter((one) => one !== events.at(-1)) : from
  if ('sliding' in over) {
    const from = now - micros(over.sliding)
    return valueOf(aggregate, left(events.filter(({ at }) => at > from)), from, now)
  }
  if ('tumbling' in over || 'hopping' in over) {
    const [size, hop] = 'tumbling' in over ? [over.tumbling, over.tumbling] : over.hopping
    const end = Math.floor(now / micros(hop)) * micros(hop)
    return closedWindow(aggregate, events, end - micros(size), end)
  }
  if ('day' in over) {
    const from = Math.floor(now / DAY) * DAY
    return valueOf(aggregate, left(events.filter(({ at }) => at >= from)), from, now)
  }
  if ('session' in over) {
    const most = micros(over.max)
    let from = now
    let next = now
    for (const { at } of events.toReversed()) {
      if (next - at >= micros(over.session) || Math.floor(at / most) !== Math.floor(now / most)) break
      from = at
      next = at
    }
    return valueOf(aggregate, left(events.filter(({ at }) => at >= from)), from, now)
  }
  const length = over.count * 1_000_000
  const near = events.filter(({ at }) => at > now - length - 60_000_000)
  const newest = Math.max(...near.map(({ open }) => open))
  const inside = left(near.filter(({ open }) => open > newest - length))
  const ordered = inside.toSorted((one, other) => one.open - other.open).map((one) => ({ ...one, at: one.open }))
  return valueOf(aggregate, ordered, now - length, now)
}

/** The last closed windows' values, each made anew. */
export function naiveSeries(aggregate: Aggregate, inner: Aggregate, all: readonly Told[], now: number): Answer {
  const { over, of } = inner
  const [size, hop] =
    'tumbling' in over ? [over.tumbling, over.tumbling] : 'hopping' in over ? over.hopping : ['1d', '1d']
  const count = 'count' in aggregate.over ? aggregate.over.count : 0
  const last = Math.floor(now / micros(hop)) * micros(hop)
  const events = of === undefined ? all : all.filter(({ a }) => !Number.isNaN(a))
  const values: Told[] = []
  for (let back = count - 1; back >= 0; back--) {
    const end = last - back * micros(hop)
    const value = closedWindow(inner, events, end - micros(size), end)
    const one = { at: end, a: 0, b: 0, text: '', open: end }
    if (typeof value === 'string') values.push({ ...one, text: value })
    else if (value !== undefined && !Number.isNaN(value)) values.push({ ...one, a: value })
  }
  return valueOf(aggregate, values, now - count * micros(hop), now)
}

const closedWindow = (aggregate: Aggregate, events: readonly Told[], from: number, end: number): Answer =>
  valueOf(
    aggregate,
    events.filter(({ at }) => at >= from && at < end),
    from,
    end,
  )

function valueOf({ agg, arg = 0, seed, of }: Aggregate, events: readonly Told[], from: number, to: number): Answer {
  const n = events.length
  const values = events.map(({ a }) => a)
  const sum = (list: readonly number[]): number => list.reduce((one, other) => one + other, 0)
  const mean = sum(values) / n
  const around = (xs: readonly number[], ys: readonly number[]): number => {
    const mx = sum(xs) / n
    const my = sum(ys) / n
    return sum(xs.map((x, i) => (x - mx) * ((ys[i] ?? 0) - my)))
  }
  const sorted = values.toSorted((x, y) => x - y)
  const quantile = (p: number): number => {
    const h = (n - 1) * p
    const low = sorted[Math.floor(h)] ?? Number.NaN
    return low + (h - Math.floor(h)) * ((sorted[Math.floor(h) + 1] ?? low) - low)
  }
  const best = (isBetter: (one: number, other: number) => boolean): Told | undefined => {
    let found: Told | undefined
    for (const event of events) if (found === undefined || isBetter(event.a, found.a)) found = event
    return found
  }
  const second = (event: Told | undefined): Answer =>
    event === undefined ? Number.NaN : of?.[1] === 'text' ? event.text : event.b
  const seconds = events.map(({ b }) => b)
  const times = events.map(({ at }) => (at - (events[0]?.at ?? 0)) / 1e6)
  switch (agg) {
    case 'count':
      return n
    case 'rate':
      return to > from ? n / ((to - from) / 1e6) : Number.NaN
    case 'sum':
      return sum(values)
    case 'mean':
      return n < 1 ? Number.NaN : mean
    case 'var':
      return n < 2 ? Number.NaN : around(values, values) / (n - 1)
    case 'sd':
      return n < 2 ? Number.NaN : Math.sqrt(around(values, values) / (n - 1))
    case 'vwap':
      return sum(seconds) > 0 ? sum(events.map(({ a, b }) => a * b)) / sum(seconds) : Number.NaN
    case 'twap': {
      const start = events[0]?.at ?? to
      if (to <= start) return Number.NaN
      return sum(events.map(({ at, a }, i) => a * ((events[i + 1]?.at ?? to) - at))) / (to - start)
    }
    case 'min':
      return best((x, y) => x < y)?.a ?? Number.NaN
    case 'max':
      return best((x, y) => x > y)?.a ?? Number.NaN
    case 'argmin':
      return second(best((x, y) => x < y))
    case 'argmax':
      return second(best((x, y) => x > y))
    case 'first':
      return of === 'text' ? events[0]?.text : (values[0] ?? Number.NaN)
    case 'last':
      return of === 'text' ? events.at(-1)?.text : (values.at(-1) ?? Number.NaN)
    case 'delta':
      return n < 1 ? Number.NaN : (values.at(-1) ?? 0) - (values[0] ?? 0)
    case 'median':
      return n < 1 ? Number.NaN : quantile(0.5)
    case 'quantile':
      return n < 1 ? Number.NaN : quantile(arg)
    case 'distinct':
      return new Set(events.map(({ a, text }) => (of === 'text' ? text : a))).size
    case 'corr':
      return ratio(around(seconds, values), Math.sqrt(around(seconds, seconds) * around(values, values)), n)
    case 'beta':
      return ratio(around(seconds, values), around(seconds, seconds), n)
    case 'slope':
      return ratio(around(times, values), around(times, times), n)
    case 'ema': {
      let v = seed === 'zero' ? 0 : (values[0] ?? 0)
      for (const x of seed === 'zero' ? values : values.slice(1)) v = x * (2 / (1 + arg)) + v * (1 - 2 / (1 + arg))
      return n < 1 ? Number.NaN : v
    }
  }
}

const ratio = (above: number, below: number, n: number): number => (n < 2 || below === 0 ? Number.NaN : above / below)
