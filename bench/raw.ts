import { setTimeout as sleep } from 'node:timers/promises'
import { openTopics } from '../io/kafka/topics.ts'
import type { KafkaOptions, Outgoing, Ranges } from '../io/kafka/port.ts'
import { openWriter, TICKS_WRITER } from '../io/kafka/writer.ts'
import type { TopicSpec } from '../schemas/topics.ts'

/** Kafka without the pipeline: topics like that of the ticks, to which nothing else writes. */
export type RawTopics = { readonly theirs: string; readonly ours: string }

const WRITER_MS = 8000
const BATCH = 1000
/** Enough to keep every partition's lane filled, far from the queue's bound. */
const IN_FLIGHT = 24

export async function createRawTopics(kafka: KafkaOptions, ticks: TopicSpec): Promise<RawTopics> {
  const topics = await openTopics(kafka)
  const [theirs, ours] = ['bench.producer-performance', 'bench.writer']
  await topics.ensure([theirs, ours].map((name) => ({ ...ticks, name, schema: undefined })))
  await topics.close()
  return { theirs, ours }
}

/** The last values of a topic's partitions. */
export async function sampleValues(ranges: Ranges, { name: topic, partitions }: TopicSpec): Promise<readonly Buffer[]> {
  const values: Buffer[] = []
  for (let partition = 0; partition < partitions; partition += 1) {
    const { first, end } = await ranges.bounds({ topic, partition })
    for await (const records of ranges.read({ topic, partition }, Math.max(first, end - 500), end)) {
      values.push(...records.flatMap(({ value }) => value ?? []))
    }
  }
  return values
}

export const meanBytes = (values: readonly Buffer[]): number =>
  Math.round(values.reduce((sum, { length }) => sum + length, 0) / Math.max(1, values.length))

/** Records per second that our writer, alone, gets acknowledged of real ticks. */
export async function runWriter(
  kafka: KafkaOptions,
  topic: string,
  partitions: number,
  values: readonly Buffer[],
): Promise<number> {
  const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  const batch = (partition: number): readonly Outgoing[] =>
    Array.from({ length: BATCH }, (_, index) => ({
      topic,
      partition,
      key: Buffer.from('BTC'),
      value: values[index % values.length] ?? null,
      timestampMs: Date.now(),
    }))
  const stop = new AbortController()
  let records = 0
  const lane = async (index: number): Promise<void> => {
    while (!stop.signal.aborted) {
      await writer.append(batch(index % partitions))
      records += BATCH
    }
  }
  const lanes = Array.from({ length: IN_FLIGHT }, (_, index) => lane(index))
  // The first second loads code and opens connections.
  await sleep(1000)
  const [before, from] = [records, performance.now()]
  await sleep(WRITER_MS)
  const perSecond = ((records - before) / (performance.now() - from)) * 1000
  stop.abort()
  await Promise.all(lanes)
  await writer.close(5000)
  return perSecond
}
