import { alertsSink } from '../../consumers/alerts/alerts-sink.ts'
import { openAlerts, type AlertsDeps } from '../../consumers/alerts/run.ts'
import type { WrittenAlert } from '../../core/alert.ts'
import { readAlerts, type AlertsConfig } from '../../io/alerts-config.ts'
import { createMetrics } from '../../io/metrics.ts'
import { jsonDecoder, logOf, play, recordOf, rigOf, TOPIC } from '../consumers/rig.ts'
import { openPool } from '../../io/postgres.ts'
import { silentLog, type TestDatabase } from './database.ts'

/** A configuration as its file would say it, without waits. */
export function alertsConfig(value: object): AlertsConfig {
  const read = readAlerts({ groupWaitMs: 0, resolveWaitMs: 0, ...value })
  if ('alerts' in read) return read.alerts
  throw new Error(JSON.stringify(read.problems))
}

/** Stores alerts as the sink does, with outbox rows for the channels. */
export async function storeAlerts(
  own: TestDatabase,
  alerts: readonly WrittenAlert[],
  channels: readonly string[],
): Promise<void> {
  const database = openPool(own.url, 'ingest_rw', silentLog, 2)
  try {
    const { rows } = await own.pool.query<{ next: string | null }>(
      'select max(next_offset) as next from ingest.offsets',
    )
    const first = Number(rows[0]?.next ?? 0)
    const before = Array.from({ length: first }, (_, n) => recordOf(n, {}))
    const records = alerts.map((value, n) => recordOf(first + n, value))
    await own.pool.query('update ingest.offsets set tail_timestamp = null, tail_crc = null')
    await play(rigOf(alertsSink(TOPIC, jsonDecoder(), channels), database, logOf([...before, ...records])).stage, [
      ...before,
      ...records,
    ])
  } finally {
    await database.end()
  }
}

export type Event = Parameters<AlertsDeps['announce']>[0]

/** The sending half on a database of its own. */
export function startAlerts(own: TestDatabase, config: AlertsConfig, change: Partial<AlertsDeps> = {}) {
  const abort = new AbortController()
  const events: Event[] = []
  const metrics = createMetrics('test', '0')
  const alerts = openAlerts({
    config,
    secrets: new Map(),
    databaseUrl: own.url,
    announce: (event) => void events.push(event),
    metrics,
    log: silentLog,
    signal: abort.signal,
    pollMs: 20,
    graceMs: 100,
    ...change,
  })
  const running = alerts.run()
  running.catch(() => undefined)
  return {
    alerts,
    events,
    metrics,
    running,
    async stop() {
      abort.abort()
      await running
    },
  }
}

export type OutboxRow = {
  readonly channel: string
  readonly n: number
  readonly outcome: string | null
  readonly attempts: number
  readonly uncertain: number
  readonly reason: string | null
}

/** The outbox, `n` being the offset of the alert. */
export const outboxOf = async (own: TestDatabase): Promise<readonly OutboxRow[]> =>
  (
    await own.pool.query<OutboxRow>(
      `select o.channel, a.log_offset::int as n, o.outcome, o.attempts, o.uncertain, o.reason
         from ingest.alert_outbox o join alerts a using (alert_id) order by o.outbox_id`,
    )
  ).rows
