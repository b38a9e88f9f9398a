import type { BoolExpression, Expression } from '../frame.ts'
import type { Reader } from '../machine.ts'

/** Reads the state in the slot; absent as long as the key has none. */
export function readerAt(slot: number, reader: Reader): Expression {
  if (reader.type === 'string')
    return {
      type: 'string',
      read: (frame) => {
        const state = frame.slots[slot]
        return state === undefined ? undefined : reader.read(state, frame)
      },
    }
  return {
    type: reader.type,
    read: (frame) => {
      const state = frame.slots[slot]
      return state === undefined ? NaN : reader.read(state, frame)
    },
  }
}

/** Both must hold; `undefined` is no condition. */
export const both = (one: BoolExpression | undefined, other: BoolExpression | undefined): BoolExpression | undefined =>
  one === undefined || other === undefined
    ? (one ?? other)
    : { type: 'bool', read: (frame) => one.read(frame) === true && other.read(frame) === true }
