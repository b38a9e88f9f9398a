import type { Frame } from '../frame.ts'
import type { Machine } from '../machine.ts'

/** A machine, and how one aggregate's value is read from its state. */
export type Made = {
  /** With the identity of what feeds it and the window: what decides the state. */
  readonly share: string
  readonly machine: Machine
  readonly number: NumberRead
  readonly text: TextRead
}
export type NumberRead = { read(this: void, state: object, frame: Frame): number }
export type TextRead = { read(this: void, state: object, frame: Frame): string | undefined }

type Typed<State extends object> = {
  readonly share: string
  initial(this: void): State
  add(this: void, state: State, frame: Frame): void
  held(this: void, state: State): number
  number(this: void, state: State, frame: Frame): number
  text?(this: void, state: State, frame: Frame): string | undefined
}

/** Forgets the type of the state: whoever keeps it hands back what `initial` made. */
export function made<State extends object>(typed: Typed<State>): Made {
  const { share, initial, add, held, number, text = () => undefined } = typed
  const machine: ErasedMachine<State> = { initial, add, held }
  const asNumber: Read<State, number> = { read: number }
  const asText: Read<State, string | undefined> = { read: text }
  return { share, machine, number: asNumber, text: asText }
}

type ErasedMachine<State> = {
  initial(this: void): object
  add(this: void, state: State, frame: Frame): void
  held(this: void, state: State): number
}
type Read<State, Value> = { read(state: State, frame: Frame): Value }
