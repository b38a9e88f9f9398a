import type { Aggregate } from '../document.ts'
import type { Stream } from '../events.ts'
import type { BoolExpression, Expression } from '../frame.ts'
import type { Reader, Source } from '../machine.ts'
import { checkAggregate } from './check.ts'
import { spanOf, type Problem } from './span.ts'

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
  checkAggregate(aggregate, inputs.of, problems)
  if (span === undefined || problems.length > 0) return { kind: 'problems', problems }
  return {
    kind: 'problems',
    problems: [{ code: 'E301', pointer: '/over', message: `${span.kind} is not built yet` }],
  }
}
