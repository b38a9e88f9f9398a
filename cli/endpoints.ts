import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'

const schema = z.object({
  api: z.string(),
  kafka: z.string(),
  registry: z.string(),
  database: z.string(),
  source: z.enum(SOURCES),
  simulator: z.string().optional(),
  pids: z.record(z.string(), z.number()),
})

/** Where a running pipeline answers; `endpoints.json` in its data directory, there only while everything is ready. */
export type Endpoints = z.infer<typeof schema>

const FILE = 'endpoints.json'

/** Data directory of a source: each has its own, so that simulated and real ticks never mix. */
export const dataDirectory = (environment: Environment, source: Source): string =>
  resolve(environment.CROSSTIDE_DATA_DIR ?? join('.crosstide', source))

/** Readable by its owner only: the database address holds a password. */
export async function writeEndpoints(directory: string, endpoints: Endpoints): Promise<void> {
  await writeFile(join(directory, FILE), `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 })
}

export const removeEndpoints = (directory: string): Promise<void> => rm(join(directory, FILE), { force: true })

async function readEndpoints(directory: string): Promise<Endpoints | undefined> {
  const text = await readFile(join(directory, FILE), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}

/** Every pipeline that runs here: that of `CROSSTIDE_DATA_DIR` if set, else those below `.crosstide/`. */
export async function runningPipelines(
  environment: Environment,
): Promise<readonly { directory: string; endpoints: Endpoints }[]> {
  const root = resolve('.crosstide')
  const directories =
    environment.CROSSTIDE_DATA_DIR === undefined
      ? (await readdir(root).catch(() => [])).map((name) => join(root, name))
      : [resolve(environment.CROSSTIDE_DATA_DIR)]
  const found = await Promise.all(
    directories.map(async (directory) => ({ directory, endpoints: await readEndpoints(directory) })),
  )
  return found.flatMap(({ directory, endpoints }) =>
    endpoints !== undefined && isAlive(endpoints.pids['up']) ? [{ directory, endpoints }] : [],
  )
}

/**
 * Addresses for a command that talks to a pipeline: those of the environment, completed from the one that runs here.
 * Throws WRONG_USE if what is needed is neither set nor running, or if several run and none was named.
 */
export async function connection(
  environment: Environment,
  source?: Source,
): Promise<{
  readonly brokers: readonly string[]
  readonly registry: string
  readonly database: string
  readonly api: string
  /** Stands in for the exchanges; `undefined`: they are the real ones. */
  readonly simulator: string | undefined
}> {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, PORT } = environment
  if (KAFKA_BROKERS !== undefined && SCHEMA_REGISTRY_URL !== undefined && DATABASE_URL !== undefined) {
    return {
      brokers: KAFKA_BROKERS,
      registry: SCHEMA_REGISTRY_URL,
      database: DATABASE_URL,
      api: `http://127.0.0.1:${PORT}`,
      simulator: environment.CROSSTIDE_SIMULATOR_URL,
    }
  }
  const running = (await runningPipelines(environment)).filter(
    ({ endpoints }) => source === undefined || endpoints.source === source,
  )
  const [only, ...others] = running
  if (only === undefined) throw new PipelineError('WRONG_USE', 'no pipeline is running here; start one with: npm start')
  if (others.length > 0) {
    const names = running.map(({ endpoints }) => endpoints.source).join(', ')
    throw new PipelineError('WRONG_USE', `several pipelines are running (${names}); choose one with --source`)
  }
  const { kafka, registry, database, api, simulator } = only.endpoints
  return {
    brokers: KAFKA_BROKERS ?? kafka.split(','),
    registry: SCHEMA_REGISTRY_URL ?? registry,
    database: DATABASE_URL ?? database,
    api,
    simulator: environment.CROSSTIDE_SIMULATOR_URL ?? simulator,
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
