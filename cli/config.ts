import { hostname, userInfo } from 'node:os'
import { PipelineError } from '../core/errors.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { changeLines, configChanges } from '../io/config-changes.ts'
import { loadConfig, type Config } from '../io/config.ts'
import { alone, writeConfigured } from '../io/configuration-change.ts'
import { configurationRecord, nextConfiguration, readConfiguration, type Configuration } from '../io/configuration.ts'
import type { Environment, Source } from '../io/environment.ts'
import type { KafkaOptions } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../io/kafka/writer.ts'
import { createLog, type Log } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { openRegistry, type Registry } from '../io/registry.ts'
import { catalogue, type Catalogue } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'

export type ConfigDeps = {
  readonly kafka: KafkaOptions
  readonly registry: Registry
  readonly databaseUrl: string
  readonly topics: Catalogue
  readonly log: Log
  readonly by: string
  readonly print: (line: string) => void
}

/** `crosstide config show`: the document in effect. */
export async function configShow(environment: Environment, source: Source | undefined, json: boolean): Promise<number> {
  return showConfig(await depsOf(environment, source), json)
}

/** `crosstide config validate FILE`: throws BAD_CONFIG that names every field with a problem. */
export async function configValidate(file: string): Promise<number> {
  const { exchanges } = await loadConfig(file)
  const symbols = Object.values(exchanges).reduce((sum, one) => sum + one.symbols.length, 0)
  process.stdout.write(`valid: ${Object.keys(exchanges).length} exchanges, ${symbols} symbols\n`)
  return 0
}

/** `crosstide config apply FILE`: running producers follow it; `dryRun` only says what would change. */
export async function configApply(
  environment: Environment,
  file: string,
  { source, dryRun }: { readonly source: Source | undefined; readonly dryRun: boolean },
): Promise<number> {
  const config = await loadConfig(file)
  return applyConfig(await depsOf(environment, source), config, dryRun)
}

async function depsOf(environment: Environment, source: Source | undefined): Promise<ConfigDeps> {
  const { brokers, registry, database } = await connection(environment, source)
  const { partitions } = await loadConfig(environment.CROSSTIDE_CONFIG)
  const log = createLog('cli', 'error')
  return {
    kafka: { brokers, clientId: 'crosstide-config', log },
    registry: openRegistry(registry),
    databaseUrl: database,
    topics: catalogue(partitions),
    log,
    by: `${userInfo().username}@${hostname()}`,
    print: (line) => void process.stdout.write(`${line}\n`),
  }
}

export async function showConfig({ kafka, topics, log, print }: ConfigDeps, json: boolean): Promise<number> {
  const ranges = await openRanges(kafka)
  const { found } = await readConfiguration(ranges, topics.control, log).finally(() => ranges.close())
  if (found === undefined) throw unpublished()
  if (json) print(JSON.stringify(found))
  else {
    print(`epoch ${found.epoch}, by ${found.by} at ${found.at}`)
    print(JSON.stringify(found.config, undefined, 2))
  }
  return 0
}

/**
 * Publishes a configuration if it differs from the one in effect, and says how. Throws BAD_CONFIG if it changes what is
 * read at a start only. The rows that say what is configured follow it.
 */
export async function applyConfig(deps: ConfigDeps, config: Config, dryRun: boolean): Promise<number> {
  const { kafka, topics, log, print, by } = deps
  const pool = openPool(deps.databaseUrl, 'ingest_rw', log, 2)
  const ranges = await openRanges(kafka)
  try {
    return await alone(pool, async () => {
      const { found } = await readConfiguration(ranges, topics.control, log)
      if (found === undefined) throw unpublished()
      const changes = configChanges(found.config, config)
      if (changes.fixed.length > 0) throw atStartOnly(changes.fixed)
      const lines = changeLines(changes)
      for (const line of lines) print(line)
      if (lines.length === 0 && JSON.stringify(found.config) === JSON.stringify(config)) {
        print(`nothing changes; epoch ${found.epoch} stays in effect`)
        return 0
      }
      if (dryRun) return 0
      const next = nextConfiguration(found, config, { by, at: new Date().toISOString() })
      const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
      await writer.append([configurationRecord(topics.control, next)]).finally(() => writer.close(5000))
      await writeConfigured(pool, config)
      await announce(deps, next, lines)
      print(`epoch ${next.epoch} is in effect`)
      return 0
    })
  } finally {
    await ranges.close()
    await pool.end()
  }
}

/** Who changed what, and when, on record. */
async function announce({ kafka, registry, topics, by }: ConfigDeps, next: Configuration, lines: readonly string[]) {
  const announcer = await openAnnouncer('cli', { kafka, registry, topics })
  announcer.event({
    kind: 'COMMAND',
    message: `configuration ${next.epoch} applied by ${by}`,
    details: { epoch: String(next.epoch), hash: next.hash, by, changes: lines.join('; ') },
  })
  await announcer.close(5000)
}

function atStartOnly(fields: readonly string[]): PipelineError {
  const mend = 'edit crosstide.config.json and start again'
  return new PipelineError('BAD_CONFIG', `cannot change at run time, only at a start: ${fields.join(', ')}; ${mend}`)
}

const unpublished = (): PipelineError =>
  new PipelineError('WRONG_USE', 'no configuration was published yet; run: crosstide bootstrap')
