import { PipelineError } from '../core/errors.ts'
import { slotName, type Offset, type Slot, type Turn } from '../io/kafka/port.ts'
import { tailOf, type Tail } from '../io/kafka/tail.ts'
import { backOffMs, codeOf, messageOf, verdictOf } from './database.ts'
import { resume } from './resume.ts'
import type { Entry, Sink, SinkDeps } from './sink.ts'

/** One slot while it is ours. */
export type Lane<Memory> = { readonly slot: Slot; next: Offset; memory: Memory }

/** `moved`: stored. `elsewhere`: another instance has moved on, the lane's offset was read anew. `lost`: stop now. */
export type Outcome = 'moved' | 'elsewhere' | 'lost'

export type Part<Value> = {
  readonly entries: readonly Entry<Value>[]
  readonly to: Offset
  /** Of record `to` - 1. */
  readonly tail: Tail
}

export type SinkWriter<Value, Memory> = {
  /** Stores a part and moves the lane's offset to its end; waits out outages, sends what is refused to the dead letters. */
  write(lane: Lane<Memory>, part: Part<Value>, turn: Turn): Promise<Outcome>
  /** Where the slot stands in the database; `undefined` if it was lost during an outage. */
  restore(slot: Slot, alive: () => Promise<boolean>): Promise<Pick<Lane<Memory>, 'next' | 'memory'> | undefined>
}

/** Below this many rows a share says nothing. */
const FULL_BATCH = 100
const MAX_REFUSED_SHARE = 0.1

export function sinkWriter<Value, Memory>(deps: SinkDeps<Value>, sink: Sink<Value, Memory>): SinkWriter<Value, Memory> {
  const { database, observer, log } = deps

  /** Reports an outage and waits; `false`: the slot was lost meanwhile. Throws what is no outage. */
  async function sitOut(error: unknown, attempt: number, alive: () => Promise<boolean>): Promise<boolean> {
    if (verdictOf(error) !== 'outage') throw error
    observer.outage(error)
    log.warn({ consumer: sink.consumer, code: codeOf(error), error: messageOf(error), attempt }, 'database_away')
    await deps.wait(backOffMs(attempt, deps.random()))
    return alive()
  }

  const restore: SinkWriter<Value, Memory>['restore'] = async (slot, alive) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const next = await resume(deps, sink.consumer, slot)
        return { next, memory: await sink.recall(database, slot) }
      } catch (error) {
        if (!(await sitOut(error, attempt, alive))) return undefined
      }
    }
  }

  async function writePart(lane: Lane<Memory>, part: Part<Value>, turn: Turn, refused: Refusals): Promise<Outcome> {
    let uncertain = false
    for (let attempt = 0; ; attempt += 1) {
      const move = { consumer: sink.consumer, slot: lane.slot, from: lane.next, to: part.to, tail: part.tail }
      const startedAt = performance.now()
      try {
        const statement = sink.statement(move, part.entries, lane.memory)
        const { rows } = await database.query<{ moved: number; stored: number }>(statement)
        if (rows[0]?.moved === 1) {
          sink.adopt(lane.memory, part.entries)
          lane.next = part.to
          observer.stored(part.entries, rows[0].stored, performance.now() - startedAt)
          return 'moved'
        }
      } catch (error) {
        if (verdictOf(error) === 'refused') return bisect(lane, part, turn, refused, error)
        uncertain = true
        if (!(await sitOut(error, attempt, () => turn.alive()))) return 'lost'
        continue
      }
      const found = await restore(lane.slot, () => turn.alive())
      if (found === undefined) return 'lost'
      Object.assign(lane, found)
      // The connection had broken after the commit: it was our own statement that moved the offset.
      if (uncertain && lane.next === part.to) return 'moved'
      observer.fenced(lane.slot)
      const { from } = move
      log.warn({ consumer: sink.consumer, slot: slotName(lane.slot), from, next: lane.next }, 'sink_fenced')
      return 'elsewhere'
    }
  }

  /** Halves until the bad record stands alone. Each half moves the offset; the letter is written before its offset moves. */
  async function bisect(
    lane: Lane<Memory>,
    { entries, to, tail }: Part<Value>,
    turn: Turn,
    refused: Refusals,
    error: unknown,
  ): Promise<Outcome> {
    const middle = Math.floor(entries.length / 2)
    const last = entries[middle - 1]
    if (last !== undefined) {
      const former = { entries: entries.slice(0, middle), to: last.offset + 1, tail: tailOf(last.record) }
      const outcome = await writePart(lane, former, turn, refused)
      return outcome === 'moved'
        ? writePart(lane, { entries: entries.slice(middle), to, tail }, turn, refused)
        : outcome
    }
    const [only] = entries
    // Nothing but the offset was to be stored, and that was refused.
    if (only === undefined) throw error
    refused.count += 1
    if (refused.of >= FULL_BATCH && refused.count > refused.of * MAX_REFUSED_SHARE) {
      const what = `PostgreSQL refuses over a tenth of a batch: ${messageOf(error)}`
      throw new PipelineError('DATABASE_REFUSED', `${sink.consumer}: ${what}`, { cause: error })
    }
    observer.refused()
    const letter = { slot: lane.slot, record: only.record, error: `${codeOf(error)}: ${messageOf(error)}` }
    await deps.deadLetters.put([letter])
    return writePart(lane, { entries: [], to, tail }, turn, refused)
  }

  return {
    write: (lane, part, turn) => writePart(lane, part, turn, { count: 0, of: part.entries.length }),
    restore,
  }
}

type Refusals = { count: number; readonly of: number }
