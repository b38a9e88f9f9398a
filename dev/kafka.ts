import { randomBytes } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Jars } from './jars.ts'
import { describesBroker } from './kafka-probe.ts'
import { removeOlder } from './cache.ts'
import { javaEnvironment, type Java, type Variables } from './java.ts'
import { assertPortFree, freePort } from './ports.ts'
import { startProcess, type Exit, type Running } from './process.ts'
import { untilDone, untilReady } from './wait.ts'

const LOG_CONFIG = fileURLToPath(new URL('jvm/log4j2.xml', import.meta.url))
const START_DEADLINE_MS = 60_000

export type JvmPart = {
  readonly dataDir: string
  readonly port: number
  readonly java: Java
  readonly jars: Jars
  /** Handed on to the child. */
  readonly variables: Variables
  readonly signal?: AbortSignal | undefined
}

/**
 * One real Kafka broker (KRaft, broker and controller in one process) that listens on loopback only. Its log folder is
 * formatted once; a killed broker comes back on the same port with the same cluster id and data. Resolves when it answers
 * a client's metadata request.
 */
export async function startKafka(part: JvmPart): Promise<Running> {
  const { dataDir, port, signal } = part
  await assertPortFree(port, 'Kafka', 'CROSSTIDE_KAFKA_PORT')
  const folder = join(dataDir, 'kafka')
  if (!(await exists(folder))) await format(part, folder)
  const settings = join(dataDir, 'kafka.properties')
  // The controller speaks to itself only, so its port may be another one at every start.
  await writeFile(settings, kafkaProperties({ folder, port, controllerPort: await freePort() }))
  const archive = await classArchive(part)
  const running = await startProcess({
    ...javaSpec(part, 'kafka'),
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

/** Pure: the broker's settings; kafka-client.md section 10 gives the reasons of the first block. */
export function kafkaProperties(options: {
  readonly folder: string
  readonly port: number
  readonly controllerPort: number
}): string {
  const { folder, port, controllerPort } = options
  const settings = {
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'default.replication.factor': 1,
    'num.partitions': 6,

    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': folder,

    // A killed broker is let in again only when its old session has ended; the defaults (9 s, 2 s) are for a network.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // The default takes 128 MiB of the 512 MiB heap, for a compaction that here is small.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    // The cluster's own log would keep 100 MB in segments of 1 GiB.
    'metadata.log.segment.bytes': 16 * 1024 * 1024,
    'metadata.max.retention.bytes': 32 * 1024 * 1024,
    'log.retention.check.interval.ms': 60_000,
    'num.recovery.threads.per.data.dir': 2,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('')
}

/** Java reads properties as Latin-1 with `\\` for an escape; a folder's name may hold anything. */
const escaped = (value: string): string =>
  value.replace(/\\|[^ -~]/g, (char) =>
    char === '\\' ? '\\\\' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Formatted as a whole or not at all: a start that was killed in the middle begins anew. */
async function format(part: JvmPart, folder: string): Promise<void> {
  const fresh = `${folder}.new`
  const settings = join(part.dataDir, 'kafka-format.properties')
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await writeFile(settings, kafkaProperties({ folder: fresh, port: part.port, controllerPort: await freePort() }))
  const running = await startProcess({
    ...javaSpec(part, 'kafka-format'),
    args: [
      ...QUICK_JVM,
      ...classPath(part),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId(randomBytes(16)),
      '-c',
      settings,
    ],
  })
  await untilDone(running)
  await rm(settings)
  await rename(fresh, folder)
}

/** Pure: an id of 16 bytes as Kafka writes it. Without the top bit it never begins with `-`, which would be taken for an option. */
export function clusterId(bytes: Buffer): string {
  const id = Buffer.from(bytes)
  id.writeUInt8(id.readUInt8(0) & 0x7f, 0)
  return id.toString('base64url')
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
async function classArchive({ java, jars }: JvmPart): Promise<ClassArchive> {
  const file = join(jars.folder, `kafka-java${java.version}.jsa`)
  const flags = ['-Xshare:auto', '-Xlog:cds=off']
  if (await exists(file)) return { flags: [`-XX:SharedArchiveFile=${file}`, ...flags], keep: async () => undefined }
  const fresh = `${file}.${process.pid}`
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
