import { rm } from 'node:fs/promises'
import { bootstrap } from '../cli/bootstrap.ts'
import { SHIPPED_RULES, loadRuleFiles } from '../cli/rule-files.ts'
import { roleProcess, ROLES, type Role, type Wiring } from '../cli/roles.ts'
import { describeExit, superviseRole, type SupervisedRole } from '../cli/supervisor.ts'
import type { ArbitrageConfig } from '../core/arbitrage/config.ts'
import type { BrokerCount } from '../dev/brokers.ts'
import type { Variables } from '../dev/java.ts'
import { freePort } from '../dev/ports.ts'
import { startStack, type Stack } from '../dev/stack.ts'
import type { Config } from '../io/config.ts'
import type { Environment } from '../io/environment.ts'
import type { Log } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'

const ROLE_STOP_MS = 9000

export type PipelineOptions = {
  readonly environment: Environment
  readonly variables: Variables
  readonly config: Config
  readonly arbitrage: ArbitrageConfig
  readonly log: Log
  /** Emptied before, and used by nothing else: a bench must not meet a user's data. */
  readonly dataDir: string
  readonly brokers: BrokerCount
  readonly say: (text: string) => void
}

/** The embedded stack, on free ports; the roles are started anew for each rate. */
export type Pipeline = {
  readonly stack: Stack
  startRoles(framesPerSecond: number): Promise<Running>
  stop(): Promise<void>
}

/** All roles, running at one rate. */
export type Running = {
  readonly api: string
  /** Where the simulator's metrics are. */
  readonly simulatorOps: string
  pids(): Readonly<Record<string, number>>
  /** Roles that died since the start, each a sentence. */
  deaths(): readonly string[]
  stop(): Promise<void>
}

export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { dataDir, variables, config, log, say } = options
  await rm(dataDir, { recursive: true, force: true })
  const stack = await startStack({
    dataDir,
    ports: { kafka: 0, registry: 0, postgres: 0 },
    brokers: options.brokers,
    external: {},
    variables,
    onProgress: ({ part, state, detail }) => say(`${part}: ${state} ${detail}`),
    onExit: (part, exit) => say(`${part} ${describeExit(exit)}`),
  })
  try {
    await bootstrap({
      kafka: { brokers: stack.brokers, clientId: 'crosstide-bench', log },
      registry: openRegistry(stack.registry),
      databaseUrl: stack.database,
      config,
      arbitrage: options.arbitrage,
      rules: await loadRuleFiles([SHIPPED_RULES]),
      log,
    })
  } catch (error) {
    await stack.stop()
    throw error
  }
  return { stack, startRoles: (rate) => startRoles(options, stack, rate), stop: () => stack.stop() }
}

async function startRoles(options: PipelineOptions, stack: Stack, framesPerSecond: number): Promise<Running> {
  const port = await freePort()
  const variables = {
    ...options.variables,
    PORT: String(port),
    LOG_LEVEL: 'warn',
    CROSSTIDE_SIMULATOR_RATE: String(framesPerSecond),
  }
  const roles: SupervisedRole[] = []
  const deaths: string[] = []
  const died = (role: string, what: string): void => void deaths.push(`${role} ${what}`)
  let simulator: string | undefined
  const stop = async (): Promise<void> => {
    for (const role of roles.toReversed()) await role.stop(ROLE_STOP_MS)
  }
  const start = async (role: Role): Promise<SupervisedRole> => {
    const wiring: Wiring = {
      dataDir: options.dataDir,
      source: 'simulated',
      brokers: stack.brokers,
      registry: stack.registry,
      databaseOf: () => stack.database,
      simulator,
      writeKeyHash: undefined,
    }
    const started = await superviseRole(roleProcess(role, wiring, options.environment, variables), {
      restarted: (name, exit) => died(name, describeExit(exit)),
      replaced: () => undefined,
      gaveUp: (name, exit) => died(name, `${describeExit(exit)} and does not stay up`),
    })
    roles.push(started)
    return started
  }
  try {
    const first = await start('simulator')
    simulator = `http://127.0.0.1:${first.ready().facts['port'] ?? ''}`
    for (const role of ROLES.filter((one) => one !== 'simulator')) await start(role)
    return {
      api: `http://127.0.0.1:${port}`,
      simulatorOps: `http://127.0.0.1:${first.ready().opsPort}`,
      pids: () => ({ ...Object.fromEntries(roles.map((role) => [role.name, role.pid()])), ...stack.pids() }),
      deaths: () => deaths,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
