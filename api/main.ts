import { loadAlerts, loadConfig } from '../io/config.ts'
import { required } from '../io/environment.ts'
import { runService } from '../io/service.ts'
import { catalogue } from '../schemas/topics.ts'
import { startApi } from './service.ts'

await runService('api', async ({ environment, log, metrics }) => {
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const { targets, passMs } = await loadAlerts(environment.CROSSTIDE_CONFIG)
  return startApi({
    port: environment.PORT,
    access: {
      host: environment.CROSSTIDE_HOST,
      keys: environment.CROSSTIDE_API_KEYS ?? [],
      origins: environment.CROSSTIDE_CORS_ORIGINS ?? [],
      localKeyHash: environment.CROSSTIDE_LOCAL_KEY_HASH,
    },
    database: required(environment, 'DATABASE_URL'),
    brokers: required(environment, 'KAFKA_BROKERS'),
    registry: required(environment, 'SCHEMA_REGISTRY_URL'),
    source: environment.CROSSTIDE_SOURCE,
    topics: catalogue(config.partitions),
    config,
    // Not imported, but run beside us: what processors do is theirs (io/rule-lab.ts).
    lab: new URL('../processors/lab/main.ts', import.meta.url),
    webhooks: Object.keys(targets),
    passMs,
    log,
    metrics,
  })
})
