import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'
import { cacheFolder } from '../dev/cache.ts'
import { ensureJars } from '../dev/jars.ts'
import { findMaven, javaEnvironment, requireJava, type Variables } from '../dev/java.ts'

const run = promisify(execFile)
const POM = fileURLToPath(new URL('jvm/pom.xml', import.meta.url))
const RECORDS = 2_000_000
const WARM_UP_RECORDS = 500_000

export type ProducerPerformance = {
  readonly recordsPerSecond: number
  readonly mibPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Kafka's own `ProducerPerformance` with its default settings and acks=all, as fast as it can. */
export async function runProducerPerformance(
  variables: Variables,
  brokers: readonly string[],
  topic: string,
  recordBytes: number,
): Promise<ProducerPerformance> {
  const { java } = await requireJava(variables)
  const jars = await ensureJars({ variables, java: await requireJava(variables) })
  const classPath = [...(await toolJars(variables, java)), ...jars.kafka].join(':')
  const { stdout } = await run(
    java,
    [
      '-Xmx512m',
      '-cp',
      classPath,
      'org.apache.kafka.tools.ProducerPerformance',
      '--bootstrap-server',
      brokers.join(','),
      '--topic',
      topic,
      '--num-records',
      String(RECORDS),
      '--warmup-records',
      String(WARM_UP_RECORDS),
      '--record-size',
      String(recordBytes),
      '--throughput',
      '-1',
      '--command-property',
      'acks=all',
    ],
    { env: { ...javaEnvironment(variables) }, maxBuffer: 16 * 1024 * 1024 },
  )
  const parsed = parseProducerPerformance(stdout)
  if (parsed === undefined) throw new PipelineError('STACK_FAILED', `ProducerPerformance said no result:\n${stdout}`)
  return parsed
}

const RESULT =
  /records sent, ([\d.]+) records\/sec \(([\d.]+) MB\/sec\).* ([\d.]+) ms 50th, [\d.]+ ms 95th, ([\d.]+) ms 99th/

/** Pure: the result is the last line that has percentiles. */
export function parseProducerPerformance(text: string): ProducerPerformance | undefined {
  const found = text
    .split('\n')
    .flatMap((line) => RESULT.exec(line) ?? [])
    .slice(-5)
  const [rate, mib, p50, p99] = found.slice(1).map(Number)
  if (rate === undefined || mib === undefined || p50 === undefined || p99 === undefined) return undefined
  return { recordsPerSecond: rate, mibPerSecond: mib, p50Ms: p50, p99Ms: p99 }
}

/** The jars of Kafka's own tools that the broker does not bring, from the cache, else fetched by Maven (1 MB, once). */
export async function toolJars(variables: Variables, java: string): Promise<readonly string[]> {
  const hash = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cacheFolder(variables), `bench-${hash}`)
  const list = async (): Promise<readonly string[]> =>
    (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.jar')).map((name) => join(folder, name))
  const cached = await list()
  if (cached.length > 0) return cached
  const maven = await findMaven(variables)
  if (maven === undefined) throw new PipelineError('STACK_FAILED', 'no mvn on the path; run the bench with --no-raw')
  await mkdir(dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}.part-`)
  try {
    await cp(POM, join(temporary, 'pom.xml'))
    await run(maven, ['-q', '-B', '-f', join(temporary, 'pom.xml'), 'package'], {
      env: { ...variables, JAVA_HOME: dirname(dirname(java)) },
    })
    await rename(join(temporary, 'target'), folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return list()
}
