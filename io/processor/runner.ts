import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { PipelineError } from '../../core/errors.ts'
import type { Letter } from '../dead-letters.ts'
import { slotName, type Incoming, type Offset, type Outgoing, type Slot, type Stage, type Turn } from '../kafka/port.ts'
import { tailOf } from '../kafka/tail.ts'
import type { Log } from '../log.ts'
import { crashReport } from './crash-report.ts'
import { openSaver, type Saver } from './saver.ts'
import {
  countIn,
  isTaskReplaying,
  passRecord,
  restoreTask,
  send,
  stepTask,
  type Read,
  type Task,
  type TaskDeps,
} from './task.ts'

export type RunnerDeps<State, In, Out> = TaskDeps<State, In, Out> & {
  /** Keeps what cannot be read; resolves when it stands in the dead letters. */
  readonly letters: { put(letters: readonly Letter[]): Promise<void> }
  /** The group's offset, for lag tools. */
  readonly hint: (slot: Slot, next: Offset) => void
  readonly observer: RunnerObserver
  readonly log: Log
  readonly nowMs: () => number
  readonly snapshotEveryMs?: number
  readonly snapshotEveryRecords?: number
}

/** What a runner tells its owner; wired to metrics by `main.ts`. */
export type RunnerObserver = {
  restored(slot: Slot, from: string, tookMs: number): void
  stepped(slot: Slot, records: number, tookMs: number): void
  saved(slot: Slot, bytes: number, tookMs: number): void
  stopped(slot: Slot, error: unknown): void
}

export type Runner = Stage & {
  /** Why it is not ready: tasks that stopped for an operator or a bug. */
  problems(): readonly string[]
  /** Settles and saves every task; nothing is begun afterwards. */
  stop(): Promise<void>
}

/** Between two looks at the event loop. */
const SLICE_RECORDS = 1000
/** Outputs on their way; beyond it input waits. */
const MOST_PENDING = 20_000

type Run<State> = {
  task: Task<State> | undefined
  stopped: string | undefined
  /** The call of the stage that is under way. */
  busy: Promise<unknown>
  readonly saver: Saver<State>
}

/**
 * Runs a processor on the partitions of its input that the group gives this process: one task each, restored before its first
 * record, its outputs exactly once in effect by the protocol of reliability.md section 3, without Kafka transactions.
 */
export function createRunner<State, In, Out>(deps: RunnerDeps<State, In, Out>): Runner {
  const { processor, log, observer, failpoint, nowMs } = deps
  const runs = new Map<string, Run<State>>()
  const stopping = new AbortController()

  async function restore(slot: Slot, run: Run<State>): Promise<Task<State>> {
    const startedAt = nowMs()
    const { task, from, scanned } = await restoreTask(deps, slot)
    failpoint('task.restored')
    run.task = task
    run.saver.begin(task)
    const tookMs = nowMs() - startedAt
    observer.restored(slot, from, tookMs)
    log.info({ slot: slotName(slot), next: task.next, from, scanned, tookMs }, 'task_restored')
    return task
  }

  /** A bug or an operator's matter: this task stops, the others go on, and readiness says so. */
  function giveUp(slot: Slot, run: Run<State>, error: unknown, record?: Incoming): void {
    const code = error instanceof PipelineError ? `${error.code}: ` : ''
    const where = record === undefined ? slotName(slot) : `${slotName(slot)} at record ${record.offset}`
    run.stopped = `${processor.name} on ${where} stopped: ${code}${error instanceof Error ? error.message : String(error)}`
    observer.stopped(slot, error)
    log.error({ slot: slotName(slot), err: error, ...crashReport(record) }, 'task_stopped')
  }

  /** Steps records, collecting what to send. A record that the processor or its log stumbles over ends the task there. */
  function step(
    run: Run<State>,
    task: Task<State>,
    records: readonly Incoming[],
    reads: readonly Read<In>[],
  ): Outgoing[] {
    const sends: Outgoing[] = []
    for (const [index, record] of records.entries()) {
      const before = sends.length
      const read = reads[index]
      try {
        if (read === undefined || 'fault' in read) countIn(deps.tally, 'fault')
        else stepTask(deps, task, read, sends)
        passRecord(task, processor.codeVersion, record)
      } catch (error) {
        giveUp(task.slot, run, error, record)
        return sends.slice(0, before)
      }
    }
    const last = records.at(-1)
    if (last !== undefined) task.tail = tailOf(last)
    return sends
  }

  /** Whether the task may go on; `false` after a loss of the slot, of the log, or of the task itself. */
  async function advance(run: Run<State>, task: Task<State>, slice: readonly Incoming[], turn: Turn): Promise<boolean> {
    const { slot } = task
    const reads = await deps.read(slot, slice, () => turn.alive())
    if (reads === undefined) return false
    // Letters before the position moves: a crash between leaves a repeat there, the other order a loss.
    const letters = slice.flatMap((record, index) => {
      const read = reads[index]
      return read !== undefined && 'fault' in read ? [{ slot, record, error: read.fault }] : []
    })
    if (letters.length > 0) await deps.letters.put(letters)
    const startedAt = nowMs()
    const sends = step(run, task, slice, reads)
    observer.stepped(slot, slice.length, nowMs() - startedAt)
    failpoint(isTaskReplaying(task) ? 'task.in_replay' : 'task.after_step')
    if (!(await turn.alive())) return false
    send(deps, task, sends)
    failpoint('task.sent')
    if (task.pending > MOST_PENDING) await task.acknowledged
    return run.stopped === undefined
  }

  async function handle(slot: Slot, run: Run<State>, records: readonly Incoming[], turn: Turn): Promise<Offset> {
    const first = records[0]?.offset ?? 0
    const alive = async (): Promise<boolean> => runs.get(slotName(slot)) === run && (await turn.alive())
    try {
      const task = run.task ?? (await restore(slot, run))
      let left = records.filter(({ offset }) => offset >= task.next)
      while (left.length > 0 && !stopping.signal.aborted && (await alive())) {
        const slice = left.slice(0, SLICE_RECORDS)
        if (!(await advance(run, task, slice, { end: turn.end, alive }))) {
          // Stepped and not sent, or no longer ours: the state may be ahead of the log, so it is built anew from there.
          run.task = undefined
          return first
        }
        left = left.slice(slice.length)
        run.saver.saveIfDue(task, alive)
        await turnOfLoop()
      }
      return run.task === undefined ? first : task.next
    } catch (error) {
      run.task = undefined
      if (error instanceof PipelineError && error.retriable) throw error
      giveUp(slot, run, error)
      return first
    }
  }

  return {
    async assigned(slot) {
      const run: Run<State> = {
        task: undefined,
        stopped: undefined,
        busy: Promise.resolve(),
        saver: openSaver(deps, slot, () => (run.task = undefined)),
      }
      runs.set(slotName(slot), run)
      try {
        return (await restore(slot, run)).next
      } catch (error) {
        if (error instanceof PipelineError && error.retriable) throw error
        giveUp(slot, run, error)
        return (await deps.ranges.bounds(slot)).first
      }
    },

    async batch(slot, records, turn) {
      const run = runs.get(slotName(slot))
      if (run === undefined || run.stopped !== undefined || stopping.signal.aborted) return records[0]?.offset ?? 0
      const handled = handle(slot, run, records, turn)
      run.busy = handled.catch(() => undefined)
      return handled
    },

    released(slot) {
      runs.delete(slotName(slot))
    },

    problems: () => [...runs.values()].flatMap(({ stopped }) => stopped ?? []),

    async stop() {
      stopping.abort()
      for (const run of runs.values()) {
        await run.busy
        if (run.task !== undefined && run.stopped === undefined) await run.saver.finish(run.task)
      }
    },
  }
}
