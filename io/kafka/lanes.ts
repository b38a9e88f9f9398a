import type { Offset, Outgoing, Slot, WriterOptions } from './port.ts'
import type { Receipt } from './receipts.ts'
import { emptyQueue, hasWork, piece, sizeOf, type Run, type SlotQueue } from './slot-queue.ts'

/*
 * The writer's queue as data and functions without a broker or a clock of its own. A lane is all slots that one broker leads.
 * Owned state, changed in place: copying it for every record would cost more than sending the record.
 */

export type Batch = { readonly leader: number; readonly runs: readonly Run[] }
export type Counts = { readonly unsent: number; readonly unknown: number }
type Bounds = Pick<WriterOptions, 'lingerMs' | 'maxBatchRecords' | 'maxBatchBytes'>

/** One send keeps the event loop this busy at most, whatever the number of partitions. */
const MAX_SEND_RECORDS = 1500

/** All that a writer has accepted and the log has not. */
export class Lanes {
  readonly #bounds: Bounds
  readonly #queues = new Map<string, (SlotQueue | undefined)[]>()
  readonly #all: SlotQueue[] = []
  #leaders = new Map<string, readonly (number | undefined)[]>()
  #turn = 0
  #records = 0
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Records that are queued or in flight. */
  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `first`: the slot had nothing waiting; `full`: a whole batch waits; both ask for a look at the lanes. */
  push(record: Outgoing, nowMs: () => number): 'first' | 'full' | 'more' {
    const queue = this.#queue(record.topic, record.partition)
    const size = sizeOf(record)
    queue.waiting.push(record)
    queue.waitingBytes += size
    queue.pushed += 1
    this.#records += 1
    this.#bytes += size
    if (queue.waiting.length === 1) {
      queue.waitingSinceMs = nowMs()
      return 'first'
    }
    return this.#isFull(queue) ? 'full' : 'more'
  }

  /** Promises a receipt the next `count` records of a slot; call it before they are pushed. */
  expect({ ticket }: Receipt, slot: Slot, count: number): void {
    const { waiters, pushed } = this.#queue(slot.topic, slot.partition)
    waiters.add(ticket, pushed, pushed + count)
  }

  /** Promises a receipt all that was pushed so far; `false` if nothing is outstanding. */
  expectAll({ ticket }: Receipt): boolean {
    const busy = this.#all.filter((queue) => queue.settled < queue.pushed)
    for (const queue of busy) queue.waiters.add(ticket, queue.settled, queue.pushed)
    return busy.length > 0
  }

  /** Lets what waits leave without lingering. */
  hurry(): void {
    for (const queue of this.#all) queue.waitingSinceMs = -Infinity
  }

  setLeaders(topic: string, leaders: readonly (number | undefined)[]): void {
    this.#leaders.set(topic, leaders)
  }

  forgetLeaders(): void {
    this.#leaders = new Map()
  }

  /** Topics with something to send to a slot whose leader is not known. */
  homeless(): readonly string[] {
    const found = new Set<string>()
    for (const queue of this.#all)
      if (hasWork(queue) && this.#leaderOf(queue) === undefined) found.add(queue.slot.topic)
    return [...found]
  }

  leaders(): readonly number[] {
    const found = new Set<number>()
    for (const queue of this.#all) {
      const leader = hasWork(queue) ? this.#leaderOf(queue) : undefined
      if (leader !== undefined) found.add(leader)
    }
    return [...found]
  }

  /** When something of these lanes is due first; `undefined`: nothing waits. */
  dueAtMs(isFree: (leader: number) => boolean): number | undefined {
    let due: number | undefined
    for (const queue of this.#all) {
      const leader = this.#leaderOf(queue)
      if (queue.isBusy || !hasWork(queue) || leader === undefined || !isFree(leader)) continue
      const at = this.#dueAtMs(queue)
      if (due === undefined || at < due) due = at
    }
    return due
  }

  /** The next send to a leader, whose lane must be free; `undefined` if nothing is due. Others of the lane go with it. */
  take(leader: number, nowMs: number): Batch | undefined {
    const free = this.#rotated().filter((queue) => !queue.isBusy && hasWork(queue) && this.#leaderOf(queue) === leader)
    if (!free.some((queue) => this.#dueAtMs(queue) <= nowMs)) return undefined
    const alone = free.find(({ again }) => again[0]?.isAlone === true)
    const runs: Run[] = []
    let room = MAX_SEND_RECORDS
    for (const queue of alone === undefined ? free : [alone]) {
      if (room <= 0) break
      const run = queue.again.shift() ?? this.#cut(queue, room)
      run.attempts += 1
      queue.isBusy = true
      room -= run.records.length
      runs.push(run)
    }
    return { leader, runs }
  }

  /** A run stands in the log from `first` on; without an offset it went to the dead letters instead. */
  settle(run: Run, first: Offset | undefined): void {
    const { queue, from, records, bytes } = run
    queue.isBusy = false
    queue.settled = Math.max(queue.settled, from + records.length)
    this.#records -= records.length
    this.#bytes -= bytes
    queue.waiters.settle(from, from + records.length, first)
  }

  /** Puts a rejected batch back before everything else of its slots. */
  putBack(batch: Batch): void {
    for (const run of batch.runs) this.#return([run])
  }

  /**
   * Puts a batch back in smaller parts, to be sent by themselves, because a record of it is refused. Answers that record once
   * nothing is left to part; its run stays in flight until it is settled.
   */
  part(batch: Batch): Run | undefined {
    const [run] = batch.runs
    if (batch.runs.length > 1 || run === undefined) {
      for (const one of batch.runs) this.#return([{ ...one, isAlone: true }])
      return undefined
    }
    const half = Math.ceil(run.records.length / 2)
    if (half === run.records.length) return run
    this.#return([piece(run, 0, half), piece(run, half, run.records.length)])
    return undefined
  }

  /** Gives up a topic: its callers are told, its records are dropped. What is in flight is left to its own answer. */
  dropTopic(topic: string, error: Error): Counts {
    const dropped = { unsent: 0, unknown: 0 }
    for (const queue of this.#queues.get(topic) ?? []) {
      if (queue === undefined) continue
      for (const run of queue.again) {
        dropped.unknown += run.records.length
        this.#bytes -= run.bytes
      }
      dropped.unsent += queue.waiting.length
      this.#bytes -= queue.waitingBytes
      queue.again = []
      queue.waiting.take(queue.waiting.length)
      queue.waitingBytes = 0
      queue.settled = queue.pushed
      queue.waiters.reject(error)
    }
    this.#records -= dropped.unsent + dropped.unknown
    return dropped
  }

  /** What would be lost if the writer ended now, batches in flight not included. */
  remaining(): Counts {
    let unsent = 0
    let unknown = 0
    for (const { waiting, again } of this.#all) {
      unsent += waiting.length
      for (const { attempts, records } of again)
        if (attempts > 0) unknown += records.length
        else unsent += records.length
    }
    return { unsent, unknown }
  }

  rejectAll(error: Error): void {
    for (const { waiters } of this.#all) waiters.reject(error)
  }

  #queue(topic: string, partition: number): SlotQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) this.#queues.set(topic, (queues = []))
    let queue = queues[partition]
    if (queue === undefined) {
      queue = emptyQueue({ topic, partition })
      queues[partition] = queue
      this.#all.push(queue)
    }
    return queue
  }

  #leaderOf({ slot: { topic, partition } }: SlotQueue): number | undefined {
    return this.#leaders.get(topic)?.[partition]
  }

  #isFull({ waiting, waitingBytes }: SlotQueue): boolean {
    return waiting.length >= this.#bounds.maxBatchRecords || waitingBytes >= this.#bounds.maxBatchBytes
  }

  #dueAtMs(queue: SlotQueue): number {
    return queue.again.length > 0 || this.#isFull(queue) ? -Infinity : queue.waitingSinceMs + this.#bounds.lingerMs
  }

  /** Each send starts with another slot, so that none starves where a send has no room for all. */
  #rotated(): readonly SlotQueue[] {
    this.#turn = (this.#turn + 1) % Math.max(1, this.#all.length)
    return this.#turn === 0 ? this.#all : [...this.#all.slice(this.#turn), ...this.#all.slice(0, this.#turn)]
  }

  #cut(queue: SlotQueue, room: number): Run {
    const most = Math.min(this.#bounds.maxBatchRecords, room, queue.waiting.length)
    const from = queue.pushed - queue.waiting.length
    let count = 0
    let bytes = 0
    for (; count < most; count++) {
      const record = queue.waiting.at(count)
      const size = record === undefined ? 0 : sizeOf(record)
      if (count > 0 && bytes + size > this.#bounds.maxBatchBytes) break
      bytes += size
    }
    queue.waitingBytes -= bytes
    return { queue, from, records: queue.waiting.take(count), bytes, attempts: 0, isAlone: false }
  }

  #return(runs: readonly Run[]): void {
    for (const run of runs.toReversed()) {
      run.queue.isBusy = false
      run.queue.again.unshift(run)
    }
  }
}
