import { durationMicros } from '../read/duration.ts'
import type { Stream } from '../events.ts'
import { conjunctsOf, type Node, type OrderOperator } from '../expression/node.ts'
import { fieldOfAny } from '../fields.ts'
import type { Guard } from '../program.ts'

const KIND: Readonly<Record<OrderOperator, 'above' | 'atLeast' | 'below' | 'atMost'>> = {
  '>': 'above',
  '>=': 'atLeast',
  '<': 'below',
  '<=': 'atMost',
}
/** Of the sides changed. */
export const TURNED: Readonly<Record<OrderOperator, OrderOperator>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' }

export const isOrder = (op: string): op is OrderOperator => Object.hasOwn(TURNED, op)

/** What must hold of fields of the event for the condition to hold, as far as it can be looked up without evaluating. */
export const guardsOf = (node: Node, streams: readonly Stream[]): readonly Guard[] =>
  conjunctsOf(node).flatMap((conjunct) => guardOf(conjunct, streams) ?? [])

function guardOf(node: Node, streams: readonly Stream[]): Guard | undefined {
  if (node.kind === 'in') {
    const field = fieldNamed(node.of, streams)
    const values = node.list.filter((one) => typeof one === 'string')
    return field !== undefined && values.length === node.list.length ? { kind: 'in', field, values } : undefined
  }
  if (node.kind !== 'binary') return undefined
  const { left, right } = node
  const [field, value, turned] =
    right.fixed === undefined
      ? [fieldNamed(right, streams), left.fixed?.value, true]
      : [fieldNamed(left, streams), right.fixed.value, false]
  if (field === undefined) return undefined
  if (node.op === '==' && typeof value === 'string') return { kind: 'in', field, values: [value] }
  if (typeof value !== 'number' || Number.isNaN(value) || !isOrder(node.op)) return undefined
  return { kind: KIND[turned ? TURNED[node.op] : node.op], field, bound: value }
}

/** The field that the node names; `let` values are none, as they need more than the event. */
function fieldNamed(node: Node, streams: readonly Stream[]): string | undefined {
  if (node.kind !== 'name' || node.expression.ofEvent === undefined) return undefined
  return 'code' in fieldOfAny(streams, node.name) ? undefined : node.name
}

/** Length of the candles that the conditions let through, if it is one. */
export function candleMicrosOf(conditions: readonly (Node | undefined)[]): number | undefined {
  const asked = conditions
    .flatMap((node) => (node === undefined ? [] : guardsOf(node, ['candle'])))
    .flatMap((guard) => (guard.kind === 'in' && guard.field === 'interval' ? [guard.values] : []))
  const [only] = asked.find((values) => values.length === 1) ?? []
  return only === undefined ? undefined : durationMicros(only)
}
