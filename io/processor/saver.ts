import type { Processor } from '../../core/processor.ts'
import { slotName, type Offset, type Slot } from '../kafka/port.ts'
import type { Log } from '../log.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { snapshotOf, type Task } from './task.ts'

export type SaverDeps = {
  readonly processor: Pick<Processor<unknown, unknown, unknown>, 'codeVersion'>
  readonly snapshots: SnapshotStore
  readonly hint: (slot: Slot, next: Offset) => void
  readonly observer: { saved(slot: Slot, bytes: number, tookMs: number): void }
  readonly failpoint: (name: string) => void
  readonly log: Log
  readonly nowMs: () => number
  readonly snapshotEveryMs?: number
  readonly snapshotEveryRecords?: number
}

/** Writes a task's snapshots: outputs first, then the snapshot, then the group's offset (rules S2 and S3); one at a time. */
export type Saver<State> = {
  begin(task: Task<State>): void
  /** Each 10 s or 100,000 records; the task goes on meanwhile. `alive` says whether the slot is still ours. */
  saveIfDue(task: Task<State>, alive: () => Promise<boolean>): void
  /** The last one, at a graceful stop (rule S5). */
  finish(task: Task<State>, alive: () => Promise<boolean>): Promise<void>
}

const EVERY_MS = 10_000
const EVERY_RECORDS = 100_000

/**
 * While a replay is not over nothing is saved: that it made what stands on the log is what shows the state to be right. A
 * snapshot that fails is tried again when the next one is due; an output that fails ends the task (`Task.failure`).
 */
export function openSaver<State>(deps: SaverDeps, slot: Slot): Saver<State> {
  const { processor, snapshots, hint, observer, failpoint, log, nowMs } = deps
  const { snapshotEveryMs = EVERY_MS, snapshotEveryRecords = EVERY_RECORDS } = deps
  let savedAtMs = 0
  let savedNext = 0
  let saving: Promise<void> | undefined

  async function save(task: Task<State>, alive: () => Promise<boolean>): Promise<void> {
    const { next } = task
    const startedAt = nowMs()
    savedAtMs = startedAt
    savedNext = next
    try {
      const snapshot = await snapshotOf(task, processor.codeVersion)
      failpoint('task.acknowledged')
      const bytes = await snapshots.save(slot.partition, snapshot, alive)
      if (bytes === undefined) return
      failpoint('task.snapshot_written')
      observer.saved(slot, bytes, nowMs() - startedAt)
      hint(slot, next)
    } catch (error) {
      log.warn({ slot: slotName(slot), err: error }, 'snapshot_failed')
    }
  }

  return {
    begin(task) {
      savedAtMs = nowMs()
      savedNext = task.next
    },
    saveIfDue(task, alive) {
      const isDue = nowMs() - savedAtMs >= snapshotEveryMs || task.next - savedNext >= snapshotEveryRecords
      if (!isDue || saving !== undefined || task.isReplaying) return
      saving = save(task, alive).finally(() => (saving = undefined))
    },
    async finish(task, alive) {
      await saving
      if (task.next > savedNext && !task.isReplaying) await save(task, alive)
    },
  }
}
