import { createServer, type Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PipelineError } from '../core/errors.ts'
import type { Announcer } from './announcer.ts'
import { parseEnvironment, type Environment } from './environment.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { VERSION } from './process.ts'

const HEARTBEAT_MS = 5000
/** Docker and systemd send SIGKILL after ten seconds. */
const STOP_DEADLINE_MS = 9000

export type ServiceDeps = {
  readonly environment: Environment
  readonly log: Log
  readonly metrics: Metrics
  /** Ends the process at once with what went wrong: exit 2 if restarting cannot help. */
  readonly fail: (error: unknown) => void
}

/** A running service, as its shell sees it. */
export type Service = {
  /** Why it is not ready, each a sentence; empty: ready. */
  problems(): readonly string[]
  /** Named numbers for the heartbeat, unit in the name. Called each 5 s; may reset interval figures. */
  figures(): Readonly<Record<string, number>>
  /** Absent on services without Kafka (the simulator). */
  readonly announcer?: Announcer
  /** Facts for the parent process, for instance the port that was chosen. */
  readonly facts?: Readonly<Record<string, string | number>>
  /** Stops in order; answers how many records were left unsent. Idempotent. */
  stop(): Promise<{ readonly unsent: number }>
}

/** What a child tells `crosstide up` over IPC once it is ready. */
export type ReadyMessage = {
  readonly kind: 'ready'
  readonly opsPort: number
  readonly facts: Readonly<Record<string, string | number>>
}

/**
 * Runs one role as a process of its own: environment, log, metrics, `/livez` `/readyz` `/metrics` `/version` on the ops
 * port, heartbeats, signals, exit code. Ends when its parent dies, if it had one.
 */
export async function runService(role: string, start: (deps: ServiceDeps) => Promise<Service>): Promise<void> {
  const environment = readEnvironment()
  const log = createLog(role, environment.LOG_LEVEL)
  const metrics = createMetrics(role, VERSION)
  process.on('uncaughtException', (error) => crash(log, error))
  process.on('unhandledRejection', (error) => crash(log, error))

  const service = await start({ environment, log, metrics, fail: (error) => crash(log, error) }).catch(
    (error: unknown) => crash(log, error),
  )
  const loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()
  let stopping = false

  const ops = await serveOps(environment.CROSSTIDE_OPS_PORT, metrics, () =>
    stopping ? ['stopping'] : service.problems(),
  )
  const beat = setInterval(() => {
    const state = stopping ? 'STOPPING' : service.problems().length === 0 ? 'READY' : 'DEGRADED'
    const eventLoopP99Ms = loop.percentile(99) / 1e6
    loop.reset()
    service.announcer?.heartbeat({
      state,
      eventLoopP99Ms,
      residentBytes: process.memoryUsage.rss(),
      figures: service.figures(),
    })
  }, HEARTBEAT_MS)

  const stop = (signal: string, code: number): void => {
    if (stopping) process.exit(code)
    stopping = true
    log.info({ signal }, 'service_stopping')
    clearInterval(beat)
    setTimeout(() => {
      log.error({ deadlineMs: STOP_DEADLINE_MS }, 'stop_deadline_passed')
      process.exit(1)
    }, STOP_DEADLINE_MS).unref()
    void finish(service, ops, log)
  }
  process.on('SIGTERM', () => stop('SIGTERM', 143))
  process.on('SIGINT', () => stop('SIGINT', 130))
  process.on('disconnect', () => stop('parent gone', 1))

  service.announcer?.event({ kind: 'STARTED', message: `${role} ${VERSION} started` })
  const address = ops.address()
  const opsPort = typeof address === 'object' && address !== null ? address.port : 0
  log.info({ opsPort, ...service.facts }, 'service_started')
  const ready: ReadyMessage = { kind: 'ready', opsPort, facts: service.facts ?? {} }
  process.send?.(ready)
}

async function finish(service: Service, ops: Server, log: Log): Promise<never> {
  try {
    service.announcer?.event({ kind: 'STOPPED', message: 'stopped on request' })
    const { unsent } = await service.stop()
    await service.announcer?.close(1000)
    ops.close()
    log.info({ unsent }, 'service_stopped')
    process.exit(unsent === 0 ? 0 : 1)
  } catch (error) {
    log.error({ err: error }, 'service_stop_failed')
    process.exit(1)
  }
}

function readEnvironment(): Environment {
  try {
    return parseEnvironment(process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}

/** Crash on the unknown: a supervisor restarts, a limping process does harm. Wrong use is exit 2: restarting cannot help. */
function crash(log: Log, error: unknown): never {
  log.fatal({ err: error }, 'service_crashed')
  // Started by hand, not by `crosstide up`: a person reads it.
  if (process.send === undefined && error instanceof PipelineError)
    process.stderr.write(`crosstide: ${error.message} [${error.code}]\n`)
  const hopeless = error instanceof PipelineError && !error.retriable
  process.exit(hopeless ? 2 : 1)
}

async function serveOps(port: number, metrics: Metrics, problems: () => readonly string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/livez') return answer(200, 'text/plain', 'ok\n')
    if (path === '/version') return answer(200, 'application/json', JSON.stringify({ version: VERSION }))
    if (path === '/readyz' || path === '/healthz') {
      const found = problems()
      return answer(
        found.length === 0 ? 200 : 503,
        'application/json',
        JSON.stringify({ ready: found.length === 0, problems: found }),
      )
    }
    if (path === '/metrics') {
      metrics.text().then(
        (text) => answer(200, metrics.contentType, text),
        (error: unknown) => answer(500, 'text/plain', String(error)),
      )
      return undefined
    }
    return answer(404, 'text/plain', 'not found\n')
  })
  server.headersTimeout = 5000
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}
