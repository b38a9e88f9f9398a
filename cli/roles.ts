import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProcessSpec } from '../dev/process.ts'
import type { Environment, Source } from '../io/environment.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The roles of the pipeline in the order they start, each a process with a `main.ts` of its own. */
export const ROLES = ['simulator', 'producers', 'processors', 'consumers', 'api'] as const
export type Role = (typeof ROLES)[number]

const MAIN: Readonly<Record<Role, string>> = {
  simulator: 'dev/simulator/main.ts',
  producers: 'producers/main.ts',
  processors: 'processors/main.ts',
  consumers: 'consumers/main.ts',
  api: 'api/main.ts',
}

/** Address of a role's entry point. */
export const mainOf = (role: Role): string => join(ROOT, MAIN[role])

/** What all roles of one pipeline share. */
export type Wiring = {
  readonly dataDir: string
  readonly source: Source
  readonly brokers: readonly string[]
  readonly registry: string
  /** Each role logs in to PostgreSQL as a user that may do what it does and nothing else. */
  readonly databaseOf: (role: Role) => string
  readonly simulator: string | undefined
  /** Of the key that `up` made; `undefined`: the environment says who may write. */
  readonly writeKeyHash: string | undefined
}

/** How a role is started; `inherited` is the parent's own environment. */
export function roleProcess(
  role: Role,
  wiring: Wiring,
  environment: Environment,
  inherited: Readonly<Record<string, string | undefined>>,
): ProcessSpec {
  return {
    name: role,
    command: process.execPath,
    // The garbage collector's pauses are end-to-end latency: a young generation that a second's ticks fit into halves them.
    // Type stripping of the page is called experimental still; the warning is no line of a JSON log.
    args: ['--max-semi-space-size=32', '--disable-warning=ExperimentalWarning', mainOf(role)],
    dataDir: wiring.dataDir,
    env: {
      ...inherited,
      KAFKA_BROKERS: wiring.brokers.join(','),
      SCHEMA_REGISTRY_URL: wiring.registry,
      DATABASE_URL: wiring.databaseOf(role),
      CROSSTIDE_SOURCE: wiring.source,
      CROSSTIDE_SIMULATOR_URL: wiring.simulator,
      CROSSTIDE_SIMULATOR_PORT: wiring.simulator === undefined ? undefined : new URL(wiring.simulator).port,
      CROSSTIDE_JOURNAL: journalOf(environment, role),
      CROSSTIDE_OPS_PORT: '0',
      ...(role === 'api' && wiring.writeKeyHash !== undefined ? { CROSSTIDE_LOCAL_KEY_HASH: wiring.writeKeyHash } : {}),
    },
  }
}

/** Under `up` the variable names a folder, in which each role has its file. */
const journalOf = ({ CROSSTIDE_JOURNAL }: Environment, role: Role): string | undefined =>
  CROSSTIDE_JOURNAL === undefined ? undefined : join(CROSSTIDE_JOURNAL, `${role}.jsonl`)
