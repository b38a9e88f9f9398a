import { inject } from 'vitest'
import { alertsStatement } from '../../consumers/alerts/alerts-sink.ts'
import type { WrittenAlert } from '../../core/alert.ts'
import { openRegistry } from '../../io/registry.ts'
import { alertCodec } from '../../schemas/matches.ts'
import type { ApiRig } from './api.ts'

/** What writes alerts and its sink, as the API meets them: all in partition 0. */
export type LiveAlertsRig = {
  /** Appends alerts to the topic. */
  say(...alerts: readonly WrittenAlert[]): Promise<void>
  /** Stores what was said and is not stored yet by the sink's own statement. */
  store(): Promise<void>
}

export async function openLiveAlerts(rig: ApiRig): Promise<LiveAlertsRig> {
  const { alerts: topic } = rig.topics
  const slot = { topic: topic.name, partition: 0 }
  const consumer = 'sink-alerts'
  const encode = await openRegistry(inject('stack').registry).encoder(topic.name, alertCodec)
  const log: WrittenAlert[] = []
  let stored = 0
  await rig.database.pool.query(
    'insert into ingest.offsets (consumer, topic, part, next_offset) values ($1, $2, 0, 0)',
    [consumer, topic.name],
  )
  return {
    async say(...alerts) {
      log.push(...alerts)
      await rig.append(
        alerts.map((alert) => {
          const body = { key: Buffer.from(alert.alertKey), value: encode(alert), timestampMs: Date.now() }
          return { ...slot, ...body }
        }),
      )
    },
    async store() {
      const move = { consumer, slot, from: stored, to: log.length, tail: undefined }
      const known = new Set(log.slice(0, stored).map(({ alertId }) => alertId))
      const entries = log.slice(stored).flatMap((value, index) => {
        if (known.has(value.alertId)) return []
        known.add(value.alertId)
        const offset = stored + index
        return [{ record: { offset, key: null, value: null, timestampMs: 0 }, offset, value }]
      })
      const { text, values } = alertsStatement(move, entries, [], ['desk'])
      const { rows } = await rig.database.pool.query(text, [...values])
      if (rows[0]?.moved !== 1 || rows[0]?.stored !== entries.length) throw new Error('the sink did not store them')
      stored = log.length
    },
  }
}
