import { planBrokers, type BrokerCount, type BrokerName, type BrokerPlan } from './brokers.ts'
import { ensureJars, type Jars } from './jars.ts'
import { requireJava, type Variables } from './java.ts'
import { startKafka, type JvmPart } from './kafka.ts'
import { freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import type { Running } from './process.ts'
import { startRegistry } from './registry.ts'

const SERVICES = ['postgres', 'kafka', 'registry'] as const
type Service = (typeof SERVICES)[number]
/** One process; Kafka is one of three where there are three brokers. */
export type Part = Exclude<Service, 'kafka'> | BrokerName

export type PartProgress = {
  readonly part: Part
  readonly state: 'fetching' | 'starting' | 'ready' | 'external'
  readonly detail: string
  readonly elapsedMs: number
}

export type PartOptions = {
  readonly dataDir: string
  /** 0: any free one, which then stays the same. Further brokers have the ports after Kafka's. */
  readonly ports: Readonly<Record<Service, number>>
  /** One unless told. */
  readonly brokers?: BrokerCount
  /** What is given from outside is used and not started. */
  readonly external: {
    readonly brokers?: readonly string[] | undefined
    readonly registry?: string | undefined
    readonly database?: string | undefined
  }
  /** The environment's variables, to find Java and the cache folder by, and for the children. */
  readonly variables: Variables
  /** Instead of the user's cache folder. */
  readonly cacheDir?: string
  readonly onProgress?: (progress: PartProgress) => void
  readonly signal: AbortSignal
}

export type PartStarters = {
  readonly registryPort: number
  /** Ours; none if they are given from outside. */
  readonly brokers: readonly BrokerPlan[]
  isExternal(service: Service): boolean
  /** Starts a part that is ours, for the first time or again; the registry after the database. */
  start(part: Part): Promise<Running>
  /** The database's address; ours is known once it has been started. */
  database(): string
}

/**
 * How to start each part that is not given from outside, with progress. Throws BAD_ENVIRONMENT if Java is needed and missing,
 * WRONG_USE if the data directory was made for another number of brokers.
 */
export async function partStarters(options: PartOptions): Promise<PartStarters> {
  const { dataDir, external, variables, signal, onProgress } = options
  const given = { postgres: external.database, kafka: external.brokers?.join(','), registry: external.registry }
  const isExternal = (service: Service): boolean => given[service] !== undefined
  const brokers = isExternal('kafka') ? [] : await planBrokers(dataDir, options.brokers ?? 1, options.ports.kafka)
  const [postgresPort, registryPort] = [await fixed(options.ports.postgres), await fixed(options.ports.registry)]
  const needsJava = !isExternal('kafka') || !isExternal('registry')
  const java = needsJava ? await requireJava(variables) : undefined
  let jars: Promise<Jars> | undefined
  let database = external.database ?? ''

  const report = (part: Part, state: PartProgress['state'], detail: string, since = performance.now()): void =>
    onProgress?.({ part, state, detail, elapsedMs: performance.now() - since })
  for (const service of SERVICES) {
    const address = given[service]
    if (address !== undefined) report(service, 'external', address)
  }

  const jvmPart = async (part: Part, port: number): Promise<JvmPart> => {
    if (java === undefined) throw new TypeError(`${part} is not ours to start`)
    const since = performance.now()
    const { cacheDir } = options
    jars ??= ensureJars({
      variables,
      java,
      signal,
      onProgress: (text) => report(part, 'fetching', text, since),
      ...(cacheDir === undefined ? {} : { cacheDir }),
    })
    return { dataDir, port, java, jars: await jars, variables, signal }
  }
  const start = async (part: Part, port: number): Promise<Running> => {
    switch (part) {
      case 'postgres': {
        const running = await startPostgres({ dataDir, port, variables, signal })
        database = running.url
        return running
      }
      case 'registry': {
        // On a server that is not ours the name must say whose it is.
        const databaseName = isExternal('postgres') ? 'crosstide_registry' : 'registry'
        return startRegistry({ ...(await jvmPart(part, port)), database, databaseName })
      }
      case 'kafka':
      case 'kafka-1':
      case 'kafka-2':
      case 'kafka-3':
        return startKafka({ ...(await jvmPart(part, port)), name: part, member: memberOf(part) })
    }
  }
  const memberOf = (name: BrokerName) => brokers.find((one) => one.name === name)?.member
  const portOf = (part: Part): number => {
    if (part === 'postgres') return postgresPort
    return part === 'registry' ? registryPort : (brokers.find(({ name }) => name === part)?.port ?? 0)
  }
  return {
    registryPort,
    brokers,
    isExternal,
    database: () => database,
    async start(part) {
      const since = performance.now()
      const port = portOf(part)
      report(part, 'starting', `port ${port}`)
      const running = await start(part, port)
      report(part, 'ready', `port ${port}, pid ${running.pid}`, since)
      return running
    },
  }
}

const fixed = async (port: number): Promise<number> => (port === 0 ? freePort() : port)
