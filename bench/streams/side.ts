import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { javaEnvironment, requireJava, type Variables } from '../../dev/java.ts'
import { classPathOf } from '../maven.ts'

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
  const classPath = await classPathOf(variables, java, PROJECT, 'kafka-streams')
  const state = await mkdtemp(join(tmpdir(), 'crosstide-streams-'))
  const args = [brokers.join(','), `bench-${randomUUID()}`, topics.input, topics.output, state]
  const side = await startProcess(
    java,
    ['-Xmx1g', '-cp', classPath, 'crosstide.J3', ...args],
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
