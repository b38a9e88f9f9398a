import { randomBytes } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PipelineError } from '../core/errors.ts'
import { clusterId, type BrokerPlan } from './brokers.ts'
import type { Jars } from './jars.ts'
import { describesBroker } from './kafka-probe.ts'
import { kafkaProperties, type Place } from './kafka-properties.ts'
import { removeOlder } from './cache.ts'
import { javaEnvironment, type Java, type Variables } from './java.ts'
import { assertPortFree, freePort } from './ports.ts'
import { startProcess, type Exit, type Running } from './process.ts'
import { untilDone, untilReady } from './wait.ts'

const LOG_CONFIG = fileURLToPath(new URL('jvm/log4j2.xml', import.meta.url))
const START_DEADLINE_MS = 60_000
const POLL_MS = 50

export type JvmPart = {
  readonly dataDir: string
  readonly port: number
  readonly java: Java
  readonly jars: Jars
  /** Handed on to the child. */
  readonly variables: Variables
  readonly signal?: AbortSignal | undefined
}

/** Several brokers may stand in one data directory: each has a folder of its own name. */
export type KafkaPart = JvmPart & Pick<BrokerPlan, 'name' | 'member'>

/**
 * One real Kafka broker (KRaft, broker and controller in one process) that listens on loopback only. Its log folder is
 * formatted once; a killed broker comes back on the same port with the same cluster id and data. Resolves when it answers
 * a client's metadata request.
 */
export async function startKafka(part: KafkaPart): Promise<Running> {
  const { dataDir, name, port, signal } = part
  await assertPortFree(port, 'Kafka', 'CROSSTIDE_KAFKA_PORT')
  const folder = join(dataDir, name)
  if (!(await exists(folder))) await format(part, folder)
  const settings = join(dataDir, `${name}.properties`)
  await writeFile(settings, kafkaProperties({ folder, port, ...(await placeOf(part)) }))
  const archive = await classArchive(part)
  const running = await startProcess({
    ...javaSpec(part, name),
    args: ['-Xmx512m', ...archive.flags, ...classPath(part), 'kafka.Kafka', settings],
  })
  void running.exited.then((exit) => archive.keep(exit))
  try {
    await untilReady(running, () => describesBroker(port), { deadlineMs: START_DEADLINE_MS, signal })
    return running
  } catch (error) {
    await running.stop(2000)
    throw error
  }
}

/** Every broker knows all others: until then a topic would get fewer copies than there are brokers. */
export async function untilAllKnown(brokers: readonly BrokerPlan[], signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + START_DEADLINE_MS
  for (const { name, port } of brokers)
    while (!(await describesBroker(port, brokers.length))) {
      signal.throwIfAborted()
      if (performance.now() > giveUpAt)
        throw new PipelineError('STACK_FAILED', `${name} does not see all other brokers`)
      await sleep(POLL_MS)
    }
}

/** A controller alone speaks to itself only, so its port may be another one at every start. */
const placeOf = async ({ member }: KafkaPart): Promise<Place> =>
  member ?? { nodeId: 1, controllerPorts: [await freePort()] }

/** Formatted as a whole or not at all: a start that was killed in the middle begins anew. */
async function format(part: KafkaPart, folder: string): Promise<void> {
  const fresh = `${folder}.new`
  const settings = join(part.dataDir, `${part.name}-format.properties`)
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await writeFile(settings, kafkaProperties({ folder: fresh, port: part.port, ...(await placeOf(part)) }))
  const running = await startProcess({
    ...javaSpec(part, `${part.name}-format`),
    args: [
      ...QUICK_JVM,
      ...classPath(part),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      part.member?.cluster ?? clusterId(randomBytes(16)),
      '-c',
      settings,
    ],
  })
  await untilDone(running)
  await rm(settings)
  await rename(fresh, folder)
}

/** For a process of a second: no second compiler, no parallel collector. */
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

const classPath = ({ jars }: JvmPart): readonly string[] => [
  `-Dlog4j2.configurationFile=${LOG_CONFIG}`,
  '-Djava.awt.headless=true',
  '-cp',
  jars.kafka.join(':'),
]

const javaSpec = ({ java, dataDir, variables }: JvmPart, name: string) => ({
  name,
  command: java.java,
  env: javaEnvironment(variables),
  dataDir,
})

/**
 * The JVM's archive of loaded classes saves about a second a start. The first broker writes it when it ends; it gets its
 * name only when that went well, so that no other start reads half of it. Another Java has another archive.
 */
async function classArchive({ java, jars, member }: KafkaPart): Promise<ClassArchive> {
  const file = join(jars.folder, `kafka-java${java.version}.jsa`)
  const flags = ['-Xshare:auto', '-Xlog:cds=off']
  if (await exists(file)) return { flags: [`-XX:SharedArchiveFile=${file}`, ...flags], keep: async () => undefined }
  const fresh = `${file}.${process.pid}-${member?.nodeId ?? 1}`
  await removeOlder(jars.folder, '.jsa.')
  return {
    flags: [`-XX:ArchiveClassesAtExit=${fresh}`, ...flags],
    async keep({ code }) {
      if (code === 0 || code === SIGTERM_CODE) await rename(fresh, file).catch(() => undefined)
      else await rm(fresh, { force: true })
    },
  }
}

/** A JVM that ends in order on SIGTERM says so. */
const SIGTERM_CODE = 143

type ClassArchive = { readonly flags: readonly string[]; keep(exit: Exit): Promise<void> }

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
