import type { Processor } from '../../../core/processor.ts'
import { micros } from '../../../core/time.ts'
import type { Letter } from '../../../io/dead-letters.ts'
import type { Offset, Outgoing, Slot, Stored, Turn } from '../../../io/kafka/port.ts'
import { createRunner, type Runner, type RunnerDeps } from '../../../io/processor/runner.ts'
import { openSnapshotStore, type SnapshotStore } from '../../../io/processor/snapshot-store.ts'
import { silentLog } from '../../support/database.ts'
import { memoryLog, type MemoryLog } from './memory-log.ts'
import { TOY, encodeToy, readToy, toyOrigins, type ToyState } from './toy.ts'

export const INPUT: Slot = { topic: TOY.input, partition: 0 }
export const SNAPSHOTS: Slot = { topic: 'snapshots', partition: 0 }
export const SUMS: Slot = { topic: 'sums', partition: 0 }

/** A runner over a log in memory, and what it told its owner. */
export type Rig = {
  readonly log: MemoryLog
  readonly runner: Runner
  readonly letters: Letter[]
  readonly stopped: string[]
  readonly store: SnapshotStore
  /** Hands over the records from an offset on, as the reader does, following jumps, until nothing moves. */
  readonly feed: (from: Offset, turn?: Turn, batch?: number) => Promise<Offset>
}

type Deps = RunnerDeps<ToyState, number, number>

export const ALIVE: Turn = { end: 0, alive: async () => true }

export const numbers = (values: readonly (number | string)[], firstOffset = 0): readonly Outgoing[] =>
  values.map((value, index) => ({
    ...INPUT,
    key: Buffer.from('n'),
    value: Buffer.from(String(value)),
    timestampMs: firstOffset + index,
  }))

export function startRig(log: MemoryLog = memoryLog(), more: Partial<Deps> = {}): Rig {
  const letters: Letter[] = []
  const stopped: string[] = []
  const append = async (records: readonly Outgoing[]): Promise<readonly Stored[]> => log.append(records)
  const processor: Processor<ToyState, number, number> = more.processor ?? TOY
  const store = openSnapshotStore({ topic: SNAPSHOTS.topic, ranges: log, append, nowMs: () => 0 })
  const runner = createRunner<ToyState, number, number>({
    ranges: log,
    append,
    snapshots: store,
    read: readToy,
    timeOf: ({ timestampMs }) => micros(timestampMs * 1000),
    encode: encodeToy,
    origins: toyOrigins,
    partitions: () => 1,
    failpoint: () => undefined,
    tally: new Map(),
    letters: { put: async (all) => void letters.push(...all) },
    hint: () => undefined,
    observer: {
      restored: () => undefined,
      stepped: () => undefined,
      saved: () => undefined,
      stopped: (_slot, error) => void stopped.push(String(error)),
    },
    log: silentLog,
    nowMs: () => 0,
    ...more,
    processor,
  })
  return {
    log,
    runner,
    letters,
    stopped,
    store,
    async feed(from, turn = ALIVE, batch = 1_000_000) {
      let next = from
      for (let idle = 0; next < log.records(INPUT).length && idle < 2;) {
        const handled = await runner.batch(INPUT, log.records(INPUT).slice(next, next + batch), turn)
        idle = handled === next ? idle + 1 : 0
        next = handled
      }
      return next
    },
  }
}
