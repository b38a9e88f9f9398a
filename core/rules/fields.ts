import { STREAMS } from './events.ts'
import { didYouMean } from './expression/nearest.ts'
import { STREAM_FIELDS } from './stream-fields.ts'
import type { Stream } from './events.ts'
import type { Field } from './field.ts'
import type { Expression, Unresolved } from './frame.ts'

const BY_STREAM: ReadonlyMap<Stream, ReadonlyMap<string, Field>> = new Map(
  STREAMS.map((stream) => [stream, new Map(STREAM_FIELDS[stream].map((field) => [field.name, field]))]),
)

/** `undefined` if the stream has no field of this name. */
export const fieldOf = (stream: Stream, name: string): Field | undefined => BY_STREAM.get(stream)?.get(name)

/** Reads whichever stream the event is of; `undefined` if the types differ. */
function either(stream: Stream, one: Field, rest: Field): Field | undefined {
  const { name } = one
  if (one.type === 'string' && rest.type === 'string') {
    const [mine, others] = [one.read, rest.read]
    return { name, type: 'string', read: (event) => (event.stream === stream ? mine(event) : others(event)) }
  }
  if (one.type === 'bool' && rest.type === 'bool') {
    const [mine, others] = [one.read, rest.read]
    return { name, type: 'bool', read: (event) => (event.stream === stream ? mine(event) : others(event)) }
  }
  if (one.type === 'string' || one.type === 'bool' || rest.type === 'string' || rest.type === 'bool') return undefined
  if (one.type !== rest.type) return undefined
  const [mine, others] = [one.read, rest.read]
  return { name, type: one.type, read: (event) => (event.stream === stream ? mine(event) : others(event)) }
}

/**
 * A field of events of several streams: it reads whichever the event is of, and is absent where that stream has none.
 * Unresolved (E102) if no stream has it, or E103 if they have it with different types. `others`: what else might have been
 * meant, `let` names.
 */
export function fieldOfAny(
  streams: readonly Stream[],
  name: string,
  others: readonly string[] = [],
): Field | Unresolved {
  let found: Field | undefined
  for (const stream of streams) {
    const field = fieldOf(stream, name)
    if (field === undefined) continue
    const both = found === undefined ? field : either(stream, field, found)
    if (both === undefined)
      return { code: 'E103', message: `\`${name}\` has different types in the streams ${streams.join(', ')}` }
    found = both
  }
  return found ?? { code: 'E102', message: unknownName(name, streams, [...fieldNames(streams), ...others]) }
}

/** All fields that at least one of the streams has, without those of differing types. */
export function fieldsOf(streams: readonly Stream[]): ReadonlyMap<string, Field> {
  const fields = fieldNames(streams).map((name) => fieldOfAny(streams, name))
  return new Map(fields.flatMap((field) => ('read' in field ? [[field.name, field]] : [])))
}

/** As {@link fieldsOf}, names alone; each once. */
export const fieldNames = (streams: readonly Stream[]): readonly string[] => [
  ...new Set(streams.flatMap((stream) => STREAM_FIELDS[stream].map(({ name }) => name))),
]

/** Who else has it, else what it looks like. */
function unknownName(name: string, streams: readonly Stream[], known: readonly string[]): string {
  const here = `${streams.length === 1 ? 'the stream' : 'the streams'} ${streams.join(', ')}`
  const others = STREAMS.filter((stream) => fieldOf(stream, name) !== undefined)
  if (others.length > 0) return `\`${name}\` is a field of ${others.join(', ')}, but this reads ${here}`
  return `\`${name}\` is no field of ${here} and no \`let\` name${didYouMean(name, known)}`
}

/** Reads the field of the present event. */
export function expressionOf(field: Field): Expression {
  if (field.type === 'string') {
    const { type, read } = field
    return { type, read: (frame) => read(frame.event), ofEvent: read }
  }
  if (field.type === 'bool') {
    const { type, read } = field
    return { type, read: (frame) => read(frame.event), ofEvent: read }
  }
  const { type, read } = field
  return { type, read: (frame) => read(frame.event), ofEvent: read }
}
