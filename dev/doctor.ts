import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../io/environment.ts'
import { pingDatabase } from '../io/postgres-admin.ts'
import { withoutSecrets } from '../io/log.ts'
import { assertBrokerCount, brokerPorts } from './brokers.ts'
import { findChromium } from './chromium.ts'
import { cachedJars } from './jars.ts'
import { JAVA_MINIMUM, findJava, findMaven, type Variables } from './java.ts'
import { portHolder } from './ports.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { readPidFiles } from './process.ts'
import { DISK_MINIMUM_BYTES } from './stack.ts'

/** One thing that was looked at; `fix` is the command or the step that mends it. */
export type Check = {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly fix: string | undefined
}

const NODE_MINIMUM = 24
/** What all processes take together, measured with the default symbols. */
const MEMORY_BYTES = 1.2 * 1024 ** 3
/** What each broker beyond the first takes more. */
const BROKER_BYTES = 0.5 * 1024 ** 3
const CLOCK_WATCH_MS = 300
const CLOCK_STEP_MS = 20
/** An answer's `Date` counts whole seconds. */
const CLOCK_OFFSET_MS = 2000
const PROBE_MS = 3000

const INSTALL_JAVA =
  'apt install openjdk-21-jre-headless, or brew install openjdk; a Java elsewhere: CROSSTIDE_JAVA_HOME'

/** Looks at everything `crosstide up` and the tests need on this machine; changes nothing. */
export async function runChecks(environment: Environment, variables: Variables): Promise<readonly Check[]> {
  const ours = await ownPids(environment)
  const isEmbedded = {
    kafka: environment.KAFKA_BROKERS === undefined,
    registry: environment.SCHEMA_REGISTRY_URL === undefined,
    postgres: environment.DATABASE_URL === undefined,
  }
  const checks = await Promise.all([
    checkNode(),
    ...(isEmbedded.kafka || isEmbedded.registry ? [checkJava(variables), checkMaven(variables)] : []),
    isEmbedded.postgres ? checkPostgres() : checkDatabase(environment.DATABASE_URL ?? ''),
    checkPort('page and API', 'PORT', environment.PORT, ours),
    ...(isEmbedded.kafka ? checkBrokers(environment, ours) : []),
    isEmbedded.registry
      ? checkPort('registry', 'CROSSTIDE_REGISTRY_PORT', environment.CROSSTIDE_REGISTRY_PORT, ours)
      : checkRegistry(environment.SCHEMA_REGISTRY_URL ?? ''),
    ...(isEmbedded.postgres
      ? [checkPort('PostgreSQL', 'CROSSTIDE_POSTGRES_PORT', environment.CROSSTIDE_POSTGRES_PORT, ours)]
      : []),
    checkDisk(environment),
    checkMemory(isEmbedded.kafka ? environment.CROSSTIDE_BROKERS : 1),
    checkClock(),
    checkBrowser(variables),
  ])
  return checks
}

const found = (name: string, detail: string): Check => ({ name, ok: true, detail, fix: undefined })
const lacking = (name: string, detail: string, fix: string): Check => ({ name, ok: false, detail, fix })

async function checkNode(): Promise<Check> {
  const { node } = process.versions
  return Number(node.split('.')[0]) >= NODE_MINIMUM
    ? found('Node', node)
    : lacking('Node', `${node} runs this`, 'npm ci --include=optional brings Node 24; start it by npm start')
}

async function checkJava(variables: Variables): Promise<Check> {
  try {
    const java = await findJava(variables)
    if (java === undefined) return lacking('Java', `none of at least ${JAVA_MINIMUM}`, INSTALL_JAVA)
    return found('Java', `${java.version}, ${java.java}`)
  } catch (error) {
    return lacking('Java', messageOf(error), INSTALL_JAVA)
  }
}

async function checkMaven(variables: Variables): Promise<Check> {
  const [jars, maven] = await Promise.all([cachedJars({ variables }), findMaven(variables)])
  if (jars !== undefined) return found('Maven', `not needed again, the jars are in ${jars.folder}`)
  return maven === undefined
    ? lacking('Maven', 'no mvn on the path to fetch Kafka with', 'apt install maven, or brew install maven')
    : found('Maven', `${maven}, fetches Kafka at the first start (about 220 MB)`)
}

async function checkPostgres(): Promise<Check> {
  try {
    return found('PostgreSQL', (await postgresBinaries()).postgres)
  } catch (error) {
    return lacking('PostgreSQL', messageOf(error), 'npm ci --include=optional')
  }
}

async function checkDatabase(url: string): Promise<Check> {
  try {
    await pingDatabase(url)
    return found('PostgreSQL', `${withoutSecrets(url)} answers`)
  } catch (error) {
    return lacking('PostgreSQL', `${withoutSecrets(url)}: ${messageOf(error)}`, 'check DATABASE_URL, or unset it')
  }
}

async function checkRegistry(url: string): Promise<Check> {
  try {
    const answer = await fetch(`${url.replace(/\/$/, '')}/subjects`, { signal: AbortSignal.timeout(PROBE_MS) })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const offsetMs = Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())
    return offsetMs > CLOCK_OFFSET_MS
      ? lacking('registry', `its clock and ours differ by ${Math.round(offsetMs / 1000)} s`, 'set both by NTP')
      : found('registry', `${withoutSecrets(url)} answers`)
  } catch (error) {
    return lacking('registry', `${withoutSecrets(url)}: ${messageOf(error)}`, 'check SCHEMA_REGISTRY_URL, or unset it')
  }
}

/** Each broker's port, and whether the data directory was made for so many. */
function checkBrokers(environment: Environment, ours: ReadonlySet<number>): readonly Promise<Check>[] {
  const { CROSSTIDE_BROKERS: count, CROSSTIDE_KAFKA_PORT: first } = environment
  const ports = brokerPorts(first, count)
  return [
    ...ports.map((port, index) =>
      checkPort(count === 1 ? 'Kafka' : `Kafka ${index + 1} of ${count}`, 'CROSSTIDE_KAFKA_PORT', port, ours),
    ),
    assertBrokerCount(dataFolder(environment), count).then(
      () => found('brokers', `${count}, as the data directory has or will have`),
      (error: unknown) => lacking('brokers', messageOf(error), 'set CROSSTIDE_BROKERS to what the data directory has'),
    ),
  ]
}

async function checkPort(what: string, variable: string, port: number, ours: ReadonlySet<number>): Promise<Check> {
  const name = `port ${port}`
  const holder = port === 0 ? undefined : await portHolder(port)
  if (holder === undefined) return found(name, `free, for ${what}`)
  const { pid, command } = holder
  if (pid !== undefined && ours.has(pid)) return found(name, `${what} of a running crosstide (pid ${pid})`)
  const who = pid === undefined ? 'a process of another user' : `pid ${pid} ${command ?? ''}`.trimEnd()
  return lacking(name, `for ${what}, held by ${who}`, `end it, or set ${variable} to another port`)
}

async function checkDisk(environment: Environment): Promise<Check> {
  const folder = await existing(dataFolder(environment))
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  return free < DISK_MINIMUM_BYTES
    ? lacking(
        'disk',
        `${gigabytes(free)} free at ${folder}`,
        `free ${gigabytes(DISK_MINIMUM_BYTES)}, or set CROSSTIDE_DATA_DIR`,
      )
    : found('disk', `${gigabytes(free)} free at ${folder}`)
}

async function checkMemory(brokers: number): Promise<Check> {
  const needed = MEMORY_BYTES + (brokers - 1) * BROKER_BYTES
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const available = availableBytes(text) ?? freemem()
  const detail = `${gigabytes(available)} available, ${availableParallelism()} processors`
  // macOS counts what it keeps for files as used: its figure says nothing against a start.
  return available < needed && text !== ''
    ? lacking('memory', detail, `end something; crosstide takes ${gigabytes(needed)}`)
    : found('memory', detail)
}

/** Pure: what Linux could give away now, of `/proc/meminfo`. */
export function availableBytes(meminfo: string): number | undefined {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** A clock that is being set moves against the monotonic one. Whether it is right, an exchange's times will say. */
async function checkClock(): Promise<Check> {
  const difference = (): number => Date.now() - performance.now()
  const before = difference()
  await sleep(CLOCK_WATCH_MS)
  const movedMs = Math.abs(difference() - before)
  const time = new Date().toISOString()
  return movedMs > CLOCK_STEP_MS
    ? lacking('clock', `${time}, moved by ${Math.round(movedMs)} ms while it was watched`, 'let NTP finish')
    : found('clock', `${time}, steady`)
}

/** Only tests need it, so nothing fails without it. */
async function checkBrowser(variables: Variables): Promise<Check> {
  return found('Chromium', (await findChromium(variables)) ?? 'none; for the browser tests: apt install chromium')
}

async function ownPids(environment: Environment): Promise<ReadonlySet<number>> {
  return new Set((await readPidFiles(dataFolder(environment))).map(({ pid }) => pid))
}

const dataFolder = (environment: Environment): string =>
  environment.CROSSTIDE_DATA_DIR ?? join('.crosstide', environment.CROSSTIDE_SOURCE)

/** The nearest folder that is there: the data directory is made at the first start. */
async function existing(folder: string): Promise<string> {
  const isThere = await statfs(folder).then(
    () => true,
    () => false,
  )
  return isThere || dirname(folder) === folder ? folder : existing(dirname(folder))
}

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
