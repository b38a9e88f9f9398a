import type { RuleEvent, Stream } from '../events.ts'
import { fieldOf } from '../fields.ts'
import type { Micros } from '../../time.ts'
import type { Key, Space } from './state.ts'

/** A field of `by` as text; `undefined` if it is absent. */
export type KeyReader = (event: RuleEvent) => string | undefined

/** Below all texts, so that keys are sorted by their first value, then by the next. */
const BETWEEN = '\u0000'

/** How to read `by` of events of a stream; `undefined` if they have no such fields. */
export function readersOf(stream: Stream, by: readonly string[]): readonly KeyReader[] | undefined {
  const readers = by.map((name) => readerOf(stream, name))
  return readers.every((one) => one !== undefined) ? readers : undefined
}

function readerOf(stream: Stream, name: string): KeyReader | undefined {
  const field = fieldOf(stream, name)
  if (field === undefined || field.type === 'string') return field?.read
  if (field.type === 'bool') {
    const { read } = field
    return (event) => read(event)?.toString()
  }
  const { read } = field
  return (event) => {
    const x = read(event)
    return x - x === 0 ? String(x) : undefined
  }
}

export function hasKey(readers: readonly KeyReader[], event: RuleEvent): boolean {
  for (let i = 0; i < readers.length; i++) if (readers[i]?.(event) === undefined) return false
  return true
}

/** The key's state, if there is one. */
export function findKey({ keys, single }: Space, readers: readonly KeyReader[], event: RuleEvent): Key | undefined {
  const first = readers[0]?.(event)
  if (first === undefined) return undefined
  if (readers.length === 1) return single.get(first)
  const rest = restOf(readers, event)
  return rest === undefined ? undefined : keys.get(first)?.get(rest)
}

/** The key's state, made if there is none; `undefined` if a field is absent. */
export function keyOf(space: Space, readers: readonly KeyReader[], event: RuleEvent, now: Micros): Key | undefined {
  let key = findKey(space, readers, event)
  if (key === undefined) {
    const values: string[] = []
    for (const read of readers) {
      const value = read(event)
      if (value === undefined) return undefined
      values.push(value)
    }
    key = { values, text: values.join(BETWEEN), last: now, slots: [], rules: [], active: [] }
    const [outer, inner] = placeOf(values)
    const own = space.keys.get(outer)
    if (own === undefined) space.keys.set(outer, new Map([[inner, key]]))
    else own.set(inner, key)
  }
  key.last = now
  return key
}

export function forgetKey({ keys }: Space, { values }: Key): void {
  const [outer, inner] = placeOf(values)
  const own = keys.get(outer)
  own?.delete(inner)
  if (own?.size === 0 && outer !== '') keys.delete(outer)
}

const placeOf = ([first = '', ...rest]: readonly string[]): readonly [outer: string, inner: string] =>
  rest.length === 0 ? ['', first] : [first, rest.join(BETWEEN)]

function restOf(readers: readonly KeyReader[], event: RuleEvent): string | undefined {
  const second = readers[1]?.(event)
  if (second === undefined || readers.length === 2) return second
  let text = second
  for (let i = 2; i < readers.length; i++) {
    const value = readers[i]?.(event)
    if (value === undefined) return undefined
    text += BETWEEN + value
  }
  return text
}
