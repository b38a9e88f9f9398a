import { createFifo, type Fifo } from './fifo.ts'
import type { Outgoing, Slot } from './port.ts'
import { createWaiters, type Waiters } from './receipts.ts'

/** Records of one slot, consecutive, that are sent together and again as the same bytes. */
export type Run = {
  readonly queue: SlotQueue
  readonly from: number
  readonly records: readonly Outgoing[]
  readonly bytes: number
  /** Sends so far, so above 0 the outcome is unknown. */
  attempts: number
  /** Sent by itself, to find out which record the broker refuses. */
  readonly isAlone: boolean
}
/** One slot's part of the writer's queue. Owned state, changed in place by its lanes. */
export type SlotQueue = {
  readonly slot: Slot
  readonly waiting: Fifo<Outgoing>
  waitingBytes: number
  /** When the oldest waiting record came, or since when it is wanted at once. */
  waitingSinceMs: number
  /** Runs that were rejected, in order; they go before anything that waits. */
  again: Run[]
  /** One of its runs is in flight: nothing else of the slot may leave, wherever its leader is now (rules W1, W3). */
  isBusy: boolean
  /** Places given so far; `settled` of them, the lowest, are dealt with. */
  pushed: number
  settled: number
  readonly waiters: Waiters
}

export const emptyQueue = (slot: Slot): SlotQueue => ({
  slot,
  waiting: createFifo(),
  waitingBytes: 0,
  waitingSinceMs: 0,
  again: [],
  isBusy: false,
  pushed: 0,
  settled: 0,
  waiters: createWaiters(slot),
})

/** Whether anything of it could be sent. */
export const hasWork = ({ waiting, again }: SlotQueue): boolean => waiting.length > 0 || again.length > 0

/** A part of a run, to be sent by itself. */
export function piece(run: Run, start: number, end: number): Run {
  const records = run.records.slice(start, end)
  let bytes = 0
  for (const record of records) bytes += sizeOf(record)
  return { ...run, from: run.from + start, records, bytes, isAlone: true }
}

/** About what a record takes on the wire before compression. */
export function sizeOf({ key, value, headers }: Outgoing): number {
  let size = 24 + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== undefined) for (const [name, content] of headers) size += 4 + name.length + content.length
  return size
}
