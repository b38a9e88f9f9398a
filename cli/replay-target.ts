import { PipelineError } from '../core/errors.ts'
import {
  slotName,
  type Incoming,
  type Offset,
  type Outgoing,
  type Ranges,
  type Slot,
  type Topics,
} from '../io/kafka/port.ts'
import type { TopicSpec } from '../schemas/topics.ts'

/** On each copy: the record it is of. By the last one of a partition a second run knows where the first one ended. */
const HEADER = 'replay-source'

/** A topic that holds copies for as long as somebody wants them, each stamped as its record was. */
export const targetSpec = (spec: TopicSpec, partitions: number): TopicSpec => ({
  ...spec,
  partitions,
  timestamps: 'CreateTime',
  retentionMs: -1,
  retentionBytes: -1,
})

/** Creates what is missing. Throws TOPIC_MISMATCH if a topic that is there cannot hold the copies as they are. */
export async function ensureTargets(topics: Pick<Topics, 'ensure'>, specs: readonly TopicSpec[]): Promise<void> {
  const one = (await topics.ensure(specs)).find(
    ({ setting }) => setting === 'partitions' || setting === 'message.timestamp.type' || setting === 'retention.ms',
  )
  if (one !== undefined)
    throw new PipelineError('TOPIC_MISMATCH', `${one.topic}: ${one.setting} is ${one.found}, not ${one.wanted}`)
}

/**
 * First source offset that a target slot does not hold; `undefined`: it is empty. Throws WRONG_USE if it is not and `append`
 * was not said, or if others write to it.
 */
export async function resumeFrom(
  ranges: Pick<Ranges, 'bounds' | 'read'>,
  target: Slot,
  source: Slot,
  append: boolean,
): Promise<Offset | undefined> {
  const { first, end } = await ranges.bounds(target)
  if (first === end) return undefined
  if (!append)
    throw new PipelineError(
      'WRONG_USE',
      `${slotName(target)} holds ${end - first} records; --append goes on behind them, another --prefix begins anew`,
    )
  for await (const [record] of ranges.read(target, end - 1, end)) {
    const said = record?.headers?.findLast(([name]) => name === HEADER)?.[1].toString()
    const prefix = `${slotName(source)}:`
    if (said?.startsWith(prefix) === true) return Number(said.slice(prefix.length)) + 1
    throw new PipelineError('WRONG_USE', `the last record of ${slotName(target)} is no copy of ${slotName(source)}`)
  }
  return undefined
}

export const copyOf = (
  { key, value, timestampMs, headers = [], offset }: Incoming,
  source: Slot,
  topic: string,
): Outgoing => ({
  topic,
  partition: source.partition,
  // Ours have all a key; of others' the partition is given, so an empty one changes nothing.
  key: key ?? Buffer.alloc(0),
  value,
  timestampMs,
  headers: [...headers, [HEADER, Buffer.from(`${slotName(source)}:${offset}`)]],
})
