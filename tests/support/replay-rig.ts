import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { OpenTick } from '../../core/arrivals.ts'
import { fold, type Logged } from '../../core/processor.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openSnapshotStore } from '../../io/processor/snapshot-store.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue, type Catalogue } from '../../schemas/topics.ts'
import { kafkaOptions, ownBroker } from './kafka.ts'
import { closed, marketOf } from './replay-log.ts'

const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))
const PROCESSORS = fileURLToPath(new URL('../../processors/main.ts', import.meta.url))

export type Ran = { readonly code: number | null; readonly lines: readonly string[]; readonly errors: string }

/** A Kafka of its own whose topics have their real names, with ticks of any day, and the market processor run on them as it is. */
export type ReplayRig = {
  readonly brokers: readonly string[]
  readonly topics: Catalogue
  /** How often the processor was killed. */
  readonly kills: number
  /** Runs `crosstide` to its end; `meanwhile` has the process while it runs. */
  command(args: readonly string[], meanwhile?: (child: ChildProcess) => Promise<void>): Promise<Ran>
  remove(): Promise<void>
}

/**
 * `logs` by partition. Resolves when the processor's snapshots say that all of it is processed, and it has ended. Its first
 * starts end where `failpoints` say (CROSSTIDE_FAILPOINTS), one each.
 */
export async function startReplayRig(
  services: { readonly registry: string; readonly database: string },
  logs: readonly (readonly Logged<OpenTick>[])[],
  failpoints: readonly string[] = [],
): Promise<ReplayRig> {
  const broker = await ownBroker()
  const { brokers } = broker
  const folder = await mkdtemp(join(tmpdir(), 'crosstide-replay-'))
  const config = join(folder, 'config.json')
  await writeFile(config, JSON.stringify({ partitions: logs.length, exchanges: { kraken: { symbols: ['BTC-USD'] } } }))
  const env = {
    ...process.env,
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: services.registry,
    DATABASE_URL: services.database,
    CROSSTIDE_CONFIG: config,
    NODE_COMPILE_CACHE: join(tmpdir(), 'crosstide-compile-cache'),
  }
  const topics = catalogue(logs.length)
  const remove = async (): Promise<void> => {
    await broker.remove()
    await rm(folder, { recursive: true, force: true })
  }
  let kills = 0
  try {
    await createTopics(brokers, services.registry, topics)
    await writeTicks(brokers, services.registry, topics, logs)
    kills = await runMarket(env, brokers, topics, logs, failpoints)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    brokers,
    topics,
    kills,
    async command(args, meanwhile = () => Promise.resolve()) {
      const child = spawn(process.execPath, [COMMAND, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      let errors = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
      const ended = once(child, 'close')
      await meanwhile(child)
      await ended
      return { code: child.exitCode, lines: said.split('\n').filter((line) => line !== ''), errors }
    },
    remove,
  }
}

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null

/** As bootstrap does, but for ever and with the ticks' own stamps: the days of the log are not the test's. */
async function createTopics(brokers: readonly string[], registry: string, topics: Catalogue): Promise<void> {
  const specs = Object.values(topics).map((spec) => ({
    ...spec,
    timestamps: 'CreateTime' as const,
    ...(spec.cleanup === 'delete' ? { retentionMs: -1 } : {}),
  }))
  const admin = await openTopics(kafkaOptions(brokers))
  await admin.ensure(specs).finally(() => admin.close())
  await openRegistry(registry).register(specs)
}

async function writeTicks(
  brokers: readonly string[],
  registry: string,
  { ticks }: Catalogue,
  logs: readonly (readonly Logged<OpenTick>[])[],
): Promise<void> {
  const encode = await openRegistry(registry).encoder(ticks.name, tickCodec)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  for (const [partition, log] of logs.entries())
    await writer.append(
      log.map(({ timestampMs, value }) => ({
        topic: ticks.name,
        partition,
        key: Buffer.from(value.symbol === '' ? '*' : (value.symbol.split('-')[0] ?? '')),
        value: encode(closed(value)),
        timestampMs,
      })),
    )
  await writer.close(5000)
}

const PROCESSED_WITHIN_MS = 240_000

/** As long as its newest snapshots do not say that all is processed, it is started again and goes on. */
async function runMarket(
  env: NodeJS.ProcessEnv,
  brokers: readonly string[],
  topics: Catalogue,
  logs: readonly (readonly Logged<OpenTick>[])[],
  failpoints: readonly string[],
): Promise<number> {
  const deaths = [...failpoints]
  let kills = 0
  const written = logs.map((log) =>
    fold(marketOf(topics), log).outputs.filter(({ topic }) => topic === topics.candles.name),
  )
  const ranges = await openRanges(kafkaOptions(brokers))
  const append = (): never => {
    throw new Error('only read')
  }
  const snapshots = openSnapshotStore({ topic: topics.marketSnapshots.name, ranges, append, nowMs: () => 0 })
  const holds = async (isEnough: (partition: number) => Promise<boolean>): Promise<boolean> =>
    (await Promise.all(logs.map((_, partition) => isEnough(partition)))).every((one) => one)
  const until = Date.now() + PROCESSED_WITHIN_MS
  try {
    do {
      const child = spawn(process.execPath, [PROCESSORS], {
        env: { ...env, LOG_LEVEL: 'info', CROSSTIDE_FAILPOINTS: deaths.shift() },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      // Ended before it has taken up its partitions it would do nothing, and be begun again for ever.
      const hasBegun = (): boolean => said.split('task_restored').length > logs.length
      const ended = once(child, 'exit')
      const hasCandles = async (partition: number): Promise<boolean> =>
        (await ranges.bounds({ topic: topics.candles.name, partition })).end >= (written[partition]?.length ?? 0)
      while (!(hasBegun() && (await holds(hasCandles))) && Date.now() < until && isAlive(child)) await sleep(100)
      // What comes after the last candle.
      await sleep(300)
      if (isAlive(child)) child.kill('SIGTERM')
      await ended
      if (child.signalCode === 'SIGKILL') kills += 1
      if (Date.now() > until) throw new Error(`the log was not processed: ${said}`)
    } while (
      !(await holds(async (partition) => (await snapshots.load(partition))?.next === (logs[partition]?.length ?? 0)))
    )
    return kills
  } finally {
    await ranges.close()
  }
}
