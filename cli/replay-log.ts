import { resolve } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { openArchiveLog } from '../io/archive-log.ts'
import { folderStore } from '../io/archive-store.ts'
import type { Environment, Source } from '../io/environment.ts'
import type { KafkaOptions, Ranges } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { readSchemaText } from '../io/registry-subject.ts'
import { openS3Archive } from '../io/s3-archive.ts'
import { connection } from './endpoints.ts'

/** The log that is replayed, and the schemas of its values. */
export type ReplayLog = Pick<Ranges, 'bounds' | 'atTime' | 'read' | 'close'> & {
  /** Partitions of a topic; none if it is not there. */
  partitions(topic: string): Promise<readonly number[]>
  schemaText(id: number): Promise<string | undefined>
}

export type LogPlace = {
  /** A folder or `s3://BUCKET/PREFIX`; `undefined`: Kafka. */
  readonly archive: string | undefined
  readonly endpoint: string | undefined
  readonly source: Source | undefined
}

export async function openReplayLog(environment: Environment, place: LogPlace): Promise<ReplayLog> {
  if (place.archive !== undefined) return openArchived(environment, place.archive, place.endpoint)
  const { brokers, registry } = await connection(environment, place.source)
  return openKafkaLog({ brokers, clientId: 'crosstide-replay', log: createLog('cli', 'error') }, registry)
}

export async function openKafkaLog(kafka: KafkaOptions, registry: string): Promise<ReplayLog> {
  const topics = await openTopics(kafka)
  const ranges = await openRanges(kafka)
  return {
    bounds: (slot) => ranges.bounds(slot),
    atTime: (slot, timestampMs) => ranges.atTime(slot, timestampMs),
    read: (slot, from, to) => ranges.read(slot, from, to),
    partitions: async (topic) => (await topics.partitions(topic)).map(({ partition }) => partition),
    schemaText: (id) => readSchemaText(registry, id),
    async close() {
      await ranges.close()
      await topics.close()
    },
  }
}

/** An archive has its schemas in its files: neither Kafka nor a registry is asked. */
function openArchived(environment: Environment, where: string, endpoint: string | undefined): ReplayLog {
  const store = where.startsWith('s3://') ? openS3Archive(where, endpoint, environment) : folderStore(resolve(where))
  return archivedLog(openArchiveLog(store))
}

export function archivedLog(log: ReturnType<typeof openArchiveLog>): ReplayLog {
  return {
    ...log,
    async partitions(topic) {
      const slots = await log.slots()
      if (slots.length === 0) throw new PipelineError('WRONG_USE', 'there is no archive, or nothing in it')
      return slots.flatMap((slot) => (slot.topic === topic ? [slot.partition] : []))
    },
    schemaText: async (id) => log.schemaText(id),
  }
}
