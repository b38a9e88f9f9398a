import { randomBytes } from 'node:crypto'
import { access, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { ensureDatabase, pingDatabase } from '../io/postgres-admin.ts'
import type { Variables } from './java.ts'
import { assertPortFree } from './ports.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { disarmStalePid, endOrphans } from './postgres-remains.ts'
import { lastLines, startProcess, type Running } from './process.ts'
import { unprivilegedUser, type Launch, type Unprivileged } from './unprivileged.ts'
import { untilDone, untilReady } from './wait.ts'

/** Redo after a crash is bounded by `max_wal_size`: 3 s for 0.8 GB measured, on a slow disk more. */
const START_DEADLINE_MS = 60_000
/** A killed server leaves children for a while; until the last is gone the next one is refused. */
const LOCK_DEADLINE_MS = 15_000
const DATABASE = 'crosstide'
/** A fast shutdown, which ends connections; urgent: one without a checkpoint, which the next start makes up for. */
const STOPPING = { stopSignal: 'SIGINT', urgentSignal: 'SIGQUIT' } as const

export type PostgresOptions = {
  readonly dataDir: string
  readonly port: number
  readonly variables: Variables
  readonly signal?: AbortSignal | undefined
}

export type RunningPostgres = Running & {
  /** Superuser's address of the database `crosstide`. */
  readonly url: string
}

/**
 * PostgreSQL on loopback, with a random password kept in the data directory. The cluster is made once; after a kill it
 * starts again on the same data. Resolves when it answers a query.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDir, port } = options
  await assertPortFree(port, 'PostgreSQL', 'CROSSTIDE_POSTGRES_PORT')
  const binaries = await postgresBinaries()
  const user = await unprivilegedUser([dataDir, binaries.folder])
  const password = await passwordOf(dataDir)
  const folder = join(dataDir, 'postgres')
  if (!(await exists(folder))) await initialise(options, binaries.initdb, user, password)
  const running = await startUnlocked(
    options,
    binaries.postgres,
    launch(user, binaries.postgres, serverArguments(folder, port)),
  )
  const address = `postgres://postgres:${password}@127.0.0.1:${port}`
  try {
    const probe = (): Promise<boolean> => pingDatabase(`${address}/postgres`).then(() => true)
    await untilReady(running, probe, { deadlineMs: START_DEADLINE_MS, signal: options.signal })
    await ensureDatabase(`${address}/postgres`, DATABASE)
    return { ...running, url: `${address}/${DATABASE}` }
  } catch (error) {
    await running.stop(2000)
    throw error
  }
}

/** Pure: the server's arguments. Settings are given at every start, so that a new version of ours brings its own. */
export function serverArguments(folder: string, port: number): readonly string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '256MB',
    // Nothing is replicated from here, so the log carries less; its size bounds disk and the redo after a crash.
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '1GB',
    min_wal_size: '128MB',
    checkpoint_timeout: '10min',
    maintenance_work_mem: '64MB',
    random_page_cost: 1.1,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    log_line_prefix: '%m [%p] %q%u@%d ',
  }
  return [
    '-D',
    folder,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

/** Made in a folder beside and renamed, so that a start killed in the middle leaves nothing half done. */
async function initialise(
  { dataDir, variables }: PostgresOptions,
  initdb: string,
  user: Unprivileged | undefined,
  password: string,
): Promise<void> {
  const fresh = join(dataDir, 'postgres.new')
  const passwordFile = join(dataDir, 'postgres.password')
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user !== undefined) await Promise.all([fresh, passwordFile].map((path) => chown(path, user.uid, user.gid)))
  const args = [
    '-D',
    fresh,
    '-U',
    'postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C',
  ]
  try {
    await untilDone(await startProcess({ name: 'initdb', dataDir, env: variables, ...launch(user, initdb, args) }))
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(fresh, join(dataDir, 'postgres'))
}

/** Tries again while the remains of a killed server are in the way; answers a process that passed that point, or still runs. */
async function startUnlocked(
  { dataDir, variables, signal }: PostgresOptions,
  program: string,
  how: Launch,
): Promise<Running> {
  const giveUpAt = performance.now() + LOCK_DEADLINE_MS
  for (;;) {
    signal?.throwIfAborted()
    await disarmStalePid(join(dataDir, 'postgres'))
    const running = await startProcess({ name: 'postgres', dataDir, env: variables, ...STOPPING, ...how })
    // The lock is taken within milliseconds of the start, or refused.
    const hasEnded = await Promise.race([running.exited.then(() => true), sleep(150, false)])
    if (!hasEnded) return running
    const words = await lastLines(running)
    if (!/shared memory block|lock file/.test(words) || performance.now() > giveUpAt)
      throw new PipelineError(
        'STACK_FAILED',
        `postgres ended while it started; the end of ${running.logFile}:\n${words}`,
      )
    if (words.includes('shared memory block')) await endOrphans(join(dataDir, 'postgres'), program)
    await sleep(250)
  }
}

async function passwordOf(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres.secret')
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (kept !== '') return kept
  if (await exists(join(dataDir, 'postgres')))
    throw new PipelineError(
      'STACK_FAILED',
      `${file} is gone, and with it the password of the database; run: crosstide reset`,
    )
  const password = randomBytes(24).toString('hex')
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  return password
}

const launch = (user: Unprivileged | undefined, command: string, args: readonly string[]): Launch =>
  user === undefined ? { command, args } : user.launch(command, args)

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
