import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { lastLines, startProcess, type Exit, type ProcessSpec, type Running } from '../dev/process.ts'
import type { ReadyMessage } from '../io/service.ts'
import { restartDelay } from './restart-policy.ts'

const READY_TIMEOUT_MS = 60_000
/** A child whose event loop answers nothing for this long is hung and is killed. */
const HUNG_MS = 30_000
const PROBE_MS = 5000

export type RoleEvents = {
  restarted(role: string, exit: Exit, delayMs: number): void
  /** It runs again, with another pid. */
  replaced(role: string): void
  /** It died too often, or with exit code 2 (wrong use: starting it again cannot help). */
  gaveUp(role: string, exit: Exit): void
  /** Settles when it makes sense to start it again: not while what it needs is coming back. */
  mayStart?(): Promise<unknown>
}

/** A role's process, started again when it dies. */
export type SupervisedRole = {
  readonly name: string
  pid(): number
  /** What it said when it became ready: its ops port and facts. */
  ready(): ReadyMessage
  stop(deadlineMs: number): Promise<void>
}

/** Starts a role and waits until it is ready; throws STACK_FAILED with its last words if it never is. */
export async function superviseRole(spec: ProcessSpec, events: RoleEvents): Promise<SupervisedRole> {
  const starts = [Date.now()]
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()))
  const first = await launch(spec, stopping.signal)
  if ('reason' in first) throw new PipelineError('STACK_FAILED', `${spec.name} ${first.reason}`)
  let current = first
  const watching = watch()

  async function watch(): Promise<void> {
    let exit = await endOf(current)
    while (!stopping.signal.aborted) {
      // Wrong use, a log that is another one: starting it again cannot help.
      const delayMs = exit.code === 2 ? undefined : restartDelay(starts, Date.now())
      if (delayMs === undefined) return events.gaveUp(spec.name, exit)
      events.restarted(spec.name, exit, delayMs)
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      await Promise.race([events.mayStart?.(), stopped])
      if (stopping.signal.aborted) return
      starts.push(Date.now())
      const next = await launch(spec, stopping.signal)
      if ('ready' in next) {
        current = next
        events.replaced(spec.name)
      }
      exit = 'ready' in next ? await endOf(next) : next.exit
    }
  }

  return {
    name: spec.name,
    pid: () => current.running.pid,
    ready: () => current.ready,
    async stop(deadlineMs) {
      stopping.abort()
      await current.running.stop(deadlineMs)
      await watching
    },
  }
}

type Launched = { readonly running: Running; readonly ready: ReadyMessage }
type Failed = { readonly exit: Exit; readonly reason: string }

/** Starts the process and waits until it says that it is ready; one that is not, or no longer wanted, is ended. */
async function launch(spec: ProcessSpec, unwanted: AbortSignal): Promise<Launched | Failed> {
  const running = await startProcess({ ...spec, ipc: true })
  const ready = new Promise<ReadyMessage>((resolve) => {
    running.child.on('message', (message) => {
      if (isReady(message)) resolve(message)
    })
  })
  const failed = running.exited.then((exit) => describeExit(exit))
  const late = sleep(READY_TIMEOUT_MS, `is not ready after ${READY_TIMEOUT_MS / 1000} s`, {
    ref: false,
    signal: unwanted,
  })
  const outcome = await Promise.race([ready, failed, late.catch(() => 'is not wanted any more')])
  if (typeof outcome !== 'string') return { running, ready: outcome }
  const exit = await running.stop(1000)
  return { exit, reason: `${outcome}: ${lastWords(await lastLines(running))}` }
}

/** What a role said before it died: the message of its fatal log line, else the end of its log as it is. */
export function lastWords(log: string): string {
  const fatal = log.split('\n').findLast((line) => line.startsWith('{"level":"fatal"'))
  const message = fatal === undefined ? undefined : /"message":("(?:[^"\\]|\\.)*")/.exec(fatal)?.[1]
  return message === undefined ? `\n${log}` : String(JSON.parse(message))
}

/** Resolves when the process has ended, killing it first if it hangs. */
async function endOf({ running, ready }: Launched): Promise<Exit> {
  let answeredAt = Date.now()
  const probe = async (): Promise<void> => {
    try {
      await fetch(`http://127.0.0.1:${ready.opsPort}/livez`, { signal: AbortSignal.timeout(PROBE_MS) })
      answeredAt = Date.now()
    } catch {
      if (Date.now() - answeredAt > HUNG_MS) running.child.kill('SIGKILL')
    }
  }
  const timer = setInterval(() => void probe(), PROBE_MS)
  const exit = await running.exited
  clearInterval(timer)
  return exit
}

export function describeExit({ code, signal }: Exit): string {
  return signal === undefined ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`
}

function isReady(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ready'
}
