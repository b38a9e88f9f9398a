import { pointerTo, type Diagnostic } from '../diagnostic.ts'
import type { Rule } from '../document.ts'
import { streamsOf } from '../document.ts'
import type { Stream } from '../events.ts'
import type { Node } from '../expression/node.ts'
import { readExpression } from '../expression/read-expression.ts'
import type { BoolExpression, Expression, Names, Type } from '../frame.ts'

/** What an expression of a rule is for. */
export type Role = 'where' | 'let' | 'of' | 'when' | 'release' | 'severity' | 'field' | 'if' | 'not' | 'until'

/** An expression that was read, with the place where it stands. */
export type Placed = {
  readonly role: Role
  readonly pointer: string
  readonly text: string
  readonly node: Node
  readonly streams: readonly Stream[]
}

/** What the parts of a rule share while it is compiled; lists are added to. */
export type Compiling = {
  readonly rule: Rule
  /** The rule's `on`. */
  readonly on: readonly Stream[]
  /** Those of `on` and of aggregates that have their own. */
  readonly all: readonly Stream[]
  readonly diagnostics: Diagnostic[]
  readonly placed: Placed[]
}

export function compiling(rule: Rule): Compiling {
  const on = streamsOf(rule)
  const own = Object.values(rule.let ?? {}).flatMap((one) =>
    typeof one === 'string' || one.on === undefined ? [] : [one.on],
  )
  return { rule, on, all: [...new Set([...on, ...own])], diagnostics: [], placed: [] }
}

/** Code of a name whose own definition is wrong: said there, not again wherever it is used. */
export const SAID_ELSEWHERE = 'said elsewhere'

type Place = {
  readonly role: Role
  readonly pointer: string
  readonly names: Names
  readonly streams: readonly Stream[]
}
export type Read<E> = { readonly expression: E; readonly node: Node }

/** Reads an expression; what is wrong goes to the diagnostics, then there is none. */
export function expressionAt(
  { diagnostics, placed }: Compiling,
  text: string,
  { role, pointer, names, streams }: Place,
  wanted?: Type,
): Read<Expression> | undefined {
  const read = readExpression(text, names, wanted)
  if ('problems' in read) {
    for (const { code, from, to, message } of read.problems)
      if (code !== SAID_ELSEWHERE) diagnostics.push({ code, pointer, from, to, message })
    return undefined
  }
  placed.push({ role, pointer, text, node: read.node, streams })
  return read
}

export function conditionAt(all: Compiling, text: string, place: Place): Read<BoolExpression> | undefined {
  const read = expressionAt(all, text, place, 'bool')
  return read?.expression.type === 'bool' ? { expression: read.expression, node: read.node } : undefined
}

/** Named expressions below a pointer, in the order written; those that are wrong are left out. */
export const namedAt = (
  all: Compiling,
  written: Readonly<Record<string, string>>,
  place: Place,
): readonly { readonly name: string; readonly expression: Expression }[] =>
  Object.entries(written).flatMap(([name, text]) => {
    const read = expressionAt(all, text, { ...place, pointer: pointerTo(place.pointer, name) })
    return read === undefined ? [] : [{ name, expression: read.expression }]
  })
