import { ensureJars, type Jars } from './jars.ts'
import { requireJava, type Variables } from './java.ts'
import { startKafka, type JvmPart } from './kafka.ts'
import { freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import type { Running } from './process.ts'
import { startRegistry } from './registry.ts'

export const PARTS = ['postgres', 'kafka', 'registry'] as const
export type Part = (typeof PARTS)[number]

export type PartProgress = {
  readonly part: Part
  readonly state: 'fetching' | 'starting' | 'ready' | 'external'
  readonly detail: string
  readonly elapsedMs: number
}

export type PartOptions = {
  readonly dataDir: string
  /** 0: any free one, which then stays the same. */
  readonly ports: Readonly<Record<Part, number>>
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
  readonly ports: Readonly<Record<Part, number>>
  isExternal(part: Part): boolean
  /** Starts a part that is ours, for the first time or again; the registry after the database. */
  start(part: Part): Promise<Running>
  /** The database's address; ours is known once it has been started. */
  database(): string
}

/** How to start each part that is not given from outside, with progress; throws BAD_ENVIRONMENT if Java is needed and missing. */
export async function partStarters(options: PartOptions): Promise<PartStarters> {
  const { dataDir, external, variables, signal, onProgress } = options
  const given = { postgres: external.database, kafka: external.brokers?.join(','), registry: external.registry }
  const isExternal = (part: Part): boolean => given[part] !== undefined
  const ports = await fixedPorts(options.ports)
  const needsJava = !isExternal('kafka') || !isExternal('registry')
  const java = needsJava ? await requireJava(variables) : undefined
  let jars: Promise<Jars> | undefined
  let database = external.database ?? ''

  const report = (part: Part, state: PartProgress['state'], detail: string, since = performance.now()): void =>
    onProgress?.({ part, state, detail, elapsedMs: performance.now() - since })
  for (const part of PARTS) {
    const address = given[part]
    if (address !== undefined) report(part, 'external', address)
  }

  const jvmPart = async (part: 'kafka' | 'registry'): Promise<JvmPart> => {
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
    return { dataDir, port: ports[part], java, jars: await jars, variables, signal }
  }
  const start: Record<Part, () => Promise<Running>> = {
    async postgres() {
      const running = await startPostgres({ dataDir, port: ports.postgres, variables, signal })
      database = running.url
      return running
    },
    kafka: async () => startKafka(await jvmPart('kafka')),
    registry: async () =>
      startRegistry({
        ...(await jvmPart('registry')),
        database,
        // On a server that is not ours the name must say whose it is.
        databaseName: isExternal('postgres') ? 'crosstide_registry' : 'registry',
      }),
  }
  return {
    ports,
    isExternal,
    database: () => database,
    async start(part) {
      const since = performance.now()
      report(part, 'starting', `port ${ports[part]}`)
      const running = await start[part]()
      report(part, 'ready', `port ${ports[part]}, pid ${running.pid}`, since)
      return running
    },
  }
}

async function fixedPorts(ports: Readonly<Record<Part, number>>): Promise<Readonly<Record<Part, number>>> {
  const fixed = async (port: number): Promise<number> => (port === 0 ? freePort() : port)
  const [postgres, kafka, registry] = await Promise.all([
    fixed(ports.postgres),
    fixed(ports.kafka),
    fixed(ports.registry),
  ])
  return { postgres, kafka, registry }
}
