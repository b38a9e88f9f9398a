import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PipelineError } from '../core/errors.ts'
import { cacheFolder, removeOlder } from './cache.ts'
import { claim, type Claim } from './claim.ts'
import { JAVA_ADVICE, findMaven, type Java, type Variables } from './java.ts'

const POM = fileURLToPath(new URL('jvm/pom.xml', import.meta.url))

export type Jars = {
  readonly folder: string
  /** Every jar of the broker. */
  readonly kafka: readonly string[]
  readonly registry: string
}

export type JarsOptions = {
  readonly variables: Variables
  /** Runs Maven: the one it would find itself may be missing. */
  readonly java: Java
  /** Instead of the user's cache folder. */
  readonly cacheDir?: string
  readonly onProgress?: (text: string) => void
  readonly signal?: AbortSignal
}

/**
 * The jars of Kafka and of the registry, from the cache, else fetched by Maven (about 220 MB, once). The folder carries the
 * pom's hash and is renamed into place when all is there, so it is complete or not there at all. Throws STACK_FAILED with
 * what to do if Maven or the network is missing.
 */
export async function ensureJars(options: JarsOptions): Promise<Jars> {
  const folder = await jarsFolder(options)
  const cached = await listJars(folder)
  if (cached !== undefined) return cached
  const lock = await lockFetching(`${folder}.lock`, options)
  try {
    // Another process may have fetched them while we waited.
    return (await listJars(folder)) ?? (await fetchJars(folder, options))
  } finally {
    await lock.release()
  }
}

/** The jars, if they have been fetched. */
export async function cachedJars(options: Pick<JarsOptions, 'variables' | 'cacheDir'>): Promise<Jars | undefined> {
  return listJars(await jarsFolder(options))
}

async function jarsFolder({ variables, cacheDir }: Pick<JarsOptions, 'variables' | 'cacheDir'>): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, 12)
  return join(cacheDir ?? cacheFolder(variables), `jvm-${hash}`)
}

async function listJars(folder: string): Promise<Jars | undefined> {
  const registry = join(folder, 'registry', 'quarkus-run.jar')
  const names = await readdir(join(folder, 'kafka')).catch(() => [])
  const isThere = await access(registry).then(
    () => true,
    () => false,
  )
  if (!isThere || !names.some((name) => name.startsWith('kafka_'))) return undefined
  // Sorted, because a class-data archive is refused for another class path.
  return {
    folder,
    registry,
    kafka: names
      .filter((name) => name.endsWith('.jar'))
      .toSorted()
      .map((name) => join(folder, 'kafka', name)),
  }
}

async function lockFetching(file: string, { onProgress, signal }: JarsOptions): Promise<Claim> {
  for (;;) {
    const taken = await claim(file)
    if ('claim' in taken) return taken.claim
    onProgress?.(`waits for process ${taken.holder.pid}, which is fetching the same`)
    await sleep(500, undefined, signal === undefined ? {} : { signal })
  }
}

async function fetchJars(folder: string, options: JarsOptions): Promise<Jars> {
  const maven = await findMaven(options.variables)
  if (maven === undefined) throw new PipelineError('STACK_FAILED', `no mvn on the path\n${JAVA_ADVICE}`)
  await mkdir(dirname(folder), { recursive: true })
  await removeOlder(dirname(folder), '.part-')
  const temporary = await mkdtemp(`${folder}.part-`)
  try {
    // Maven works in a copy: it leaves markers beside the pom, which would make the next fetch skip the unpacking.
    await cp(POM, join(temporary, 'pom.xml'))
    await runMaven(maven, temporary, options)
    const target = join(temporary, 'target')
    if ((await listJars(target)) === undefined)
      throw new PipelineError('STACK_FAILED', `Maven fetched no jars into ${target}`)
    await rm(folder, { recursive: true, force: true })
    await rename(target, folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  const jars = await listJars(folder)
  if (jars === undefined) throw new PipelineError('STACK_FAILED', `${folder} vanished`)
  return jars
}

async function runMaven(maven: string, folder: string, options: JarsOptions): Promise<void> {
  const { variables, java, onProgress, signal } = options
  const child = spawn(maven, ['-B', '-f', join(folder, 'pom.xml'), 'package'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The shell script starts Java by JAVA_HOME; detached, because Ctrl-C shall reach us first.
    env: { ...variables, JAVA_HOME: dirname(dirname(java.java)) },
    detached: true,
    ...(signal === undefined ? {} : { signal }),
  })
  const said: string[] = []
  let bytes = 0
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      said.push(line)
      bytes += downloadedBytes(line)
      const file = /^Downloading from \S+ \S*\/(\S+)/.exec(line)?.[1]
      if (file !== undefined) onProgress?.(`${Math.round(bytes / 1e6)} MB, ${file}`)
    }
  }
  const exit = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? undefined))
  })
  const [code] = await Promise.all([exit, read(child.stdout), read(child.stderr)])
  if (code !== 0) throw new PipelineError('STACK_FAILED', mavenFailure(said))
}

/** Pure: what a line of Maven's says about a finished download, in bytes. */
export function downloadedBytes(line: string): number {
  const found = /^(?:\[INFO\] )?Downloaded from .*\((\d+(?:\.\d+)?) ?(B|kB|MB|GB)\b/.exec(line)
  const unit = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[found?.[2] ?? 'B'] ?? 1
  return Number(found?.[1] ?? 0) * unit
}

/** Pure: Maven's errors, and what they most often mean. */
export function mavenFailure(lines: readonly string[]): string {
  const errors = lines.filter((line) => line.startsWith('[ERROR]')).slice(0, 3)
  const isOffline = /Unknown host|Connection refused|timed out|Network is unreachable|No route to host/i.test(
    errors.join('\n'),
  )
  return [
    'Maven could not fetch Kafka and the schema registry:',
    ...(errors.length > 0 ? errors : lines.slice(-3)),
    isOffline
      ? 'No way to Maven Central: check the network, or name a mirror or proxy in ~/.m2/settings.xml.'
      : 'The same by hand: mvn -f dev/jvm/pom.xml package',
  ].join('\n')
}
