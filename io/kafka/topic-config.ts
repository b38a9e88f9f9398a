import type { TopicSpec } from '../../schemas/topics.ts'
import type { Difference, FoundTopic } from './port.ts'

const MIB = 1024 * 1024
/** Of a topic that is kept whatever its size. */
const UNBOUNDED_SEGMENT = 64 * MIB

/** Three copies where there are three brokers; all of them beyond the leader must have a record before it is acknowledged. */
export const replicasFor = (brokers: number): number => Math.min(3, brokers)

/** The broker's settings of a topic. It counts bytes per partition and deletes closed segments only (kafka-client.md section 10). */
export function configOf(spec: TopicSpec, replicas: number): Readonly<Record<string, string>> {
  const bytesPerPartition = Math.floor(spec.retentionBytes / spec.partitions)
  const common = {
    'cleanup.policy': spec.cleanup,
    'segment.ms': spec.segmentMs,
    'segment.bytes':
      bytesPerPartition < 0
        ? UNBOUNDED_SEGMENT
        : Math.max(MIB, Math.floor(bytesPerPartition / 8), 2 * spec.maxMessageBytes),
    'max.message.bytes': spec.maxMessageBytes,
    'message.timestamp.type': spec.timestamps,
    ...(replicas === 3 ? { 'min.insync.replicas': 2 } : {}),
  }
  const byPolicy =
    spec.cleanup === 'delete'
      ? { 'retention.ms': spec.retentionMs, 'retention.bytes': bytesPerPartition }
      : { 'min.cleanable.dirty.ratio': 0.1, 'max.compaction.lag.ms': 3_600_000 }
  return Object.fromEntries(Object.entries({ ...common, ...byPolicy }).map(([name, value]) => [name, String(value)]))
}

/** What the broker has otherwise than the catalogue wants. */
export function differences(spec: TopicSpec, replicas: number, found: FoundTopic): readonly Difference[] {
  const wanted = { partitions: String(spec.partitions), replicas: String(replicas), ...configOf(spec, replicas) }
  const actual = new Map([
    ...found.config,
    ['partitions', String(found.partitions)],
    ['replicas', String(found.replicas)],
  ])
  return Object.entries(wanted).flatMap(([setting, value]) => {
    const other = actual.get(setting)
    return other === value ? [] : [{ topic: spec.name, setting, wanted: value, found: other ?? '(not said)' }]
  })
}
