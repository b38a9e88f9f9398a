import { closest } from 'fastest-levenshtein'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'

export const SOURCES = ['simulated', 'live', 'recorded'] as const
export type Source = (typeof SOURCES)[number]

const port = z.coerce.number().int().min(0).max(65_535)
/** `name:hash` or `name:hash:write`, by comma; the hash is the SHA-256 of the key in hex: whoever reads this has not the key. */
const apiKeys = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine(
    (keys) => keys.every((one) => /^[\w.-]{1,32}:[0-9a-f]{64}(:write)?$/.test(one)),
    'not a list of name:hash or name:hash:write, hash being the SHA-256 of the key as 64 lower-case hex digits',
  )
  .transform((keys) => keys.map(keyOf))
function keyOf(text: string): { readonly name: string; readonly hash: string; readonly scope?: 'write' } {
  const [name = '', hash = '', scope] = text.split(':')
  return scope === undefined ? { name, hash } : { name, hash, scope: 'write' }
}
const origins = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine(
    (all) => all.every((one) => URL.canParse(one) && /^https?:[^*]*$/.test(one) && new URL(one).origin === one),
    'not a list of origins like https://example.org',
  )
const url = (protocols: RegExp) => z.url({ protocol: protocols })

const schema = z.object({
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .refine((brokers) => brokers.every((broker) => /^[^\s:]+:\d+$/.test(broker)), 'not a list of host:port')
    .optional(),
  SCHEMA_REGISTRY_URL: url(/^https?$/).optional(),
  DATABASE_URL: url(/^postgres(ql)?$/).optional(),
  PORT: port.default(8080),
  /** Address the API listens on. Beyond loopback it needs keys. */
  CROSSTIDE_HOST: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'not an address')
    .default('127.0.0.1'),
  CROSSTIDE_API_KEYS: apiKeys.optional(),
  /** SHA-256 of the key by which this machine writes; `crosstide up` makes the key and sets this. */
  CROSSTIDE_LOCAL_KEY_HASH: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'not a SHA-256 as 64 lower-case hex digits')
    .optional(),
  /** Origins whose pages may read the API from a browser. */
  CROSSTIDE_CORS_ORIGINS: origins.optional(),
  /** The way to the exchanges: http://user:password@host:port; what is reached without it, by comma. */
  HTTPS_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  CHROMIUM_PATH: z.string().optional(),
  CROSSTIDE_CONFIG: z.string().default('crosstide.config.json'),
  CROSSTIDE_DATA_DIR: z.string().optional(),
  CROSSTIDE_KAFKA_PORT: port.default(9092),
  /** Embedded brokers: one, or three on the port and the two after it. A data directory stays with its number. */
  CROSSTIDE_BROKERS: z
    .enum(['1', '3'])
    .default('1')
    .transform((text) => (text === '3' ? 3 : 1)),
  CROSSTIDE_REGISTRY_PORT: port.default(8081),
  CROSSTIDE_POSTGRES_PORT: port.default(5433),
  /** Port of a process's own /livez, /readyz, /metrics; 0: any free one. */
  CROSSTIDE_OPS_PORT: port.default(0),
  CROSSTIDE_SOURCE: z.enum(SOURCES).default('simulated'),
  /** Address of the simulator, `http://127.0.0.1:PORT`, where the source is simulated. */
  CROSSTIDE_SIMULATOR_URL: url(/^https?$/).optional(),
  CROSSTIDE_SIMULATOR_PORT: port.default(0),
  CROSSTIDE_SIMULATOR_RATE: z.coerce.number().min(10).max(100_000).optional(),
  CROSSTIDE_SIMULATOR_SEED: z.coerce.number().int().min(0).optional(),
  /** File of JSON lines: what the simulator shall do wrong, and when. */
  CROSSTIDE_SIMULATOR_SCRIPT: z.string().optional(),
  /** Folder of recorded sessions, where the source is recorded. */
  CROSSTIDE_RECORDING: z.string().optional(),
  CROSSTIDE_RECORDING_SPEED: z.union([z.literal('max'), z.coerce.number().positive()]).default(1),
  /** File each role appends JSON lines of what it did to, for the kill test and the bench; unset: none. */
  CROSSTIDE_JOURNAL: z.string().optional(),
  /** Named places where a processor ends itself, with what probability: for tests that kill (io/processor/failpoints.ts). */
  CROSSTIDE_FAILPOINTS: z.string().optional(),
  CROSSTIDE_JAVA_HOME: z.string().optional(),
  /** Who we are at the S3 endpoint that `crosstide archive` writes to. */
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  AWS_REGION: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'not a region')
    .default('us-east-1'),
  AWS_ENDPOINT_URL: url(/^https?$/).optional(),
  CROSSTIDE_LONG: z.string().optional(),
})

/** Names of all variables that are read. */
export const VARIABLES: readonly string[] = Object.keys(schema.shape)

/** The environment as every process reads it, once, in its `main.ts`. */
export type Environment = z.infer<typeof schema>

/**
 * Parses the environment; throws BAD_ENVIRONMENT that names every bad variable, and every unknown `CROSSTIDE_` one with the
 * nearest known name. An empty value counts as unset.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const unknown = Object.keys(set).filter((name) => name.startsWith('CROSSTIDE_') && !VARIABLES.includes(name))
  const parsed = schema.safeParse(set)
  const problems = [
    ...unknown.map((name) => `  ${name}: unknown; did you mean ${closest(name, VARIABLES)}?`),
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `  ${path.join('.')}: ${message}`),
  ]
  if (problems.length > 0 || !parsed.success) {
    throw new PipelineError('BAD_ENVIRONMENT', ['the environment has problems:', ...problems].join('\n'))
  }
  return Object.freeze(parsed.data)
}

/** A variable that the present role cannot do without; throws BAD_ENVIRONMENT naming it. */
export function required<K extends keyof Environment>(environment: Environment, name: K): NonNullable<Environment[K]> {
  const value = environment[name]
  if (value === undefined || value === null) throw new PipelineError('BAD_ENVIRONMENT', `${name} is not set`)
  return value
}
