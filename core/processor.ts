import type { Micros } from './time.ts'

/** One record of a partition as the log holds it: its place, its stamp and what it says. */
export type Logged<Value> = {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly value: Value
}

/**
 * What becomes of an input record; each has exactly one outcome, so that in = processed + late + duplicate + ignored, beside
 * the `fault`s, which no step ever sees: the runner counts what could not be read or trusted.
 */
export const OUTCOMES = ['processed', 'late', 'duplicate', 'ignored'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The only things a step may do beside changing its own state. */
export type Effects<Out> = {
  readonly emit: (out: Out) => void
  /** Outcomes and whatever else is worth a metric; counts are no output and no state. */
  readonly count: (what: string, by?: number) => void
}

/**
 * A pure unit of processing: output is a function of the records so far, in their order. No clock, no randomness, no I/O, no
 * iteration over anything whose order is not the log's. State is plain data (numbers, texts, arrays, Maps, objects), since it
 * becomes a snapshot; a step owns it and may change it in place.
 */
export type Stage<State, In, Out> = {
  initial(): State
  step(state: State, input: In, effects: Effects<Out>): void
}

/** A stage's output on its way to a topic; `time` is the partition clock T at the input record, the record's timestamp. */
export type Emitted<Value> = {
  readonly topic: string
  readonly key: string
  readonly time: Micros
  readonly value: Value
}

/**
 * Names the input record that caused an output, and the output's rank among all outputs of that record over all topics. Who
 * drops what is not above the highest origin seen of (processor, partition) has each output once.
 */
export type Origin = {
  readonly processor: string
  readonly version: number
  readonly partition: number
  readonly offset: number
  readonly ordinal: number
}

/** A value on a derived topic. */
export type Derived<Value> = Value & { readonly origin: Origin }

/** An output as it goes to the log. */
export type Output<Value> = Emitted<Value> & { readonly origin: Origin }

/** A stage with a name, a version of its code and its topics: what a runner, a replay and a test can run. */
export type Processor<State, In, Out> = Stage<State, Logged<In>, Emitted<Out>> & {
  readonly name: string
  /** Raised whenever the same log gives other bytes. */
  readonly codeVersion: number
  readonly input: string
  readonly outputs: readonly string[]
  /** The output of a record depends on itself and on the records of this many microseconds before T at the record before it. */
  readonly horizon: number
  /** The horizon under what the log has configured by this state, where that matters: never below `horizon`. */
  horizonAt?(state: State): number
}

/** Counts by name: outcomes first, then what the steps found worth counting. */
export type Tally = Map<string, number>

/** Runs one record through a processor, giving its outputs their origins in the order they are emitted. */
export function stepOnce<State, In, Out>(
  processor: Processor<State, In, Out>,
  state: State,
  record: Logged<In>,
  emit: (output: Output<Out>) => void,
  tally: Tally,
): void {
  const { name, codeVersion } = processor
  let ordinal = 0
  processor.step(state, record, {
    emit(out) {
      const { partition, offset } = record
      const origin = { processor: name, version: codeVersion, partition, offset, ordinal: ordinal++ }
      emit({ ...out, origin })
    },
    count: (what, by = 1) => void tally.set(what, (tally.get(what) ?? 0) + by),
  })
}

/** What a run over a range of records gave; `state` is the one handed in, changed. */
export type Folded<State, Out> = {
  readonly state: State
  readonly outputs: readonly Output<Out>[]
  readonly tally: Tally
}

/** Runs records through a processor: the driver of tests, replays and backtests; the Kafka runner takes the same steps. */
export function fold<State, In, Out>(
  processor: Processor<State, In, Out>,
  records: Iterable<Logged<In>>,
  state: State = processor.initial(),
): Folded<State, Out> {
  const outputs: Output<Out>[] = []
  const tally: Tally = new Map()
  for (const record of records) stepOnce(processor, state, record, (output) => void outputs.push(output), tally)
  return { state, outputs, tally }
}
