import type { BoolExpression, Frame, NumberType } from './frame.ts'
import type { Stream } from './events.ts'

/**
 * One aggregate's arithmetic over one window, per key (rules.md sections 4 and 7). Several aggregates may share one: mean, sd
 * and count of the same values over the same window are one machine with three readers. State is plain data, owned and
 * changed in place. T (`frame.now`) never goes back.
 */
export type Machine = {
  initial(): object
  /**
   * Takes the present event, which passed the filters; one whose values are absent changes nothing. The machine evaluates its
   * own `of`, so that numbers are not boxed on the way.
   */
  add(state: object, frame: Frame): void
  /** Bytes that a key's state takes now, counted as its bound is ({@link Source.bytes}); O(1). */
  held(state: object): number
}

/**
 * The value at `frame.now`, absent as in frame.ts; windows that closed meanwhile are closed by the reading. With lag 1
 * without the present event, if it was added already (the state remembers the stamp): the window's end is the same.
 */
export type Reader =
  | { readonly type: NumberType; read(state: object, frame: Frame): number }
  | { readonly type: 'string'; read(state: object, frame: Frame): string | undefined }

/** What is fed into a machine. Sources of one id are the same, whatever rule they stand in: one state per key serves all. */
export type Source = {
  /** Canonical JSON of all that decides the state: streams, both `where`s, of, over, what of it is shared. */
  readonly id: string
  readonly streams: readonly Stream[]
  /** The rule's `where` and the aggregate's; `undefined`: all. */
  readonly where: BoolExpression | undefined
  readonly machine: Machine
  /** The bound of rules.md section 11 for one key, in bytes. */
  readonly bytes: number
  /** How far back the state depends on the log, in microseconds. */
  readonly depthMicros: number
}
