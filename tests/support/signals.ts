import { inject } from 'vitest'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived } from '../../core/processor.ts'
import { partitionOf } from '../../core/partition.ts'
import { toMillis } from '../../core/time.ts'
import { opportunitiesStatement } from '../../consumers/opportunities-sink.ts'
import { openRegistry } from '../../io/registry.ts'
import { opportunityCodec } from '../../schemas/derived.ts'
import type { ApiRig } from './api.ts'

/** The market processor and its sink, as the API meets them. */
export type SignalRig = {
  /** Appends records to the topic, as the processor does. */
  say(...records: readonly Derived<Opportunity>[]): Promise<void>
  /** Stores what was said and is not stored yet by the sink's own statement. */
  store(): Promise<void>
}

export async function openSignals(rig: ApiRig): Promise<SignalRig> {
  const { opportunities: topic } = rig.topics
  const encode = await openRegistry(inject('stack').registry).encoder(topic.name, opportunityCodec)
  const logs = Array.from({ length: topic.partitions }, (): Derived<Opportunity>[] => [])
  const stored = logs.map(() => 0)
  for (const partition of logs.keys())
    await rig.database.pool.query(
      'insert into ingest.offsets (consumer, topic, part, next_offset) values ($1, $2, $3, 0)',
      ['sink-opportunities', topic.name, partition],
    )
  return {
    async say(...records) {
      for (const record of records) {
        const partition = partitionOf(record.base, topic.partitions)
        logs[partition]?.push(record)
        const body = { key: Buffer.from(record.base), value: encode(record), timestampMs: toMillis(record.at) }
        await rig.append([{ topic: topic.name, partition, ...body }])
      }
    },
    async store() {
      for (const [partition, log] of logs.entries()) {
        const from = stored[partition] ?? 0
        const entries = log.slice(from).map((value, index) => {
          const offset = from + index
          return { record: { offset, key: null, value: null, timestampMs: 0 }, offset, value }
        })
        if (entries.length === 0) continue
        const slot = { topic: topic.name, partition }
        const move = { consumer: 'sink-opportunities', slot, from, to: log.length, tail: undefined }
        const { text, values } = opportunitiesStatement(
          move,
          entries,
          entries.map(({ value }) => value.origin),
        )
        const { rows } = await rig.database.pool.query(text, [...values])
        if (rows[0]?.moved !== 1) throw new Error('the sink did not move')
        stored[partition] = log.length
      }
    },
  }
}
