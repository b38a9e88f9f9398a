import { randomUUID } from 'node:crypto'
import { maintainPartitions } from '../consumers/partitions.ts'
import type { ArbitrageConfig } from '../core/arbitrage/config.ts'
import type { Config } from '../io/config.ts'
import { writeConfigured } from '../io/configuration-change.ts'
import type { Difference, KafkaOptions } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { SERVICE_WRITER, openWriter } from '../io/kafka/writer.ts'
import { checkLogId, logIdOfDatabase, logIdOfKafka, logIdRecord, mismatch } from '../io/log-id.ts'
import type { Log } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import type { Registry } from '../io/registry.ts'
import { migrate } from '../migrations/main.ts'
import { catalogue, type Catalogue, type TopicSpec } from '../schemas/topics.ts'
import { publishFile, takeArbitrage } from './publishing.ts'
import type { RuleFile } from './rule-files.ts'
import { takeRules } from './take-rules.ts'

export const BOOTSTRAP_STEPS = ['topics', 'schemas', 'tables and views', 'log id', 'partitions', 'symbols'] as const
export type BootstrapStep = (typeof BOOTSTRAP_STEPS)[number]

export type BootstrapDeps = {
  readonly kafka: KafkaOptions
  readonly registry: Registry
  /** A login that may create roles, or one that a bootstrap was run for before. */
  readonly databaseUrl: string
  readonly config: Config
  /** Of the configuration file; without one none is published, and no opportunity is found. */
  readonly arbitrage?: ArbitrageConfig
  /** Rules that ship; without them none is added. */
  readonly rules?: readonly RuleFile[]
  /** Told what somebody should look at; nothing fails by it. */
  readonly notice?: (line: string) => void
  readonly log: Log
  /** Instead of the configuration's own; for tests. */
  readonly topics?: Catalogue
  /** Told before each step. */
  readonly onProgress?: (step: BootstrapStep) => void
}

/**
 * Makes everything the roles need; idempotent, and safe beside a running pipeline. Answers how existing topics differ from
 * the catalogue. Throws DATABASE_MISMATCH if the database was filled from another log.
 */
export async function bootstrap(deps: BootstrapDeps): Promise<readonly Difference[]> {
  const { config, log, onProgress = () => undefined } = deps
  const topics = deps.topics ?? catalogue(config.partitions)
  onProgress('topics')
  const differences = await ensureTopics(deps, Object.values(topics))
  onProgress('schemas')
  await deps.registry.register(Object.values(topics))
  onProgress('tables and views')
  await migrate(deps.databaseUrl, log)
  const pool = openPool(deps.databaseUrl, 'ingest_rw', log, 2)
  try {
    onProgress('log id')
    await bindLog(deps, pool, topics)
    onProgress('partitions')
    await maintainPartitions({ database: pool, log, nowMs: Date.now(), retentionDays: config.retentionDays })
    onProgress('symbols')
    await writeConfigured(pool, await publishFile(deps, pool, topics.control))
    if (deps.arbitrage !== undefined) await takeArbitrage(pool, deps.arbitrage, log)
  } finally {
    await pool.end()
  }
  if (deps.rules !== undefined) await takeRules(deps, deps.rules)
  return differences
}

async function ensureTopics(deps: BootstrapDeps, wanted: readonly TopicSpec[]): Promise<readonly Difference[]> {
  const topics = await openTopics(deps.kafka)
  try {
    return await topics.ensure(wanted)
  } finally {
    await topics.close()
  }
}

type Pool = ReturnType<typeof openPool>

/**
 * Gives log and database the same id if neither has one. PostgreSQL first: if we die before Kafka has it, the next run
 * finds a database that has read nothing yet and finishes.
 */
async function bindLog(deps: BootstrapDeps, pool: Pool, { control }: Catalogue): Promise<void> {
  const ranges = await openRanges(deps.kafka)
  try {
    const [ofKafka, ofDatabase] = [await logIdOfKafka(ranges, control), await logIdOfDatabase(pool)]
    if (ofKafka !== undefined) {
      await checkLogId(ranges, control, pool)
      return
    }
    const { rows } = await pool.query<{ read: boolean }>('select exists (select from ingest.offsets) as read')
    if (ofDatabase !== undefined && rows[0]?.read === true) throw mismatch(ofKafka, ofDatabase)
    // Of two bootstraps at a time both write the id of the one that was first.
    await pool.query('insert into ingest.log (log_id) values ($1) on conflict do nothing', [randomUUID()])
    const logId = await logIdOfDatabase(pool)
    if (logId === undefined) throw mismatch(ofKafka, ofDatabase)
    const writer = await openWriter({ ...SERVICE_WRITER, ...deps.kafka })
    await writer.append([logIdRecord(control, logId, Date.now())]).finally(() => writer.close(5000))
    await checkLogId(ranges, control, pool)
    deps.log.info({ logId }, 'log_bound')
  } finally {
    await ranges.close()
  }
}
