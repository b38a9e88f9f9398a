import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { PipelineError } from '../../core/errors.ts'
import type { Letter } from '../dead-letters.ts'
import { settledWithin } from '../kafka/backoff.ts'
import { slotName, type Incoming, type Offset, type Outgoing, type Slot, type Stage } from '../kafka/port.ts'
import { tailOf } from '../kafka/tail.ts'
import type { Log } from '../log.ts'
import { crashReport } from './crash-report.ts'
import { openSaver, type Saver } from './saver.ts'
import { countIn, passRecord, restoreTask, send, stepTask, type Read, type Task, type TaskDeps } from './task.ts'

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
  readonly sliceRecords?: number
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
/** What a stop may take of the ten seconds that a process has for it; whatever was not saved is replayed. */
const STOP_MS = 3000

type Run<State> = {
  task: Task<State> | undefined
  stopped: string | undefined
  isRestoring: boolean
  /** The call of the stage that is under way. */
  busy: Promise<unknown>
  /** Of the newest batch: whether the slot is still ours. */
  alive: () => Promise<boolean>
  readonly saver: Saver<State>
}

/**
 * Runs a processor on the partitions of its input that the group gives this process: one task each, restored before its first
 * record, its outputs exactly once in effect by the protocol of reliability.md section 3, without Kafka transactions.
 */
export function createRunner<State, In, Out>(deps: RunnerDeps<State, In, Out>): Runner {
  const { processor, log, observer, failpoint, nowMs, sliceRecords = SLICE_RECORDS } = deps
  const runs = new Map<string, Run<State>>()
  const stopping = new AbortController()

  async function restore(slot: Slot, run: Run<State>): Promise<Task<State>> {
    const startedAt = nowMs()
    run.isRestoring = true
    try {
      const { task, from, scanned } = await restoreTask(deps, slot).catch(againIfTrimmed)
      failpoint('task.restored')
      run.task = task
      run.saver.begin(task)
      const tookMs = nowMs() - startedAt
      observer.restored(slot, from, tookMs)
      log.info({ slot: slotName(slot), next: task.next, from, scanned, tookMs }, 'task_restored')
      return task
    } finally {
      run.isRestoring = false
    }
  }

  /** A bug or an operator's matter: this task stops, the others go on, and readiness says so. */
  function giveUp(slot: Slot, run: Run<State>, error: unknown, record?: Incoming): void {
    // Of a life that is over: whoever has the slot now will find out by itself.
    if (runs.get(slotName(slot)) !== run) return
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

  /**
   * `lost`: stepped and not sent, or no longer ours, so the state may be ahead of the log; `left`: nothing was stepped, the
   * task is as it was.
   */
  async function advance(
    run: Run<State>,
    task: Task<State>,
    slice: readonly Incoming[],
  ): Promise<'done' | 'left' | 'lost'> {
    const { slot } = task
    const reads = await deps.read(slot, slice, async () => !stopping.signal.aborted && (await run.alive()))
    if (reads === undefined) return 'left'
    // Letters before the position moves: a crash between leaves a repeat there, the other order a loss.
    const letters = slice.flatMap((record, index) => {
      const read = reads[index]
      return read !== undefined && 'fault' in read ? [{ slot, record, error: read.fault }] : []
    })
    if (letters.length > 0) await deps.letters.put(letters)
    const place = task.isReplaying ? 'task.in_replay' : 'task.after_step'
    const startedAt = nowMs()
    const sends = step(run, task, slice, reads)
    observer.stepped(slot, slice.length, nowMs() - startedAt)
    failpoint(place)
    if (!(await run.alive())) return 'lost'
    send(deps, task, sends)
    failpoint('task.sent')
    if (task.pending > MOST_PENDING) await task.acknowledged
    return 'done'
  }

  async function handle(slot: Slot, run: Run<State>, records: readonly Incoming[]): Promise<Offset> {
    const first = records[0]?.offset ?? 0
    try {
      if (run.task === undefined) {
        // It stands where its snapshot does, which is seldom here: the log is to be read on from there.
        const { next } = await restore(slot, run)
        if (next !== first) return next
      }
      const { task } = run
      if (task === undefined) return first
      let at = records.findIndex(({ offset }) => offset >= task.next)
      while (at >= 0 && at < records.length && !stopping.signal.aborted && (await run.alive())) {
        const slice = records.slice(at, at + sliceRecords)
        const outcome = await advance(run, task, slice)
        if (outcome === 'lost') {
          run.task = undefined
          return first
        }
        if (outcome === 'left' || run.stopped !== undefined) break
        at += slice.length
        run.saver.saveIfDue(task, run.alive)
        await turnOfLoop()
      }
      return run.stopped === undefined ? task.next : first
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
        isRestoring: false,
        busy: Promise.resolve(),
        alive: async () => false,
        saver: openSaver(deps, slot),
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
      run.alive = async () => runs.get(slotName(slot)) === run && (await turn.alive())
      const handled = handle(slot, run, records)
      run.busy = handled.catch(() => undefined)
      return handled
    },

    released(slot) {
      runs.delete(slotName(slot))
    },

    problems: () =>
      [...runs].flatMap(([name, { stopped, isRestoring }]) =>
        stopped !== undefined ? [stopped] : isRestoring ? [`${processor.name} on ${name} is being restored`] : [],
      ),

    async stop() {
      stopping.abort()
      const finish = async (run: Run<State>): Promise<void> => {
        await run.busy
        if (run.task !== undefined && run.stopped === undefined) await run.saver.finish(run.task, run.alive)
      }
      await settledWithin(STOP_MS, Promise.all([...runs.values()].map(finish)))
    },
  }
}

/** Retention may delete records between two requests of a restore; the next one finds the log as it is then. */
function againIfTrimmed(error: unknown): never {
  if (!(error instanceof PipelineError && error.code === 'OFFSET_OUT_OF_RANGE')) throw error
  throw new PipelineError(error.code, error.message, { cause: error, retriable: true })
}
