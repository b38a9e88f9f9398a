import type { Offset, Slot, Stored } from './port.ts'

/** Promised to one caller: everything it put into slots up to a place in each is acknowledged. */
export type Receipt = { readonly done: Promise<readonly Stored[]>; readonly ticket: Ticket }
type Ticket = {
  open: number
  readonly stored: Stored[]
  readonly resolve: (stored: readonly Stored[]) => void
  readonly reject: (error: Error) => void
}

/** Which callers wait for a slot. Places count what was pushed into the slot since the writer was opened. */
export type Waiters = {
  /** The ticket waits for the places `from` up to `to`, excluded. Tickets of a slot must come in the order of `to`. */
  add(ticket: Ticket, from: number, to: number): void
  /** Places `from` up to `to` are dealt with; with an offset they stand in the log there, without one they do not. */
  settle(from: number, to: number, first: Offset | undefined): void
  reject(error: Error): void
}

export function createReceipt(): Receipt {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Stored[]>()
  return { done: promise, ticket: { open: 0, stored: [], resolve, reject } }
}

export function createWaiters(slot: Slot): Waiters {
  let waiting: { readonly ticket: Ticket; readonly from: number; readonly to: number }[] = []
  return {
    add(ticket, from, to) {
      ticket.open += 1
      waiting.push({ ticket, from, to })
    },
    settle(from, to, first) {
      let finished = 0
      for (const one of waiting) {
        const start = Math.max(from, one.from)
        const count = Math.min(to, one.to) - start
        if (count <= 0 && one.to > to) break
        if (count > 0 && first !== undefined) note(one.ticket, slot, first + start - from, count)
        if (one.to > to) continue
        finished += 1
        one.ticket.open -= 1
        if (one.ticket.open === 0) one.ticket.resolve(one.ticket.stored)
      }
      if (finished > 0) waiting = waiting.slice(finished)
    },
    reject(error) {
      for (const { ticket } of waiting) ticket.reject(error)
      waiting = []
    },
  }
}

/** A run that follows on the one before is told as one. */
function note({ stored }: Ticket, slot: Slot, first: Offset, count: number): void {
  const last = stored.at(-1)
  if (last?.topic === slot.topic && last.partition === slot.partition && last.first + last.count === first)
    stored[stored.length - 1] = { ...last, count: last.count + count }
  else stored.push({ topic: slot.topic, partition: slot.partition, first, count })
}
