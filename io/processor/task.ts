import { stepOnce, type Logged, type Origin, type Output, type Processor, type Tally } from '../../core/processor.ts'
import type { Micros } from '../../core/time.ts'
import {
  slotName,
  type Incoming,
  type Offset,
  type Outgoing,
  type Ranges,
  type Slot,
  type Stored,
} from '../kafka/port.ts'
import { checkPosition, type Tail } from '../kafka/tail.ts'
import { checkPassed, isReplaying, mustSend, scanOwnSlot, type Own, type OwnSlot } from './own-slot.ts'
import { packState, unpackState, type Snapshot } from './snapshot.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { warmUp } from './warm-up.ts'

/** A record as the processor reads it, or why nobody ever will. */
export type Read<In> = Logged<In> | { readonly fault: string }

export type TaskDeps<State, In, Out> = {
  readonly processor: Processor<State, In, Out>
  readonly ranges: Pick<Ranges, 'bounds' | 'read' | 'atTime'>
  readonly append: (records: readonly Outgoing[]) => Promise<readonly Stored[]>
  readonly snapshots: SnapshotStore
  /** Reads a batch, one answer per record. Waits while a schema is unknown; `undefined`: the slot was lost meanwhile. */
  readonly read: (
    slot: Slot,
    records: readonly Incoming[],
    alive: () => Promise<boolean>,
  ) => Promise<readonly Read<In>[] | undefined>
  readonly timeOf: (record: Logged<In>) => Micros
  /** Whether a record carries the configuration, without which the processor leaves things out; absent: it needs none. */
  readonly configures?: (record: Logged<In>) => boolean
  readonly encode: (output: Output<Out>) => Buffer
  /** The origins of what stands on an output topic, one answer per record; `undefined`: it has none that can be read. */
  readonly origins: (topic: string, records: readonly Incoming[]) => Promise<readonly (Origin | undefined)[]>
  /** By output topic: its number of partitions. */
  readonly partitions: (topic: string) => number
  readonly failpoint: (name: string) => void
  /** Counts of this process: outcomes, what steps count, `fault`, `emitted`, `suppressed`. */
  readonly tally: Tally
}

/** One processor on one input partition, from its assignment to its end. */
export type Task<State> = {
  readonly slot: Slot
  state: State
  /** First input offset that is not in the state. */
  next: Offset
  tail: Tail | undefined
  /** Whether outputs stand on the log that it has not made again yet. */
  isReplaying: boolean
  /** By output topic. */
  readonly slots: ReadonlyMap<string, OwnSlot>
  /** By output topic: where a scan must begin, as far as outputs are acknowledged. */
  readonly positions: Map<string, Offset>
  /** Outputs that were sent, in order; settles when they and all before are acknowledged and noted. */
  acknowledged: Promise<void>
  /** Outputs sent and not acknowledged. */
  pending: number
  /** Why an output was given up by the writer. Nothing may be sent after it: what stands on the log has no holes (rule S1). */
  failure: Error | undefined
}

/** What a restore found, for logs and metrics. */
export type Restored<State> = {
  readonly task: Task<State>
  readonly from: 'snapshot' | 'other code' | 'nothing'
  readonly scanned: number
}

/**
 * Restores a task: the newest snapshot of this code, else the state built anew from a horizon before the snapshot's position, and
 * further back to the configuration in force (without any snapshot from the first record), outputs held back until those that stand on the log are passed.
 *
 * Throws LOG_CHANGED, LOG_TRIMMED and DIVERGED, which only an operator can mend.
 */
export async function restoreTask<State, In, Out>(
  deps: TaskDeps<State, In, Out>,
  slot: Slot,
): Promise<Restored<State>> {
  const { processor, ranges, snapshots } = deps
  const { name, codeVersion, outputs } = processor
  const own: Own = { processor: name, version: codeVersion, partition: slot.partition }
  const [found, { first }] = await Promise.all([snapshots.load(slot.partition), ranges.bounds(slot)])
  if (found !== undefined) await checkPosition(ranges, `${name} on ${slotName(slot)}`, slot, found.next, found.tail)
  const next = found?.next ?? first
  const restored = found?.codeVersion === codeVersion ? unpackState(found.state) : undefined
  const warmed = found === undefined || restored !== undefined ? undefined : await warmUp(deps, slot, next)
  // Where retention took what the state was made of, it is built from fewer records than the outputs were.
  const isCompared =
    restored !== undefined || (warmed === undefined ? first === 0 : warmed.reaches && warmed.configured)
  const slots = await Promise.all(
    outputs.map(async (topic) => {
      const output = { topic, partition: slot.partition % deps.partitions(topic) }
      const scan = { from: found?.positions.get(topic), next, isCompared }
      const one = await scanOwnSlot(ranges, own, output, scan, (records) => deps.origins(topic, records))
      deps.failpoint('task.in_scan')
      return [topic, one] as const
    }),
  )
  const task: Task<State> = {
    slot,
    state: restored ?? warmed?.state ?? processor.initial(),
    next,
    tail: found?.tail,
    isReplaying: slots.some(([, one]) => isReplaying(one)),
    slots: new Map(slots),
    positions: new Map(found?.positions),
    acknowledged: Promise.resolve(),
    pending: 0,
    failure: undefined,
  }
  const scanned = slots.reduce((sum, [, one]) => sum + one.scanned.length, 0)
  raisePositions(task)
  const from = restored !== undefined ? 'snapshot' : warmed === undefined ? 'nothing' : 'other code'
  return { task, from, scanned }
}

/** A partition in which no output stands that is still to be made need not be scanned again up to where it ended. */
function raisePositions<State>({ slots, positions }: Task<State>): void {
  for (const [topic, own] of slots)
    if (!isReplaying(own)) positions.set(topic, Math.max(positions.get(topic) ?? 0, own.end))
}

/** Takes one input record that could be read; pushes what must be sent. Throws what a step throws, and DIVERGED. */
export function stepTask<State, In, Out>(
  deps: Pick<TaskDeps<State, In, Out>, 'processor' | 'encode' | 'tally'>,
  task: Task<State>,
  record: Logged<In>,
  sends: Outgoing[],
): void {
  const { processor, encode, tally } = deps
  stepOnce(
    processor,
    task.state,
    record,
    (output) => {
      const own = task.slots.get(output.topic)
      if (own === undefined) throw new TypeError(`${processor.name} does not name its output ${output.topic}`)
      const value = encode(output)
      if (!mustSend(own, output.origin, value)) {
        countIn(tally, 'suppressed')
        return
      }
      countIn(tally, 'emitted')
      sends.push({
        ...own.slot,
        key: Buffer.from(output.key),
        value,
        timestampMs: Math.floor(output.time / 1000),
      })
    },
    tally,
  )
}

export const countIn = (tally: Tally, what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1)

/** Notes that a record is in the state, read or not. Throws DIVERGED if its outputs stand on the log and were not made. */
export function passRecord<State>(task: Task<State>, version: number, record: Incoming): void {
  task.next = record.offset + 1
  if (!task.isReplaying) return
  for (const own of task.slots.values()) checkPassed(own, record.offset, version)
  task.isReplaying = [...task.slots.values()].some(isReplaying)
  if (!task.isReplaying) raisePositions(task)
}

/** Sends outputs; their acknowledgements are noted in the order of sending. Throws why an earlier one was given up. */
export function send<State>(
  deps: Pick<TaskDeps<State, unknown, unknown>, 'append'>,
  task: Task<State>,
  sends: readonly Outgoing[],
): void {
  if (task.failure !== undefined) throw task.failure
  if (sends.length === 0) return
  task.pending += sends.length
  const stored = deps.append(sends)
  const before = task.acknowledged
  task.acknowledged = (async () => {
    await before
    for (const { topic, first, count } of await stored)
      task.positions.set(topic, Math.max(task.positions.get(topic) ?? 0, first + count))
    task.pending -= sends.length
  })()
  // Known at once, though the one before may still be on its way; and whoever needs to know awaits `acknowledged`, so that
  // until then a failure is no unhandled one.
  stored.catch((error: unknown) => (task.failure ??= error instanceof Error ? error : new Error(String(error))))
  task.acknowledged.catch(() => undefined)
}

/**
 * A snapshot of what the state holds now, once every output of it is acknowledged (rule S2): the bytes are taken at once, so
 * that the task may go on meanwhile.
 */
export async function snapshotOf<State>(task: Task<State>, codeVersion: number): Promise<Snapshot> {
  const { next, tail } = task
  const state = packState(task.state)
  await task.acknowledged
  return { codeVersion, next, tail, positions: new Map(task.positions), state }
}
