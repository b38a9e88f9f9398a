import { execFile, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PipelineError } from '../../core/errors.ts'
import { cacheFolder } from '../../dev/cache.ts'
import { findMaven, javaEnvironment, requireJava, type Variables } from '../../dev/java.ts'

const run = promisify(execFile)
const PROJECT = fileURLToPath(new URL('../kafka-streams/', import.meta.url))
const OURS = fileURLToPath(new URL('ours.ts', import.meta.url))

/** One of the two programs that are compared, running on its topics. */
export type Side = { stop(): Promise<void> }
export type SideTopics = {
  readonly input: string
  readonly output: string
  readonly snapshots: string
  readonly partitions: number
}

/** J3 on our runner, as a process of its own, like any processor. */
export const startOurs = async (brokers: readonly string[], topics: SideTopics): Promise<Side> => {
  const { input, output, snapshots, partitions } = topics
  return startProcess(
    process.execPath,
    [OURS, brokers.join(','), input, output, snapshots, String(partitions)],
    process.env,
  )
}

/** J3 on Kafka Streams; its Maven project is built into the cache at the first call. */
export async function startTheirs(variables: Variables, brokers: readonly string[], topics: SideTopics): Promise<Side> {
  const { java } = await requireJava(variables)
  const folder = await build(variables, java)
  const state = await mkdtemp(join(tmpdir(), 'crosstide-streams-'))
  const jars = (await readdir(folder)).filter((name) => name.endsWith('.jar')).map((name) => join(folder, name))
  const args = [brokers.join(','), `bench-${randomUUID()}`, topics.input, topics.output, state]
  const side = await startProcess(
    java,
    ['-Xmx1g', '-cp', [join(folder, 'classes'), ...jars].join(':'), 'crosstide.J3', ...args],
    javaEnvironment(variables),
  )
  return {
    async stop() {
      await side.stop()
      await rm(state, { recursive: true, force: true })
    },
  }
}

async function startProcess(command: string, args: readonly string[], env: Variables): Promise<Side> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...env } })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
    },
  }
}

/** Fetched and compiled once for each state of the project. */
async function build(variables: Variables, java: string): Promise<string> {
  const files = ['pom.xml', 'src/main/java/crosstide/J3.java']
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(join(PROJECT, file)))
  const folder = join(cacheFolder(variables), `kafka-streams-${hash.digest('hex').slice(0, 12)}`)
  if ((await readdir(folder).catch(() => [])).length > 0) return folder
  const maven = await findMaven(variables)
  if (maven === undefined) throw new PipelineError('STACK_FAILED', 'no mvn on the path: Kafka Streams cannot be built')
  await mkdir(dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}.part-`)
  try {
    await cp(PROJECT, temporary, { recursive: true })
    await run(maven, ['-q', '-B', '-f', join(temporary, 'pom.xml'), 'package'], {
      env: { ...variables, JAVA_HOME: dirname(dirname(java)) },
    })
    await rename(join(temporary, 'target'), folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}
