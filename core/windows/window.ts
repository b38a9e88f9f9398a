import { micros, type Micros } from '../time.ts'

/** What a window is told: that T has come to `now` (a heartbeat does), and what came with it, if anything. T never goes back. */
export type Told<X> = {
  readonly now: Micros
  readonly event: { readonly at: Micros; readonly value: X } | undefined
}

/** A window's sum: start included, end excluded. Windows that nothing fell into are not written. */
export type Window<Acc> = { readonly start: Micros; readonly end: Micros; readonly value: Acc }

/** The greatest multiple of `step` since the epoch that is not after `at`. */
export const floorTo = (at: number, step: number): number => at - (at % step)

export const window = <Acc>(start: number, end: number, value: Acc): Window<Acc> => ({
  start: micros(Math.max(0, start)),
  end: micros(end),
  value,
})

/** Throws RangeError unless a length is a positive whole number of microseconds. */
export function checkLength(name: string, length: number): void {
  if (!Number.isSafeInteger(length) || length <= 0) throw new RangeError(`${name}: no length of time ${length}`)
}
