/** The sending half as a process of its own, so that a test may kill it; what it works on is the JSON of its first argument. */
import { z } from 'zod'
import { openAlerts } from '../../consumers/alerts/run.ts'
import { createMetrics } from '../../io/metrics.ts'
import { failpoints } from '../../io/processor/failpoints.ts'
import { silentLog } from './database.ts'
import { alertsConfig } from './alerts-rig.ts'

const settings = z.object({
  database: z.string(),
  config: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.string()),
  failpoints: z.string(),
  silentMs: z.number(),
})
export type Settings = z.infer<typeof settings>

const given = settings.parse(JSON.parse(process.argv[2] ?? ''))
const { config, secrets, database: databaseUrl, silentMs } = given
await openAlerts({
  config: alertsConfig(config),
  secrets: new Map(Object.entries(secrets)),
  databaseUrl,
  announce: () => undefined,
  metrics: createMetrics('test', '0'),
  log: silentLog,
  signal: new AbortController().signal,
  failpoint: failpoints(given.failpoints),
  silentMs,
  pollMs: 20,
}).run()
