import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { assertBrokerCount } from './brokers.ts'
import { claim, type Claim } from './claim.ts'
import { untilAllKnown } from './kafka.ts'
import { partStarters, type Part, type PartOptions } from './parts.ts'
import { endLeftovers, type Exit, type Running } from './process.ts'
import { registryUrl } from './registry.ts'

/** Below this much free disk nothing is started: Kafka and PostgreSQL would stop in the middle of a write. */
export const DISK_MINIMUM_BYTES = 2 * 1024 ** 3
/** Names the process that uses a data directory. */
export const LOCK = 'up.lock'
/** All parts together: Kafka and the registry at once, then PostgreSQL. */
const STOP_JVM_MS = 4000
const STOP_POSTGRES_MS = 2500

export type StackOptions = Omit<PartOptions, 'signal'> & {
  /** A part ended that nobody asked to; `restart` brings it back. */
  readonly onExit?: (part: Part, exit: Exit) => void
  /** Aborts a start; what was started is stopped. */
  readonly signal?: AbortSignal
}

export type Stack = {
  readonly brokers: readonly string[]
  readonly registry: string
  /** Superuser's address of the database `crosstide`, if it is ours. */
  readonly database: string
  /** Those that run now, of the parts that are ours. */
  pids(): Readonly<Partial<Record<Part, number>>>
  /** What an earlier, killed start had left and this one ended, each as `NAME (pid N)`. */
  readonly leftovers: readonly string[]
  /** Starts a part again on its port and data, whether it died or runs. */
  restart(part: Part): Promise<void>
  /** Stops registry and brokers, then PostgreSQL; idempotent. About six seconds at most. */
  stop(): Promise<void>
}

/**
 * Kafka (one broker or three), registry and PostgreSQL: what is not given from outside is started side by side in the data directory, which no
 * other process may be using. Ends what an earlier, killed start left there. If a part fails, the others are stopped and its
 * error is thrown: STACK_FAILED, PORT_BUSY, BAD_ENVIRONMENT, WRONG_USE, DATABASE_REFUSED.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDir, external } = options
  await mkdir(dataDir, { recursive: true })
  await assertDisk(dataDir)
  const lock = await takeDataDir(dataDir)
  const abort = new AbortController()
  const signal = AbortSignal.any([abort.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const running = new Map<Part, Running>()
  const startingAgain = new Set<Promise<unknown>>()

  const stop = once(async () => {
    abort.abort(new PipelineError('STACK_FAILED', 'the stack was stopped while it started'))
    await Promise.allSettled(startingAgain)
    const jvms = [...running].filter(([part]) => part !== 'postgres')
    await Promise.all(jvms.map(([, one]) => one.stop(STOP_JVM_MS)))
    await running.get('postgres')?.stop(STOP_POSTGRES_MS)
    await lock.release()
  })
  const keep = (part: Part, one: Running): void => {
    running.set(part, one)
    void (async () => {
      const exit = await one.exited
      if (running.get(part) !== one) return
      running.delete(part)
      if (!abort.signal.aborted) options.onExit?.(part, exit)
    })()
  }
  try {
    // Before anything is touched: a start that is refused changes nothing.
    if (external.brokers === undefined) await assertBrokerCount(dataDir, options.brokers ?? 1)
    const leftovers = await endLeftovers(dataDir)
    const starters = await partStarters({ ...options, signal })
    const { brokers } = starters
    const isOurs = (part: Part): boolean =>
      part === 'postgres' || part === 'registry'
        ? !starters.isExternal(part)
        : brokers.some(({ name }) => name === part)
    const start = async (part: Part): Promise<void> => keep(part, await starters.start(part))
    const database = starters.isExternal('postgres') ? Promise.resolve() : start('postgres')
    const registry = database.then(() => (starters.isExternal('registry') ? undefined : start('registry')))
    await allOrFirstFailure([database, ...brokers.map(({ name }) => start(name)), registry], () => abort.abort())
    await untilAllKnown(brokers, signal)
    return {
      brokers: external.brokers ?? brokers.map(({ port }) => `127.0.0.1:${port}`),
      registry: external.registry ?? registryUrl(starters.registryPort),
      database: starters.database(),
      leftovers: leftovers.map(({ name, pid }) => `${name} (pid ${pid})`),
      pids: () => Object.fromEntries([...running].map(([part, { pid }]) => [part, pid])),
      async restart(part) {
        if (!isOurs(part)) throw new PipelineError('WRONG_USE', `${part} is not ours to start`)
        const old = running.get(part)
        running.delete(part)
        const again = (async () => {
          await old?.stop(STOP_JVM_MS)
          keep(part, await starters.start(part))
        })()
        startingAgain.add(again)
        await again.finally(() => startingAgain.delete(again))
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Throws STACK_FAILED if there is too little room. */
export async function assertDisk(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free < DISK_MINIMUM_BYTES) {
    const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
    throw new PipelineError(
      'STACK_FAILED',
      `${gigabytes(free)} are free at ${folder}, ${gigabytes(DISK_MINIMUM_BYTES)} are needed`,
    )
  }
}

async function takeDataDir(dataDir: string): Promise<Claim> {
  const taken = await claim(join(dataDir, LOCK))
  if ('claim' in taken) return taken.claim
  throw new PipelineError(
    'STACK_FAILED',
    `another crosstide (pid ${taken.holder.pid}) runs in ${dataDir}; stop it, or set CROSSTIDE_DATA_DIR to another folder`,
  )
}

/** Waits for all, also after a failure, so that whatever was started is known and can be stopped. */
async function allOrFirstFailure(all: readonly Promise<void>[], onFailure: () => void): Promise<void> {
  const failures: unknown[] = []
  await Promise.all(
    all.map((one) =>
      one.catch((error: unknown) => {
        failures.push(error)
        onFailure()
      }),
    ),
  )
  if (failures.length > 0) throw failures[0]
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= action())
}
