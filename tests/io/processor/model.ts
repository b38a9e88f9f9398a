import { siftOrigins } from '../../../core/origin-sieve.ts'
import { fold } from '../../../core/processor.ts'
import { micros } from '../../../core/time.ts'
import type { Incoming, Outgoing, Stored } from '../../../io/kafka/port.ts'
import { packState, type Snapshot } from '../../../io/processor/snapshot.ts'
import {
  passRecord,
  restoreTask,
  send,
  snapshotOf,
  stepTask,
  type Task,
  type TaskDeps,
} from '../../../io/processor/task.ts'
import { tailOf } from '../../../io/kafka/tail.ts'
import { memoryLog, type MemoryLog } from './memory-log.ts'
import { TOY, encodeToy, readToy, toyOrigins, type ToyState } from './toy.ts'

/** What a broken twin does otherwise. */
export type Twin =
  | 'none'
  | 'snapshot before acknowledgement'
  | 'two batches in flight'
  | 'failed batch skipped'
  | 'no scan'

export type Outcome = { readonly equal: boolean; readonly processes: number; readonly repeats: number }

const INPUT = { topic: TOY.input, partition: 0 }
const OUTPUTS = TOY.outputs.map((topic) => ({ topic, partition: 0 }))

/** A request on its way to the broker: of one process, for one slot. It may arrive late, or after its process died, or never. */
type Request = {
  readonly records: readonly Outgoing[]
  readonly resolve: (stored: readonly Stored[]) => void
  readonly reject: (error: Error) => void
}
/** `paused`: stopped by SIGSTOP; it wakes where it was, without knowing. */
type Process = { task: Task<ToyState>; readonly lanes: Map<string, Request[]>; paused: boolean; readonly deps: Deps }
type Deps = TaskDeps<ToyState, number, number>

/**
 * One history of a processor (reliability.md section 3): processes start, are killed, paused and woken, requests are delayed,
 * lost or answered never, snapshots are stale. Everything is decided by `random`; the code under test is `io/processor/task.ts`.
 */
export async function runHistory(random: () => number, twin: Twin, records = 200): Promise<Outcome> {
  const log = memoryLog()
  for (let offset = 0; offset < records; offset++)
    log.append([
      { ...INPUT, key: Buffer.from('n'), value: Buffer.from(String(Math.floor(random() * 1000))), timestampMs: offset },
    ])
  const chance = (p: number): boolean => random() < p
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  const snapshots: Snapshot[] = []
  const processes = new Set<Process>()
  const orphans: Request[] = []
  let started = 0

  async function start(): Promise<void> {
    started += 1
    const lanes = new Map<string, Request[]>()
    const deps: Deps = {
      processor: TOY,
      ranges: twin === 'no scan' ? blindTo(log) : log,
      append: (outgoing) => enqueue(lanes, outgoing),
      // A stale one now and then: a zombie's may be the last that was written.
      snapshots: { load: async () => (chance(0.2) ? pick(snapshots) : snapshots.at(-1)), save: async () => undefined },
      read: readToy,
      timeOf: ({ timestampMs }) => micros(timestampMs * 1000),
      encode: encodeToy,
      origins: toyOrigins,
      partitions: () => 1,
      failpoint: () => undefined,
      tally: new Map(),
    }
    const { task } = await restoreTask(deps, INPUT)
    processes.add({ task, lanes, paused: false, deps })
  }

  /** One request per record and slot keeps the model small; a slot's requests leave in order, one in flight (rule S1). */
  function enqueue(lanes: Map<string, Request[]>, outgoing: readonly Outgoing[]): Promise<readonly Stored[]> {
    return Promise.all(
      outgoing.map(
        (record) =>
          new Promise<readonly Stored[]>((resolve, reject) => {
            const lane = lanes.get(record.topic) ?? []
            lanes.set(record.topic, lane)
            lane.push({ records: [record], resolve, reject })
          }),
      ),
    ).then((all) => all.flat())
  }

  /** The broker takes a request of a living process; the answer may get lost, then it is sent again: a repeat. */
  async function deliver({ lanes }: Process): Promise<void> {
    const lane = pick([...lanes.values()].filter((one) => one.length > 0))
    if (lane === undefined) return
    const index = twin === 'two batches in flight' && lane.length > 1 && chance(0.5) ? 1 : 0
    const [request] = lane.slice(index, index + 1)
    if (request === undefined) return
    if (twin === 'failed batch skipped' && chance(0.05)) {
      lane.splice(index, 1)
      request.resolve([])
    } else {
      const stored = log.append(request.records)
      if (!chance(0.1)) {
        lane.splice(index, 1)
        request.resolve(stored)
      }
    }
    await settle()
  }

  /** What a dead process had in flight may still arrive, much later. */
  function kill(process: Process): void {
    processes.delete(process)
    for (const lane of process.lanes.values()) {
      const [first] = lane
      if (first !== undefined && chance(0.5)) orphans.push(first)
    }
  }

  async function take(process: Process): Promise<void> {
    const { task, deps } = process
    const batch: readonly Incoming[] = log.records(INPUT).slice(task.next, task.next + 1 + Math.floor(random() * 8))
    const sends: Outgoing[] = []
    for (const [index, read] of (await readToy(INPUT, batch)).entries()) {
      const record = batch[index]
      if (record === undefined || 'fault' in read) continue
      stepTask(deps, task, read, sends)
      passRecord(task, TOY.codeVersion, record)
      task.tail = tailOf(record)
    }
    send(deps, task, sends)
  }

  function save({ task }: Process): void {
    if (twin === 'snapshot before acknowledgement') {
      const { next, tail, positions, state } = task
      snapshots.push({
        codeVersion: TOY.codeVersion,
        next,
        tail,
        positions: new Map(positions),
        state: packState(state),
      })
    } else
      void snapshotOf(task, TOY.codeVersion).then(
        (snapshot) => snapshots.push(snapshot),
        () => undefined,
      )
  }

  const isDone = (): boolean =>
    [...processes].some(
      ({ task, lanes, paused }) =>
        !paused && task.next === records && [...lanes.values()].every((lane) => lane.length === 0),
    )
  while (!isDone()) {
    const awake = [...processes].filter(({ paused }) => !paused)
    // A paused one is taken for dead by the group: another begins beside it.
    if (awake.length === 0) await start()
    const process = pick(awake)
    const orphan = chance(0.1) ? orphans.shift() : undefined
    if (orphan !== undefined) log.append(orphan.records)
    if (process === undefined) continue
    const dice = random()
    if (dice < 0.3) await take(process)
    else if (dice < 0.8) await deliver(process)
    else if (dice < 0.88) save(process)
    else if (dice < 0.93) kill(process)
    else if (dice < 0.96) process.paused = true
    else for (const one of processes) one.paused = false
    await settle()
  }
  for (const orphan of orphans) log.append(orphan.records)
  return judge(log, started)
}

/** Whether each output slot, repeats dropped, holds the bytes of an undisturbed run. */
function judge(log: MemoryLog, processes: number): Outcome {
  const inputs = log.records(INPUT).map(({ offset, timestampMs, value }) => ({
    partition: INPUT.partition,
    offset,
    timestampMs,
    value: Number(String(value)),
  }))
  const { outputs } = fold(TOY, inputs)
  let repeats = 0
  const equal = OUTPUTS.every((slot) => {
    const items = log
      .records(slot)
      .map(({ value }) => ({ origin: JSON.parse(String(value)).origin, text: String(value) }))
    const sifted = siftOrigins(new Map(), items)
    repeats += sifted.repeats
    const wanted = outputs.filter(({ topic }) => topic === slot.topic).map((output) => String(encodeToy(output)))
    return JSON.stringify(sifted.fresh.map(({ text }) => text)) === JSON.stringify(wanted)
  })
  return { equal, processes, repeats }
}

/** A twin's eyes: output slots look empty. */
const blindTo = (log: MemoryLog): Deps['ranges'] => ({
  ...log,
  bounds: async (slot) => (slot.topic === INPUT.topic ? log.bounds(slot) : { first: 0, end: log.records(slot).length }),
  read: (slot, from, to) => (slot.topic === INPUT.topic ? log.read(slot, from, to) : log.read(slot, to, to)),
})

/** Lets everything that is resolved run on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve()
}
