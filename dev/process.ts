import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { isAlive, startTimeOf } from './identity.ts'
import { keepBounded } from './rotation.ts'

/** How long an urgent end may take before it is a kill after all. */
const URGENT_MS = 1000

/** What to run, and where its pid file and its log are kept. */
export type ProcessSpec = {
  /** Also the name of its pid file and its log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Pid files are in its `pids`, logs in its `logs`. */
  readonly dataDir: string
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** Opens an IPC channel, for Node children. */
  readonly ipc?: boolean
  /** What ends it in order; SIGTERM unless told. */
  readonly stopSignal?: StopSignal
  /** What ends it at once when the deadline has passed, if SIGKILL would leave children of it behind. */
  readonly urgentSignal?: 'SIGQUIT'
}

export type StopSignal = 'SIGTERM' | 'SIGINT'
export type Exit = { readonly code: number | undefined; readonly signal: string | undefined }

/** A child of ours. */
export type Running = {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Where in its log this run of it begins. */
  readonly logStart: number
  /** For `on('message')` and `send`, where `ipc` was asked for. */
  readonly child: ChildProcess
  /** Never rejects. */
  readonly exited: Promise<Exit>
  /** Asks it to end, and kills it when the deadline passed; idempotent, resolves once it is gone. */
  stop(deadlineMs: number): Promise<Exit>
}

/**
 * Starts a child in a process group of its own, so that Ctrl-C in a terminal reaches only the parent, which then stops its
 * children in order. Output is appended to `logs/NAME.log` of the data directory, which is kept bounded while this process
 * lives; `pids/NAME.json` holds pid and start time, so that a later start can end what a killed parent left.
 */
export async function startProcess(spec: ProcessSpec): Promise<Running> {
  const { name, dataDir, stopSignal = 'SIGTERM', urgentSignal = 'SIGKILL' } = spec
  const logFile = join(dataDir, 'logs', `${name}.log`)
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const logStart = fstatSync(log).size
  const child = spawn(spec.command, [...spec.args], {
    detached: true,
    stdio: spec.ipc === true ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    env: { ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once('error', resolve))
    throw new PipelineError('STACK_FAILED', `cannot start ${name}: ${cause.message}`, { cause })
  }
  // Synchronous, right after the spawn: a parent killed in between would leave a child that nobody knows.
  const pidFile = writePidFile(dataDir, { name, pid, startTime: startTimeOf(pid) ?? '', stopSignal })
  const stopRotation = keepBounded(logFile)
  // A parent that crashes or calls exit() takes its children along; after a kill the pid file remains for the next start.
  const endWithUs = (): void => void child.kill(stopSignal)
  process.once('exit', endWithUs)
  const exited = new Promise<Exit>((resolve) => {
    child.on('error', () => undefined)
    child.once('exit', (code, signal) => {
      stopRotation()
      process.off('exit', endWithUs)
      rmSync(pidFile, { force: true })
      resolve({ code: code ?? undefined, signal: signal ?? undefined })
    })
  })
  return {
    name,
    pid,
    logFile,
    logStart,
    child,
    exited,
    async stop(deadlineMs) {
      if (child.exitCode !== null || child.signalCode !== null) return exited
      child.kill(stopSignal)
      const timers = [
        setTimeout(() => child.kill(urgentSignal), deadlineMs),
        setTimeout(() => child.kill('SIGKILL'), deadlineMs + URGENT_MS),
      ]
      const exit = await exited
      timers.forEach(clearTimeout)
      return exit
    },
  }
}

/** The last lines that this run of a process logged, for an error message. */
export async function lastLines(
  { logFile, logStart }: Pick<Running, 'logFile' | 'logStart'>,
  lines = 12,
): Promise<string> {
  const log = await readFile(logFile).catch(() => Buffer.alloc(0))
  // Shorter than it was: it has been rotated since.
  const own = log.subarray(log.length < logStart ? 0 : logStart).toString('utf8')
  // Of a Java exception the messages say it; its stack would push them out.
  const telling = own.split('\n').filter((line) => line.trim() !== '' && !/^\s+(at |\.\.\. \d+ more)/.test(line))
  return telling.slice(-lines).join('\n')
}

/** What a pid file says. */
export type PidRecord = {
  readonly name: string
  readonly pid: number
  /** Opaque; equal only for the same process. */
  readonly startTime: string
  readonly stopSignal: StopSignal
}

/**
 * Ends the processes that an earlier, killed parent left in this data directory; answers whom. A process is ended only if
 * pid and start time both match its pid file. Call it only while holding the data directory (see `claim`).
 */
export async function endLeftovers(dataDir: string, deadlineMs = 8000): Promise<readonly PidRecord[]> {
  const left = (await readPidFiles(dataDir)).filter(isAlive)
  // The registry first: it stands on PostgreSQL and would complain all the way down.
  const [database, others] = [
    left.filter(({ name }) => name === 'postgres'),
    left.filter(({ name }) => name !== 'postgres'),
  ]
  await Promise.all(others.map((record) => end(record, deadlineMs)))
  await Promise.all(database.map((record) => end(record, deadlineMs)))
  await rm(join(dataDir, 'pids'), { recursive: true, force: true })
  return left
}

/** All pid files of a data directory; what is no pid file is passed over. */
export async function readPidFiles(dataDir: string): Promise<readonly PidRecord[]> {
  const folder = join(dataDir, 'pids')
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  const records = await Promise.all(
    names.toSorted().map(async (name) => parsePidRecord(await readFile(join(folder, name), 'utf8').catch(() => ''))),
  )
  return records.filter((record) => record !== undefined)
}

/** Pure: what a pid file says, `undefined` if it is none. */
export function parsePidRecord(text: string): PidRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (!('name' in value && 'pid' in value && 'startTime' in value)) return undefined
  const { name, pid, startTime } = value
  if (typeof name !== 'string' || typeof startTime !== 'string' || startTime === '') return undefined
  // 0, 1 and negative numbers mean groups, init or everybody to kill(2).
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return undefined
  return {
    name,
    pid,
    startTime,
    stopSignal: 'stopSignal' in value && value.stopSignal === 'SIGINT' ? 'SIGINT' : 'SIGTERM',
  }
}

function writePidFile(dataDir: string, record: PidRecord): string {
  const file = join(dataDir, 'pids', `${record.name}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(record)}\n`)
  return file
}

async function end(record: PidRecord, deadlineMs: number): Promise<void> {
  const killAt = Date.now() + deadlineMs
  send(record, record.stopSignal)
  while (isAlive(record)) {
    if (Date.now() > killAt + 5000)
      throw new PipelineError('STACK_FAILED', `${record.name} (pid ${record.pid}) of an earlier run does not end`)
    if (Date.now() > killAt) send(record, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function send(record: PidRecord, name: StopSignal | 'SIGKILL'): void {
  if (!isAlive(record)) return
  try {
    process.kill(record.pid, name)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return
    throw new PipelineError('STACK_FAILED', `cannot end ${record.name} (pid ${record.pid}) of an earlier run`, {
      cause,
    })
  }
}
