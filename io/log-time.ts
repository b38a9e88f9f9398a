import type { Micros } from '../core/time.ts'
import { tickCodec } from '../schemas/codec.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import { openRanges } from './kafka/ranges.ts'
import type { KafkaOptions } from './kafka/port.ts'
import type { Registry } from './registry.ts'

/**
 * The time of the newest tick on the log, over all partitions; `undefined` if it is empty. The partition clock stands there
 * or, after a disorder, a little later.
 */
export async function newestTickTime(deps: {
  readonly kafka: KafkaOptions
  readonly registry: Registry
  readonly topic: TopicSpec
}): Promise<Micros | undefined> {
  const { topic } = deps
  const decoder = deps.registry.decoder(tickCodec)
  const ranges = await openRanges(deps.kafka)
  let newest: Micros | undefined
  const take = async (value: Buffer | null): Promise<void> => {
    const decoded = decoder.decode(value)
    if (decoded.kind === 'unknown-schema' && (await decoder.learn(decoded.id))) return take(value)
    if (decoded.kind === 'value' && (newest === undefined || decoded.value.receiveTime > newest))
      newest = decoded.value.receiveTime
  }
  try {
    for (let partition = 0; partition < topic.partitions; partition++) {
      const slot = { topic: topic.name, partition }
      const { first, end } = await ranges.bounds(slot)
      if (end === first) continue
      for await (const records of ranges.read(slot, end - 1, end)) for (const { value } of records) await take(value)
    }
  } finally {
    await ranges.close()
  }
  return newest
}
