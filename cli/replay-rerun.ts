import { stepOnce, type Logged, type Origin, type Output, type Processor } from '../core/processor.ts'
import type { Micros } from '../core/time.ts'
import { ahead } from '../io/processor/ahead.ts'
import type { Incoming, Offset, Ranges, Slot } from '../io/kafka/port.ts'
import type { Read } from '../io/processor/task.ts'
import { warmUp as warmedUp, type WarmedUp } from '../io/processor/warm-up.ts'
import type { Decoder } from '../io/registry.ts'
import type { SchemaName } from '../schemas/topics.ts'
import { resolveRange, type Range, type Resolved, type Where } from './replay-range.ts'

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

/** Told how far a run is: of `total` records of its part, `done`. */
export type Progress = (part: 'warm-up' | 'range', done: number, total: number) => void

/** The state before a record, by the warm-up that live takes too (io/processor/warm-up.ts). */
export const warmUp = <State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  next: Offset,
  progress: Progress = () => undefined,
): Promise<WarmedUp<State>> =>
  warmedUp({ ...replay, ranges: replay.log }, slot, next, (done, total) => progress('warm-up', done, total))

/**
 * The range that is meant on a partition. Where it begins at the first comparable record of a trimmed log, the horizon counts,
 * and what the log configures may ask for a longer one: that is known only once it was run.
 */
export async function rangeOf<State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  ends: { readonly from: Where; readonly to: Where },
  processed?: Offset,
): Promise<Resolved> {
  const { log, processor } = replay
  const at = (warmUpMicros: number): Promise<Resolved> =>
    resolveRange(log, slot, ends, { processed, warmUp: warmUpMicros })
  const resolved = await at(processor.horizon)
  if (resolved.kind !== 'range' || ends.from.kind !== 'start' || resolved.range.from === 0) return resolved
  const { horizon } = await warmUp(replay, slot, resolved.range.from)
  return horizon > processor.horizon ? at(horizon) : resolved
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
