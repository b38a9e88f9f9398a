import type { RuleEvent } from '../events.ts'
import type { Field } from '../field.ts'
import type { Expression, Frame, NumberType, Taken, Value } from '../frame.ts'

/** Reads a value of something that an expression finds first. */
type Reader<X> =
  | { readonly type: NumberType; readonly read: (of: X) => number }
  | { readonly type: 'string'; readonly read: (of: X) => string | undefined }
  | { readonly type: 'bool'; readonly read: (of: X) => boolean | undefined }

/** What is read of one event that a step took. */
export type OfTaken = Reader<Taken>

export function ofField(field: Field): Reader<{ readonly event: RuleEvent }> {
  if (field.type === 'string') return { type: field.type, read: ({ event }) => field.read(event) }
  if (field.type === 'bool') return { type: field.type, read: ({ event }) => field.read(event) }
  return { type: field.type, read: ({ event }) => field.read(event) }
}

/** The value of a `let` when the step took its event. */
export function ofCaptured({ type }: Expression, place: number): OfTaken {
  const at = ({ captured }: Taken): Value => captured[place]
  if (type === 'string')
    return {
      type,
      read: (taken) => {
        const value = at(taken)
        return typeof value === 'string' ? value : undefined
      },
    }
  if (type === 'bool')
    return {
      type,
      read: (taken) => {
        const value = at(taken)
        return typeof value === 'boolean' ? value : undefined
      },
    }
  return {
    type,
    read: (taken) => {
      const value = at(taken)
      return typeof value === 'number' ? value : NaN
    },
  }
}

/** Read of what `pick` finds, absent if it finds nothing. */
export function picked<X>(reader: Reader<X>, pick: (frame: Frame) => X | undefined): Expression {
  if (reader.type === 'string' || reader.type === 'bool') {
    const found =
      <T>(read: (of: X) => T | undefined) =>
      (frame: Frame): T | undefined => {
        const one = pick(frame)
        return one === undefined ? undefined : read(one)
      }
    return reader.type === 'string'
      ? { type: reader.type, read: found(reader.read) }
      : { type: reader.type, read: found(reader.read) }
  }
  const { type, read } = reader
  return {
    type,
    read: (frame) => {
      const one = pick(frame)
      return one === undefined ? NaN : read(one)
    },
  }
}
