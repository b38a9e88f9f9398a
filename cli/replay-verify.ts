import { MEMORY, stampOf } from '../core/partition-clock.ts'
import { compareOrigins } from '../core/origin-sieve.ts'
import type { Origin, Output } from '../core/processor.ts'
import { micros } from '../core/time.ts'
import { schemaIdOf } from '../io/archive-file.ts'
import { slotName, type Offset, type Slot } from '../io/kafka/port.ts'
import { originsOf } from '../io/processor/reading.ts'
import { compareNext, type Live, type Made, type What } from './replay-compare.ts'
import { openLive, type LiveOutputs, type OriginsOf } from './replay-live.ts'
import type { Range } from './replay-range.ts'
import { rerun, warmUp, type Progress, type Replay } from './replay-rerun.ts'

/** The first difference between what live wrote and what the replay made. */
export type Difference<Out> = {
  readonly what: What
  /** Output partition. */
  readonly slot: Slot
  readonly origin: Origin
  readonly live: Live | undefined
  readonly made: Output<Out> | undefined
}

export type Verified<Out> = { readonly range: Range; readonly records: number; readonly warmedUp: number } & (
  | {
      readonly kind: 'equal'
      /** By output topic, how many. */
      readonly outputs: ReadonlyMap<string, number>
      readonly repeats: number
      /** The configuration was met before the range, or the log is whole; without it the processor may have left things out. */
      readonly configured: boolean
    }
  | { readonly kind: 'different'; readonly difference: Difference<Out> }
  | { readonly kind: 'not comparable'; readonly reason: string }
)

/** One output topic's two sides. */
type Side = { readonly slot: Slot; readonly outputs: LiveOutputs; readonly isTrimmed: boolean; equal: number }

/**
 * Runs a range of an input partition again and compares what it gives with what live wrote: keys, values, timestamps and order
 * of each output partition, byte for byte, repeats apart. `processed`: live's outputs of records before it are all written.
 */
export async function verifyPartition<State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  range: Range,
  processed: Offset | undefined,
  progress: Progress = () => undefined,
): Promise<Verified<Out>> {
  const { processor } = replay
  const warmed = await warmUp(replay, slot, range.from, progress)
  const about = { range, records: 0, warmedUp: warmed.records }
  const refused = (reason: string): Verified<Out> => ({ ...about, kind: 'not comparable', reason })
  if (!warmed.reaches)
    return refused(
      `${slotName(slot)} begins at ${warmed.from}: what the outputs from ${range.from} on depend on is trimmed`,
    )

  const encoders = new Map<number, ((output: Output<Out>) => Buffer) | undefined>()
  const since = warmed.now === undefined ? undefined : stampOf(micros(Math.max(0, warmed.now - MEMORY)))
  const sides = new Map<string, Side>()
  for (const topic of processor.outputs) sides.set(topic, await openSide(replay, slot, range, topic, since, encoders))

  const conclude = async (topic: string, made: Output<Out> | undefined): Promise<Verified<Out>> => {
    const first = await firstDifference(processor.codeVersion, sides, topic, made, encoders)
    return { ...about, ...(await judge(first, processor, processed)) }
  }
  for (const [topic, { outputs }] of sides) {
    await outputs.fill()
    const live = outputs.peek()
    if (live !== undefined && live.origin.version !== processor.codeVersion)
      return refused(otherCode(topic, live, processor.codeVersion))
  }
  for await (const { records, outputs } of rerun(replay, slot, range, warmed.state)) {
    for (const output of outputs) {
      const side = sideOf(sides, output.topic)
      if (side.outputs.peek() === undefined && !side.outputs.isOver()) await side.outputs.fill()
      const made = madeOf(output, encoders)
      if (compareNext(side.outputs.peek(), made, processor.codeVersion) !== 'equal')
        return conclude(output.topic, output)
      side.outputs.take()
      side.equal += 1
    }
    about.records += records
    progress('range', about.records, range.to - range.from)
  }
  for (const [topic, { outputs }] of sides) {
    await outputs.fill()
    if (outputs.peek() !== undefined) return conclude(topic, undefined)
  }
  return {
    ...about,
    kind: 'equal',
    outputs: new Map([...sides].map(([topic, { equal }]) => [topic, equal])),
    repeats: [...sides.values()].reduce((sum, { outputs }) => sum + outputs.repeats(), 0),
    configured: warmed.configured,
  }
}

async function openSide<State, In, Out>(
  replay: Replay<State, In, Out>,
  input: Slot,
  range: Range,
  topic: string,
  since: number | undefined,
  encoders: Map<number, ((output: Output<Out>) => Buffer) | undefined>,
): Promise<Side> {
  const { log, processor } = replay
  const slot = { topic, partition: input.partition % replay.partitions(topic) }
  const decoder = replay.decoder(topic)
  if (decoder === undefined) throw new TypeError(`${processor.name} writes ${topic}, of which there is no codec`)
  const own = { processor: processor.name, partition: input.partition }
  const originsAndSchemas: OriginsOf = async (records) => {
    const origins = await originsOf(decoder, records)
    for (const [index, { value }] of records.entries()) {
      const id = schemaIdOf(value)
      if (origins[index]?.processor !== own.processor || id === undefined || encoders.has(id)) continue
      encoders.set(id, await replay.encoder(id))
    }
    return origins
  }
  const { first } = await log.bounds(slot)
  // Outputs are stamped with T of their cause, so those of the range stand after this; ten minutes cover what a repeat moved.
  const start = since === undefined ? first : await log.atTime(slot, since)
  const outputs = await openLive({ log, originsOf: originsAndSchemas }, own, slot, range, start)
  return { slot, outputs, isTrimmed: first > 0 && start === first, equal: 0 }
}

function sideOf(sides: ReadonlyMap<string, Side>, topic: string): Side {
  const side = sides.get(topic)
  if (side === undefined) throw new TypeError(`the processor does not name its output ${topic}`)
  return side
}

function madeOf<Out>(
  output: Output<Out>,
  encoders: ReadonlyMap<number, ((output: Output<Out>) => Buffer) | undefined>,
): Made {
  const { key, origin, time } = output
  const bytesLike = (live: Buffer): Buffer | undefined => encoders.get(schemaIdOf(live) ?? -1)?.(output)
  return { key, origin, timestampMs: stampOf(time), bytesLike }
}

type Found<Out> = {
  readonly what: Exclude<ReturnType<typeof compareNext>, 'equal'>
  readonly side: Side
  readonly origin: Origin
  readonly live: Live | undefined
  readonly made: Output<Out> | undefined
}

/** A difference came up on one topic; another's may be of an earlier origin: live has an output there that was not made. */
async function firstDifference<Out>(
  version: number,
  sides: ReadonlyMap<string, Side>,
  topic: string,
  made: Output<Out> | undefined,
  encoders: ReadonlyMap<number, ((output: Output<Out>) => Buffer) | undefined>,
): Promise<Found<Out>> {
  const side = sideOf(sides, topic)
  const live = side.outputs.peek()
  const said = compareNext(live, made === undefined ? undefined : madeOf(made, encoders), version)
  const origin = said === 'extra' || made === undefined ? live?.origin : made.origin
  if (said === 'equal' || origin === undefined) throw new TypeError(`${topic}: no difference`)
  let first: Found<Out> = { what: said, side, origin, live, made: said === 'extra' ? undefined : made }
  for (const [name, other] of sides) {
    if (name === topic) continue
    await other.outputs.fill()
    const next = other.outputs.peek()
    if (next === undefined || compareOrigins(next.origin, first.origin) >= 0) continue
    const what = next.origin.version === version ? 'extra' : 'other code'
    first = { what, side: other, origin: next.origin, live: next, made: undefined }
  }
  return first
}

async function judge<Out>(
  { what, side, origin, live, made }: Found<Out>,
  { codeVersion }: { readonly codeVersion: number },
  processed: Offset | undefined,
): Promise<
  | { readonly kind: 'different'; readonly difference: Difference<Out> }
  | { readonly kind: 'not comparable'; readonly reason: string }
> {
  const { slot, outputs } = side
  const refused = (reason: string) => ({ kind: 'not comparable', reason }) as const
  const different = (how: What, shown: Live | undefined) =>
    ({ kind: 'different', difference: { what: how, slot, origin, live: shown, made } }) as const
  if (what === 'other code')
    return refused(live === undefined ? 'written by other code' : otherCode(slot.topic, live, codeVersion))
  if (what !== 'missing') return different(what, live)
  const elsewhere = await outputs.find(origin)
  if (elsewhere !== undefined)
    return elsewhere.origin.version === codeVersion
      ? different('order', elsewhere)
      : refused(otherCode(slot.topic, elsewhere, codeVersion))
  if (side.isTrimmed && side.equal === 0)
    return refused(
      `${slotName(slot)} is trimmed: the output of record ${origin.offset} may have stood before its first record`,
    )
  const isProcessed = live !== undefined || outputs.isPassed() || (processed !== undefined && processed > origin.offset)
  if (!isProcessed)
    return refused(`record ${origin.offset} is not processed yet: ${slotName(slot)} ends before its output`)
  return different('missing', undefined)
}

const otherCode = (topic: string, { offset, origin }: Live, version: number): string =>
  `${topic} offset ${offset} was written by version ${origin.version} of ${origin.processor}, this is version ${version}`
