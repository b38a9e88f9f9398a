import { openDeadLetters } from '../../io/dead-letters.ts'
import { codeOf, type Database } from '../../consumers/database.ts'
import { sinkStage } from '../../consumers/sink-stage.ts'
import type { Sink, SinkDeps } from '../../consumers/sink.ts'
import { PipelineError } from '../../core/errors.ts'
import { now } from '../../io/clock.ts'
import type { Incoming, Offset, Outgoing, Ranges, Slot, Stage, Turn } from '../../io/kafka/port.ts'
import type { Decoder } from '../../io/registry.ts'
import { silentLog } from '../support/database.ts'

export const TOPIC = 'ticks'
export const SLOT: Slot = { topic: TOPIC, partition: 0 }

/** Values travel as JSON in these tests; anything else cannot be read. */
export const jsonDecoder = <Value>(): Decoder<Value> => ({
  decode(value) {
    const text = value === null ? '' : Buffer.from(value).toString()
    if (!text.startsWith('{')) return { kind: 'fault', reason: 'truncated' }
    return { kind: 'value', value: JSON.parse(text) }
  },
  learn: () => Promise.resolve(true),
})

export const recordOf = (offset: Offset, value: unknown): Incoming => ({
  offset,
  key: Buffer.from('BTC'),
  value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  timestampMs: 1_795_169_730_000 + offset,
})

/** A partition in memory; `first` is what retention has left. */
export const logOf = (
  records: readonly Incoming[],
  first = records[0]?.offset ?? 0,
): Pick<Ranges, 'bounds' | 'read'> => ({
  bounds: () => Promise.resolve({ first, end: (records.at(-1)?.offset ?? first - 1) + 1 }),
  async *read(_slot, from, to) {
    if (from < first) throw new PipelineError('OFFSET_OUT_OF_RANGE', `${from} is below ${first}`)
    yield records.filter(({ offset }) => offset >= from && offset < to)
  },
})

export type Rig = {
  readonly stage: Stage
  readonly letters: readonly Outgoing[]
  /** Codes of what was waited out. */
  readonly outages: readonly string[]
  readonly counts: {
    in: number
    fresh: number
    duplicate: number
    fault: number
    stored: number
    fenced: number
    refused: number
  }
}

/** A sink on a database and a log in memory; what it does besides is noted. */
export function rigOf<Value, Memory>(
  sink: Sink<Value, Memory>,
  database: Database,
  ranges: Pick<Ranges, 'bounds' | 'read'>,
  change: Partial<SinkDeps<Value>> = {},
): Rig {
  const letters: Outgoing[] = []
  const outages: string[] = []
  const counts = { in: 0, fresh: 0, duplicate: 0, fault: 0, stored: 0, fenced: 0, refused: 0 }
  const stage = sinkStage(
    {
      database,
      ranges,
      deadLetters: openDeadLetters({
        stage: 'sink',
        writer: {
          append(records) {
            letters.push(...records)
            return Promise.resolve([])
          },
        },
        now,
        count: () => undefined,
      }),
      learner: { resolve: () => Promise.resolve('unknown'), waiting: () => [] },
      observer: {
        sifted(some) {
          counts.in += some.in
          counts.fresh += some.fresh
          counts.duplicate += some.duplicate
          counts.fault += some.fault
        },
        stored: (_entries, rows) => void (counts.stored += rows),
        fenced: () => void (counts.fenced += 1),
        outage: (error) => void outages.push(codeOf(error)),
        refused: () => void (counts.refused += 1),
      },
      log: silentLog,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
      stopped: () => false,
      random: Math.random,
      ...change,
    },
    sink,
  )
  return { stage, letters, outages, counts }
}

export const ALIVE: Omit<Turn, 'end'> = { alive: () => Promise.resolve(true) }

/** Plays the reader: from where the stage says, in batches of the given sizes (the last one repeats) to the end of the log. */
export async function play(
  stage: Stage,
  records: readonly Incoming[],
  sizes: readonly number[] = [100],
  turn: Omit<Turn, 'end'> = ALIVE,
  start?: Offset,
): Promise<Offset> {
  const end = (records.at(-1)?.offset ?? -1) + 1
  let next = start ?? (await stage.assigned(SLOT))
  for (let index = 0; next < end; index += 1) {
    if (!(await turn.alive())) break
    const from = records.findIndex(({ offset }) => offset >= next)
    const size = Math.max(1, sizes[Math.min(index, sizes.length - 1)] ?? 100)
    next = await stage.batch(SLOT, records.slice(from, from + size), { end, ...turn })
  }
  return next
}
