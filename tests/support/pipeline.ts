import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dev/ports.ts'

const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))
const READY_MS = 120_000

export type Endpoints = {
  readonly api: string
  readonly kafka: string
  readonly registry: string
  readonly database: string
  readonly source: string
  readonly pids: Readonly<Record<string, number>>
}

export type Answer = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A whole pipeline, started as a user starts it, in a data directory and on ports of its own. */
export type Pipeline = {
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly output: () => string
  /** As endpoints.json says now; pids change when roles are started again. */
  endpoints(): Promise<Endpoints>
  kill(role: string, signal: NodeJS.Signals): Promise<number>
  /** Starts another command against it. */
  run(...args: readonly string[]): ChildProcess
  /** Runs another command against it to its end. */
  ask(...args: readonly string[]): Promise<Answer>
  /** Ends it as Ctrl-C does; answers exit code and how long it took. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>
  /** Ends it if it still runs, and deletes its data. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts `crosstide up` and waits until everything is ready; throws with its output if it ends before. */
export async function startPipeline(
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Pipeline> {
  const directory = await mkdtemp(join(tmpdir(), 'crosstide-pipeline-'))
  const environment = {
    CROSSTIDE_DATA_DIR: join(directory, 'data'),
    PORT: String(await freePort()),
    CROSSTIDE_KAFKA_PORT: String(await freePort()),
    CROSSTIDE_REGISTRY_PORT: String(await freePort()),
    CROSSTIDE_POSTGRES_PORT: String(await freePort()),
    ...settings,
  }
  const launch = (more: readonly string[]): ChildProcess =>
    spawn(process.execPath, [COMMAND, ...more], {
      env: { ...inherited(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const child = launch(['up', ...args])
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))

  const endpoints = async (): Promise<Endpoints> =>
    JSON.parse(await readFile(join(environment.CROSSTIDE_DATA_DIR, 'endpoints.json'), 'utf8'))
  const stop = async (): Promise<{ code: number | null; tookMs: number }> => {
    const begun = performance.now()
    child.kill('SIGINT')
    return { code: await exited, tookMs: performance.now() - begun }
  }
  const pipeline: Pipeline = {
    directory,
    environment,
    output: () => output,
    endpoints,
    async kill(role, signal) {
      for (const deadline = Date.now() + READY_MS; ; await new Promise((resolve) => setTimeout(resolve, 250))) {
        const pid = (await endpoints()).pids[role]
        if (pid === undefined) throw new Error(`no pid of ${role}`)
        try {
          process.kill(pid, signal)
          return pid
        } catch (error) {
          // On a busy machine what was killed before is not back yet.
          if (Date.now() > deadline) throw error
        }
      }
    },
    run: (...more) => launch(more),
    ask: (...more) => answerOf(launch(more)),
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
  const deadline = Date.now() + READY_MS
  for (;;) {
    if (
      await endpoints().then(
        () => true,
        () => false,
      )
    )
      return pipeline
    if (child.exitCode !== null || Date.now() > deadline) {
      await pipeline[Symbol.asyncDispose]()
      throw new Error(`the pipeline did not start:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits for a command to end. */
export async function answerOf(child: ChildProcess): Promise<Answer> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

/** The tests' own environment without what points at other services. */
function inherited(): Record<string, string | undefined> {
  const { KAFKA_BROKERS: _kafka, SCHEMA_REGISTRY_URL: _registry, DATABASE_URL: _database, ...rest } = process.env
  return rest
}
