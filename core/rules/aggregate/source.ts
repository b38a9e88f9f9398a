import type { Aggregate } from '../document.ts'
import { canonicalJson } from '../../canonical-json.ts'
import type { Stream } from '../events.ts'
import type { BoolExpression, Expression, NumberType } from '../frame.ts'
import type { Reader, Source } from '../machine.ts'
import { checkAggregate } from './check.ts'
import { takeOf } from './item.ts'
import { series as seriesMachine } from './series.ts'
import { spanOf, type Problem, type Span } from './span.ts'
import { COUNTED_BYTES, hopBound, hopSums, nameOf, sumsOf, windowOf, type Windowed } from './windowed.ts'

/** What an aggregate's texts and the rule around it mean; made by compile.ts. */
export type AggregateInputs = {
  /** What `of` says, in its order: nothing, one or two. Nothing for a series. */
  readonly of: readonly Expression[]
  /**
   * Set if the window is a `count` and `of` names a tumbling or hopping aggregate of `let`: that aggregate and its own inputs
   * (its own eventsPerSecond too). Its streams and `where` are then those of the source.
   */
  readonly series: Series | undefined
  /** The aggregate's `on`, or the rule's streams. */
  readonly streams: readonly Stream[]
  /** The rule's `where` and the aggregate's. */
  readonly where: BoolExpression | undefined
  /**
   * All that decides what `of`, `streams` and `where` let in and give, as JSON values: the streams, both `where` texts, the
   * texts of `of`, and whatever the `let` names in them mean. Sources of equal identity, window and state are one.
   */
  readonly identity: unknown
  /** r of rules.md section 11, times the exchanges and symbols of a key. */
  readonly eventsPerSecond: number
  /** Of the candles that pass `where`, if it lets only those of one interval through (`interval == '1m'`), else undefined. */
  readonly candleMicros: number | undefined
}

export type Series = { readonly aggregate: Aggregate; readonly inputs: AggregateInputs }

/** Made, or all that is wrong (E301 to E304), with pointers relative to the aggregate. */
export type SourceOrProblems =
  | { readonly kind: 'source'; readonly source: Source; readonly reader: Reader }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/** The state that an aggregate needs, what feeds it, and how its value is read. Never throws. */
export function sourceOf(aggregate: Aggregate, inputs: AggregateInputs): SourceOrProblems {
  const problems: Problem[] = []
  const span = spanOf(aggregate.over, problems)
  const series = inputs.series === undefined ? undefined : seriesOf(aggregate, inputs.series, span, problems)
  const type = checkAggregate(aggregate, series === undefined ? inputs.of : [{ type: series.type }], problems)
  if (span?.kind === 'count' && inputs.series === undefined) checkCandles(inputs, problems)
  if (span === undefined || problems.length > 0) return { kind: 'problems', problems }

  const { streams, where } = inputs.series?.inputs ?? inputs
  const { made, bytes, depthMicros } = series === undefined ? windowOf(aggregate, span, inputs) : series.make()
  const { share, machine, number, text } = made
  const id = canonicalJson({ identity: inputs.identity, over: span, series: series?.id ?? null, share })
  const reader: Reader = type === 'string' ? { type, read: text.read } : { type, read: number.read }
  return { kind: 'source', source: { id, streams, where, machine, bytes, depthMicros }, reader }
}

function checkCandles({ streams, candleMicros }: AggregateInputs, problems: Problem[]): void {
  const other = streams.find((stream) => stream !== 'candle')
  const message =
    other !== undefined
      ? `count is of candles, or of a tumbling or hopping aggregate of let; the last so many of ${other} are not bounded in time`
      : candleMicros === undefined
        ? "count of candles needs a where that says which: interval == '1m'"
        : undefined
  if (message !== undefined) problems.push({ code: 'E304', pointer: '/over/count', message })
}

type SeriesOf = { readonly type: NumberType | 'string'; readonly id: unknown; readonly make: () => Windowed }

/** A problem of the inner aggregate is its own, not told again. */
function seriesOf(
  aggregate: Aggregate,
  { aggregate: inner, inputs }: Series,
  span: Span | undefined,
  problems: Problem[],
): SeriesOf {
  const ignored: Problem[] = []
  const type = checkAggregate(inner, inputs.of, ignored)
  const window = spanOf(inner.over, ignored)
  const wrong = (code: string, pointer: string, message: string): void => {
    problems.push({ code, pointer, message })
  }
  if (window !== undefined && window.kind !== 'hopping')
    wrong('E304', '/of', 'count is of the values of a tumbling or hopping aggregate; this one has no closed windows')
  if (span !== undefined && span.kind !== 'count')
    wrong('E301', '/over', 'closed windows of another aggregate are counted: {"count":60}')
  if (aggregate.on !== undefined) wrong('E302', '/on', 'of another aggregate: its own on is what counts')
  if (aggregate.where !== undefined) wrong('E302', '/where', 'of another aggregate: its own where is what counts')
  if (window?.kind !== 'hopping' || span?.kind !== 'count' || ignored.length > 0) {
    if (problems.length === 0) wrong('E302', '/of', 'of another aggregate that is itself wrong')
    return { type, id: null, make: unmade }
  }
  const arithmetic = hopSums(inner, window, inputs.of)
  const zero = inner.agg === 'count' || inner.agg === 'rate' || inner.agg === 'sum'
  return {
    type,
    id: { identity: inputs.identity, over: window, share: arithmetic.share, value: nameOf(inner) },
    make() {
      const sums = sumsOf(aggregate, [{ type }])
      const { bytes, depthMicros } = hopBound(arithmetic, window, inputs.eventsPerSecond)
      const parts = { arithmetic, window, isText: type === 'string', zero }
      return {
        made: seriesMachine(sums, parts, span.count, takeOf(inputs.of), nameOf(aggregate)),
        bytes: bytes + COUNTED_BYTES * span.count,
        depthMicros: depthMicros + span.count * window.hopMicros,
      }
    },
  }
}

function unmade(): never {
  throw new TypeError('an aggregate with problems is not made')
}
