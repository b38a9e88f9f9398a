import { mkdir, readdir } from 'node:fs/promises'
import { assertAccess } from '../api/access.ts'
import { PipelineError } from '../core/errors.ts'
import { brokerPorts } from '../dev/brokers.ts'
import { assertPortFree, freePort, portHolder } from '../dev/ports.ts'
import { readPidFiles } from '../dev/process.ts'
import type { Part } from '../dev/parts.ts'
import { startStack, type Stack } from '../dev/stack.ts'
import { loadArbitrage, loadConfig } from '../io/config.ts'
import type { Environment } from '../io/environment.ts'
import { createLog, withoutSecrets } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { bootstrap } from './bootstrap.ts'
import { dataDirectory, removeEndpoints, writeEndpoints, type Endpoints } from './endpoints.ts'
import { startLiveLine } from './live-line.ts'
import { roleLogins } from './logins.ts'
import { SHIPPED_RULES, loadRuleFiles } from './rule-files.ts'
import { createProgress, type Progress } from './progress.ts'
import { restartDelay } from './restart-policy.ts'
import { roleProcess, type Role, type Wiring } from './roles.ts'
import { stopOnSignal } from './signals.ts'
import { describeExit, superviseRole, type SupervisedRole } from './supervisor.ts'
import { welcome } from './welcome.ts'
import { localWriteKey, type WriteKey } from './write-key.ts'

type Variables = Readonly<Record<string, string | undefined>>

const LIVE_LINE_MS = 5000
/** All roles together; the stack then has four seconds, so that the whole stays below ten. */
const ROLES_STOP_MS = 5500
const ROLE_STOP_MIN_MS = 250

/**
 * `crosstide up`: starts what the environment does not give (PostgreSQL, Kafka, registry), bootstraps, starts the roles in
 * dependency order, watches all of it, and stops it in reverse order on the first signal; a second one exits at once.
 * Answers the exit code.
 */
export async function up(environment: Environment, variables: Variables): Promise<number> {
  const progress = createProgress((text) => process.stderr.write(text), Date.now)
  const stopping = new AbortController()
  const stops: (() => Promise<void>)[] = []
  let failure: string | undefined
  const fail = (reason: string): void => {
    failure ??= reason
    stopping.abort()
  }
  stopOnSignal(stopping)
  const dataDir = dataDirectory(environment, environment.CROSSTIDE_SOURCE)
  let stopStarted = 0
  const rolesGoneBy = (): number => stopStarted + ROLES_STOP_MS
  const run = {
    environment,
    variables,
    dataDir,
    progress,
    signal: stopping.signal,
    stops,
    mending: new Set<Promise<void>>(),
    rolesGoneBy,
    fail,
  }
  try {
    await startAll(run)
    await aborted(stopping.signal)
  } catch (error) {
    // A start that a signal interrupted fails in whatever it was doing; that is no failure.
    if (!stopping.signal.aborted) throw error
  } finally {
    stopStarted = Date.now()
    if (stops.length > 0 || failure !== undefined)
      progress.say(failure === undefined ? 'stopping …' : `stopping: ${failure}`)
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => progress.say(`  ! ${String(error)}`))
  }
  progress.say('stopped')
  return failure === undefined ? 0 : 1
}

type Run = {
  readonly environment: Environment
  readonly variables: Variables
  readonly dataDir: string
  readonly progress: Progress
  readonly signal: AbortSignal
  /** How to stop what was started, in the order it was started. */
  readonly stops: (() => Promise<void>)[]
  /** Parts that are coming back; a role that is started meanwhile would only die of it. */
  readonly mending: Set<Promise<void>>
  /** When the roles must have stopped, milliseconds since the epoch. */
  rolesGoneBy(): number
  fail(reason: string): void
}

async function startAll(run: Run): Promise<void> {
  const { environment, dataDir, progress, stops } = run
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const arbitrage = await loadArbitrage(environment.CROSSTIDE_CONFIG)
  assertDistinctPorts(environment)
  await assertRolesCanStart(environment)
  await mkdir(dataDir, { recursive: true })
  await assertOwnPort(run)
  const roles: SupervisedRole[] = []
  const stack = await startParts(run, () => publish())
  stops.push(() => stack.stop())
  if (stack.leftovers.length > 0) progress.say(`  ended what an earlier run left: ${stack.leftovers.join(', ')}`)

  progress.starting('bootstrap', 'topics, schemas, tables, views')
  const log = createLog('bootstrap', 'error')
  const differences = await bootstrap({
    kafka: { brokers: stack.brokers, clientId: 'crosstide-bootstrap', log },
    registry: openRegistry(stack.registry),
    databaseUrl: stack.database,
    config,
    arbitrage,
    rules: await loadRuleFiles([SHIPPED_RULES]),
    log,
    notice: (line) => progress.say(`  ! ${line}`),
  })
  for (const { topic, setting, wanted, found } of differences) {
    progress.say(`  ! ${topic}: ${setting} is ${found}, the catalogue says ${wanted}`)
  }
  progress.ready('bootstrap')
  run.signal.throwIfAborted()

  let published: Endpoints | undefined
  const publish = async (): Promise<void> => {
    if (published === undefined) return
    published = { ...published, pids: pidsOf(stack, roles) }
    await writeEndpoints(dataDir, published)
  }
  const writeKey = await localWriteKey(environment, dataDir)
  const simulator = await startRoles(run, stack, roles, writeKey, publish)
  published = {
    api: `http://127.0.0.1:${environment.PORT}`,
    kafka: stack.brokers.join(','),
    registry: stack.registry,
    database: stack.database,
    source: environment.CROSSTIDE_SOURCE,
    simulator,
    pids: {},
  }
  stops.push(() => removeEndpoints(dataDir))
  await publish()
  progress.say(welcome(published, dataDir, writeKey?.file))
  stops.push(startLiveLine(stack.database, LIVE_LINE_MS, (line) => progress.say(line)))
}

const pidsOf = (stack: Stack, roles: readonly SupervisedRole[]): Readonly<Record<string, number>> => ({
  up: process.pid,
  ...stack.pids(),
  ...Object.fromEntries(roles.map((role) => [role.name, role.pid()])),
})

/** Two parts on one port would fail late, and the second one would not say why. Throws PORT_BUSY. */
/** What a role would refuse once everything else runs, and after it had been started again four times. */
async function assertRolesCanStart({
  CROSSTIDE_HOST: host,
  CROSSTIDE_API_KEYS: keys = [],
  CROSSTIDE_SOURCE: source,
  CROSSTIDE_RECORDING: recording,
}: Environment): Promise<void> {
  assertAccess({ host, keys, origins: [] })
  if (source !== 'recorded' || recording === undefined) return
  await readdir(recording).catch((cause: unknown) => {
    throw new PipelineError('WRONG_USE', `cannot read the recording ${recording}`, { cause })
  })
}

function assertDistinctPorts(environment: Environment): void {
  const ports = [
    ['PORT', environment.PORT],
    ...(environment.KAFKA_BROKERS === undefined
      ? brokerPorts(environment.CROSSTIDE_KAFKA_PORT, environment.CROSSTIDE_BROKERS).map(
          (port, index) => [index === 0 ? 'CROSSTIDE_KAFKA_PORT' : `CROSSTIDE_KAFKA_PORT + ${index}`, port] as const,
        )
      : []),
    ...(environment.SCHEMA_REGISTRY_URL === undefined
      ? [['CROSSTIDE_REGISTRY_PORT', environment.CROSSTIDE_REGISTRY_PORT] as const]
      : []),
    ...(environment.DATABASE_URL === undefined
      ? [['CROSSTIDE_POSTGRES_PORT', environment.CROSSTIDE_POSTGRES_PORT] as const]
      : []),
  ] as const
  for (const [index, [name, port]] of ports.entries()) {
    const other = ports.slice(0, index).find((one) => one[1] === port && port !== 0)
    if (other !== undefined) throw new PipelineError('PORT_BUSY', `${other[0]} and ${name} are both ${port}`)
  }
}

/** Before anything is started: a port that an earlier, killed run of ours holds will be free by then. */
async function assertOwnPort({ environment, dataDir }: Run): Promise<void> {
  const holder = await portHolder(environment.PORT)
  const ours = await readPidFiles(dataDir)
  if (holder !== undefined && ours.some(({ pid }) => pid === holder.pid)) return
  await assertPortFree(environment.PORT, 'the page and API', 'PORT')
}

async function startParts(run: Run, changed: () => Promise<void>): Promise<Stack> {
  const { environment, variables, dataDir, progress, signal } = run
  const starts = new Map<Part, number[]>()
  const restart = async (stack: Stack, part: Part): Promise<void> => {
    const times = starts.get(part) ?? []
    starts.set(part, times)
    const delayMs = restartDelay(times, Date.now())
    if (delayMs === undefined) return run.fail(`${part} died too often; its log is in ${dataDir}/logs`)
    times.push(Date.now())
    const mending = stack.restart(part)
    run.mending.add(mending)
    await mending.finally(() => run.mending.delete(mending))
    progress.say(`  ✓ ${part} runs again`)
    await changed()
  }
  const stack: Stack = await startStack({
    dataDir,
    ports: {
      kafka: environment.CROSSTIDE_KAFKA_PORT,
      registry: environment.CROSSTIDE_REGISTRY_PORT,
      postgres: environment.CROSSTIDE_POSTGRES_PORT,
    },
    brokers: environment.CROSSTIDE_BROKERS,
    external: {
      brokers: environment.KAFKA_BROKERS,
      registry: environment.SCHEMA_REGISTRY_URL,
      database: environment.DATABASE_URL,
    },
    variables,
    signal,
    onProgress: ({ part, state, detail }) =>
      state === 'ready' || state === 'external'
        ? progress.ready(part, withoutSecrets(detail))
        : progress.starting(part, `${state}  ${detail}`),
    onExit: (part, exit) => {
      if (signal.aborted) return
      progress.say(`  ! ${part} ${describeExit(exit)}; starting it again`)
      restart(stack, part).catch((error: unknown) => {
        if (!signal.aborted) run.fail(`${part} does not come back: ${String(error)}`)
      })
    },
  })
  return stack
}

async function startRoles(
  run: Run,
  stack: Stack,
  roles: SupervisedRole[],
  writeKey: WriteKey | undefined,
  changed: () => Promise<void>,
): Promise<string | undefined> {
  const { environment, variables, dataDir, progress, stops } = run
  // On a database of yours the address you gave is used as it is: its logins are yours to hand out.
  const databaseOf = environment.DATABASE_URL === undefined ? await roleLogins(stack.database) : () => stack.database
  // Fixed for the run: a simulator that is started again must be where the producers look for it.
  const port = environment.CROSSTIDE_SIMULATOR_PORT === 0 ? await freePort() : environment.CROSSTIDE_SIMULATOR_PORT
  const simulator = environment.CROSSTIDE_SOURCE === 'simulated' ? `http://127.0.0.1:${port}` : undefined
  const start = async (role: Role): Promise<SupervisedRole> => {
    const wiring: Wiring = {
      dataDir,
      source: environment.CROSSTIDE_SOURCE,
      brokers: stack.brokers,
      registry: stack.registry,
      databaseOf,
      simulator,
      writeKeyHash: writeKey?.hash,
    }
    progress.starting(role)
    const supervised = await superviseRole(roleProcess(role, wiring, environment, variables), {
      restarted(name, exit, delayMs) {
        progress.say(`  ! ${name} ${describeExit(exit)}; starting it again in ${delayMs} ms`)
      },
      replaced: () => void changed(),
      mayStart: () => Promise.allSettled(run.mending),
      gaveUp: (name, exit) =>
        run.fail(`${name} ${describeExit(exit)} and does not stay up; its log is ${dataDir}/logs/${name}.log`),
    })
    roles.push(supervised)
    stops.push(() => supervised.stop(Math.max(ROLE_STOP_MIN_MS, run.rolesGoneBy() - Date.now())))
    progress.ready(role)
    run.signal.throwIfAborted()
    return supervised
  }
  if (simulator !== undefined) await start('simulator')
  await start('producers')
  await start('processors')
  await start('consumers')
  await start('api')
  return simulator
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
