import { compareOrigins } from '../core/origin-sieve.ts'
import type { Origin } from '../core/processor.ts'
import type { Offset } from '../io/kafka/port.ts'

/** An output as it stands on the log. */
export type Live = {
  readonly offset: Offset
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestampMs: number
  readonly origin: Origin
}

/** The same output as the replay made it; its bytes are asked for where there are live ones to compare. */
export type Made = {
  readonly key: string
  readonly timestampMs: number
  readonly origin: Origin
  /** With the schema that a live value names; `undefined`: it cannot be written with it. */
  readonly bytesLike: (live: Buffer) => Buffer | undefined
}

/** In what the two sides differ. `order`: live has it, but after one of a later origin, where readers take it for a repeat. */
export type What = 'missing' | 'extra' | 'order' | 'key' | 'value' | 'timestamp'

/**
 * What the next output of either side of one slot says: both are in the order of origins. `missing` is not on the log,
 * `extra` was not made. `other code`: live was written by another version, so nothing can be said.
 */
export function compareNext(live: Live | undefined, made: Made | undefined, version: number): Comparison {
  if (live !== undefined && live.origin.version !== version) return 'other code'
  if (live === undefined) return made === undefined ? 'equal' : 'missing'
  if (made === undefined) return 'extra'
  const order = compareOrigins(live.origin, made.origin)
  if (order !== 0) return order < 0 ? 'extra' : 'missing'
  if (live.key?.equals(Buffer.from(made.key)) !== true) return 'key'
  if (live.timestampMs !== made.timestampMs) return 'timestamp'
  if (live.value === null) return 'value'
  return made.bytesLike(live.value)?.equals(live.value) === true ? 'equal' : 'value'
}

export type Comparison = Exclude<What, 'order'> | 'equal' | 'other code'

/** A place in a value, and what either side says there. */
export type FieldDifference = { readonly field: string; readonly live: unknown; readonly replayed: unknown }

/** The fields in which two decoded values differ, deepest first named: `legs.0.price`. */
export function fieldDifferences(live: unknown, replayed: unknown, field = ''): readonly FieldDifference[] {
  if (Object.is(live, replayed)) return []
  if (!isComposite(live) || !isComposite(replayed)) return [{ field, live, replayed }]
  const [a, b] = [new Map(Object.entries(live)), new Map(Object.entries(replayed))]
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) =>
    fieldDifferences(a.get(name), b.get(name), field === '' ? name : `${field}.${name}`),
  )
}

const isComposite = (value: unknown): value is object => typeof value === 'object' && value !== null
