import type { Compiling } from './compiling.ts'
import { conditionAt, expressionAt, SAID_ELSEWHERE } from './compiling.ts'
import { sourceOf, type AggregateInputs } from '../aggregate/source.ts'
import type { Breadth } from '../validate/breadth.ts'
import { isError, pointerTo } from '../diagnostic.ts'
import type { Aggregate } from '../document.ts'
import type { Stream } from '../events.ts'
import { namesIn, type Node } from '../expression/node.ts'
import { expressionOf, fieldOfAny } from '../fields.ts'
import type { BoolExpression, Expression, Names, Unresolved } from '../frame.ts'
import { candleMicrosOf } from './guards.ts'
import type { Source } from '../machine.ts'
import { memoised, usesIn } from './memo.ts'
import type { Allot } from '../program.ts'
import { both, readerAt } from './slot.ts'
import { NO_STEPS } from './step-names.ts'

/** A named value, ready. */
export type Let = {
  readonly name: string
  readonly expression: Expression
  /** Of a text. */
  readonly node: Node | undefined
  /** Of an aggregate: what it is of, in its order. */
  readonly nodes: readonly Node[]
  /** All names of `let` that it rests on, directly or not. */
  readonly needs: ReadonlySet<string>
  readonly aggregate:
    | { readonly written: Aggregate; readonly source: Source; readonly inputs: AggregateInputs }
    | undefined
  /** How far back the value reaches: its own window and the deepest chain below it. */
  readonly depthMicros: number
}

/** The value of a name; `undefined` if `let` has none, unresolved if its definition is wrong. */
export type LetOf = (name: string) => Let | Unresolved | undefined

const unresolved: Unresolved = { code: SAID_ELSEWHERE, message: 'its definition is wrong' }

/** Fields of the streams and `let` values; what steps mean comes beside. */
export const namesOf = (streams: readonly Stream[], letOf: LetOf): Names => ({
  ...NO_STEPS,
  named(name) {
    const value = letOf(name)
    if (value !== undefined) return 'code' in value ? value : value.expression
    const field = fieldOfAny(streams, name)
    return 'code' in field ? field : expressionOf(field)
  },
})

type Around = {
  readonly all: Compiling
  readonly allot: Allot
  readonly breadth: Breadth
  /** The rule's, undefined also where it is wrong. */
  readonly where: { readonly expression: BoolExpression; readonly node: Node } | undefined
}

/** Resolves each name when it is first asked for, so that they may stand in any order; those that others rest on come first. */
export function letsOf({ all, allot, breadth, where }: Around): LetOf {
  const { rule, diagnostics } = all
  const written = rule.let ?? {}
  const done = new Map<string, Let | Unresolved>()
  const path: string[] = []
  const uses = usesIn(rule)
  /** What is asked for once need not be remembered. */
  const kept = (name: string, expression: Expression): Expression =>
    uses(name) > 1 ? memoised(expression) : expression

  const letOf: LetOf = (name) => {
    const known = done.get(name)
    if (known !== undefined) return known
    if (!Object.hasOwn(written, name)) return undefined
    if (path.includes(name)) return cycle(name)
    path.push(name)
    const one = written[name]
    const value = (typeof one === 'string' ? ofText(name, one) : one && ofAggregate(name, one)) ?? unresolved
    path.pop()
    done.set(name, value)
    return value
  }
  return letOf

  function cycle(name: string): Unresolved {
    const circle = [...path.slice(path.indexOf(name)), name].join(' → ')
    return { code: 'E206', message: `\`${name}\` rests on itself (${circle}); one of these must do without the others` }
  }

  function needsOf(nodes: readonly Node[]): ReadonlySet<string> {
    const needs = new Set<string>()
    for (const { kind, name } of nodes.flatMap(namesIn).map((one) => ({ kind: one.kind, name: one.name })))
      if (kind === 'name' && name !== undefined && Object.hasOwn(written, name)) {
        needs.add(name)
        const below = done.get(name)
        if (below !== undefined && 'needs' in below) for (const one of below.needs) needs.add(one)
      }
    return needs
  }

  function depthOf(needs: ReadonlySet<string>): number {
    const depths = [...needs].map((name) => {
      const one = done.get(name)
      return one !== undefined && 'depthMicros' in one ? one.depthMicros : 0
    })
    return Math.max(0, ...depths)
  }

  function ofText(name: string, text: string): Let | undefined {
    const pointer = pointerTo('/let', name)
    const read = expressionAt(all, text, { role: 'let', pointer, names: namesOf(all.all, letOf), streams: all.all })
    if (read === undefined) return undefined
    const needs = needsOf([read.node])
    const expression = read.node.kind === 'literal' ? read.expression : kept(name, read.expression)
    return { name, expression, node: read.node, nodes: [], needs, aggregate: undefined, depthMicros: depthOf(needs) }
  }

  function ofAggregate(name: string, one: Aggregate): Let | undefined {
    const pointer = pointerTo('/let', name)
    const before = diagnostics.filter(isError).length
    const series = seriesOf(one)
    const streams = one.on === undefined ? all.on : [one.on]
    const names = namesOf(streams, letOf)
    const texts = series !== undefined || one.of === undefined ? [] : typeof one.of === 'string' ? [one.of] : one.of
    const of = texts.map((text, index) => {
      const at = typeof one.of === 'string' ? pointerTo(pointer, 'of') : pointerTo(pointer, 'of', index)
      return expressionAt(all, text, { role: 'of', pointer: at, names, streams })
    })
    const own =
      one.where === undefined
        ? undefined
        : conditionAt(all, one.where, { role: 'where', pointer: pointerTo(pointer, 'where'), names, streams })
    const read = of.filter((each) => each !== undefined)
    if (read.length < of.length || (one.where !== undefined && own === undefined)) return undefined
    const nodes = [...read.map(({ node }) => node), ...(own === undefined ? [] : [own.node])]
    const needs = needsOf(nodes)
    const seriesNeeds = series === undefined ? [] : [series.name, ...series.needs]
    const candleMicros = candleMicrosOf([where?.node, own?.node])
    const inputs: AggregateInputs = {
      of: read.map(({ expression }) => expression),
      series: series?.aggregate && { aggregate: series.aggregate.written, inputs: series.aggregate.inputs },
      streams,
      where: both(where?.expression, own?.expression),
      identity: identityOf(streams, one, texts, needs),
      eventsPerSecond: breadth.eventsPerSecond(streams, rule.by, candleMicros),
      candleMicros,
    }
    const made = sourceOf(one, inputs)
    if (made.kind === 'problems') {
      for (const { code, pointer: at, message } of made.problems)
        diagnostics.push({
          code,
          pointer: `${pointer}${at}`,
          from: undefined,
          to: undefined,
          message: sentence(message),
        })
      return undefined
    }
    if (diagnostics.filter(isError).length > before) return undefined
    const { source, reader } = made
    return {
      name,
      expression: kept(name, readerAt(allot(rule.by, source), reader)),
      node: undefined,
      nodes: read.map(({ node }) => node),
      needs: new Set([...needs, ...seriesNeeds]),
      aggregate: { written: one, source, inputs },
      depthMicros: source.depthMicros + depthOf(needs) + (series === undefined ? 0 : depthOf(series.needs)),
    }
  }

  /** The tumbling or hopping aggregate that the last ones are taken of. */
  function seriesOf({ of, over }: Aggregate): Let | undefined {
    if (typeof of !== 'string' || !('count' in over)) return undefined
    const named = written[of.trim()]
    if (!Object.hasOwn(written, of.trim()) || named === undefined || typeof named === 'string') return undefined
    if (!('tumbling' in named.over) && !('hopping' in named.over)) return undefined
    const one = letOf(of.trim())
    return one !== undefined && 'needs' in one ? one : undefined
  }

  function identityOf(
    streams: readonly Stream[],
    one: Aggregate,
    texts: readonly string[],
    needs: ReadonlySet<string>,
  ) {
    return {
      on: streams.toSorted(),
      where: [rule.where ?? null, one.where ?? null],
      of: texts,
      names: [...needs].toSorted().map((name) => {
        const below = done.get(name)
        const aggregate = below !== undefined && 'needs' in below ? below.aggregate : undefined
        return [name, aggregate === undefined ? (written[name] ?? null) : meaningOf(aggregate)]
      }),
    }
  }
}

/** Equal for equal values: a source is the state alone, which mean and sd share, and lag 0 and 1. */
const meaningOf = ({ written: { agg, lag, arg, seed }, source }: NonNullable<Let['aggregate']>) => [
  source.id,
  agg,
  lag ?? 0,
  arg ?? null,
  seed ?? null,
]

/** Aggregates say what is wrong in half a sentence. */
const sentence = (message: string): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?]$/.test(message) ? '' : '.'}`
