import { MEMORY } from '../core/partition-clock.ts'
import { stepOnce, type Logged, type Origin, type Output, type Processor } from '../core/processor.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from '../core/time.ts'
import type { Incoming, Offset, Ranges, Slot } from '../io/kafka/port.ts'
import type { Read } from '../io/processor/task.ts'
import { warmUpStart } from '../io/processor/warm-up.ts'
import type { Decoder } from '../io/registry.ts'
import type { SchemaName } from '../schemas/topics.ts'

/** A processor and the log it is run over again: Kafka's or an archive's. */
export type Replay<State, In, Out> = {
  readonly processor: Processor<State, In, Out>
  readonly log: Pick<Ranges, 'bounds' | 'atTime' | 'read'>
  /** Reads a batch as live does, one answer per record. Throws where live would wait for a schema. */
  readonly read: (slot: Slot, records: readonly Incoming[]) => Promise<readonly Read<In>[]>
  readonly timeOf: (record: Logged<In>) => Micros
  /** Whether a record carries the configuration, without which the processor leaves things out. */
  readonly configures: (record: Logged<In>) => boolean
  /** Writes outputs with the schema of an id, as the live record beside them was; `undefined`: there is no such schema. */
  readonly encoder: (id: number) => Promise<((output: Output<Out>) => Buffer) | undefined>
  /** An output's value as its topic has it, before it is bytes. */
  readonly valueOf: (output: Output<Out>) => Value
  readonly decoder: (topic: string) => Decoder<{ readonly origin?: Origin | undefined }> | undefined
  /** By output topic: its number of partitions. */
  readonly partitions: (topic: string) => number
}

/** `value` is plain, to be shown; `wire` is what Avro encodes by the schema. */
export type Value = { readonly schema: SchemaName; readonly value: object; readonly wire: unknown }

export type Range = { readonly from: Offset; readonly to: Offset }

/** Told how far a run is: of `total` records of its part, `done`. */
export type Progress = (part: 'warm-up' | 'range', done: number, total: number) => void

/** A state as live had it before a record, and how it was come by. */
export type WarmedUp<State> = {
  readonly state: State
  /** First record that was run. */
  readonly from: Offset
  readonly records: number
  /** T of the record before; `undefined`: there is none. */
  readonly now: Micros | undefined
  /** Whether the log reaches back far enough for the state to be that of live. */
  readonly reaches: boolean
  /** Whether the configuration in force was met, or the log is whole. */
  readonly configured: boolean
}

/** The configuration is written again this often (architecture.md section 2), and a minute for the writer to be late. */
const CONFIGURATION_EVERY = MEMORY + MICROS_PER_MINUTE

/**
 * Runs what stands before `next`, without its outputs: from a record whose T is a horizon before that of the last one, and so
 * far back beyond it that the configuration was in force by then; else from the log's first record.
 */
export async function warmUp<State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  next: Offset,
  progress: Progress = () => undefined,
): Promise<WarmedUp<State>> {
  const { processor, log, timeOf, configures } = replay
  const { first } = await log.bounds(slot)
  const startOf = (horizon: number): Promise<Offset> =>
    warmUpStart({ processor: { horizon }, ranges: log, read: replay.read, timeOf }, slot, next)
  const needed = await startOf(processor.horizon)
  for (let further = CONFIGURATION_EVERY; ; further *= 2) {
    const from = await startOf(processor.horizon + further)
    const state = processor.initial()
    let now: Micros | undefined
    let firstStamp = Infinity
    let records = 0
    let configured = false
    for await (const batch of ahead(log.read(slot, from, next))) {
      progress('warm-up', records, next - from)
      for (const read of await replay.read(slot, batch)) {
        records += 1
        if ('fault' in read) continue
        now = micros(Math.max(now ?? 0, timeOf(read)))
        if (read.offset <= needed) configured ||= configures(read)
        if (read.offset === first) firstStamp = read.timestampMs
        stepOnce(processor, state, read, () => undefined, new Map())
      }
    }
    if (!configured && from > first) continue
    // Before offset 0 there was nothing; else T at the first record that is left is at most its stamp.
    const reaches =
      first === 0 ||
      needed > first ||
      (now !== undefined && (firstStamp + 1) * MICROS_PER_MILLI <= now - processor.horizon)
    return { state, from, records, now, reaches, configured: configured || first === 0 }
  }
}

/** Records that were run, those that could be read, and what the processor made of them. */
export type Rerun<Out> = { readonly records: number; readonly outputs: readonly Output<Out>[] }

/** Runs a range, batch by batch, on a state as of its beginning, which is changed. */
export async function* rerun<State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  { from, to }: Range,
  state: State,
): AsyncGenerator<Rerun<Out>> {
  const tally = new Map<string, number>()
  for await (const batch of ahead(replay.log.read(slot, from, to))) {
    const outputs: Output<Out>[] = []
    for (const read of await replay.read(slot, batch))
      if (!('fault' in read)) stepOnce(replay.processor, state, read, (output) => void outputs.push(output), tally)
    yield { records: batch.length, outputs }
  }
}

/** Asks for the next batch while the present one is worked on. */
async function* ahead<One>(batches: AsyncIterable<One>): AsyncGenerator<One> {
  const iterator = batches[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<One>> => {
    const asked = iterator.next()
    // Awaited a turn later; until then a failure is no unhandled one.
    asked.catch(() => undefined)
    return asked
  }
  try {
    let next = ask()
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = ask()
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}
