import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureJars } from '../../dev/jars.ts'
import { requireJava } from '../../dev/java.ts'
import { startKafka } from '../../dev/kafka.ts'
import { freePort } from '../../dev/ports.ts'
import type { Incoming, KafkaOptions, Outgoing, Ranges, Slot } from '../../io/kafka/port.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import type { TopicSpec } from '../../schemas/topics.ts'
import { silentLog } from './database.ts'

export const uniqueName = (what: string): string => `test-${what}-${randomBytes(4).toString('hex')}`

export const topicSpec = (overrides: Partial<TopicSpec> = {}): TopicSpec => ({
  name: uniqueName('topic'),
  key: 'any',
  schema: undefined,
  compatibility: 'BACKWARD_TRANSITIVE',
  partitions: 1,
  cleanup: 'delete',
  // For ever: tests stamp records with times of their own, and the broker's retention passes by each minute.
  retentionMs: -1,
  retentionBytes: 256 * 1024 * 1024,
  segmentMs: 3_600_000,
  timestamps: 'CreateTime',
  maxMessageBytes: 1024 * 1024,
  ...overrides,
})

export const kafkaOptions = (brokers: readonly string[], more: Partial<KafkaOptions> = {}): KafkaOptions => ({
  brokers,
  clientId: 'test',
  log: silentLog,
  ...more,
})

/** A topic of the test's own; answers its name. */
export async function freshTopic(brokers: readonly string[], overrides: Partial<TopicSpec> = {}): Promise<string> {
  const spec = topicSpec(overrides)
  const topics = await openTopics(kafkaOptions(brokers))
  await topics.ensure([spec])
  await topics.close()
  return spec.name
}

export const outgoing = (topic: string, partition: number, text: string): Outgoing => ({
  topic,
  partition,
  key: Buffer.from('key'),
  value: Buffer.from(text),
  timestampMs: 1_790_000_000_000,
})

export const textOf = ({ value }: Incoming): string => value?.toString() ?? ''

/** Everything a slot holds. */
export async function allOf(ranges: Ranges, slot: Slot): Promise<readonly Incoming[]> {
  const { first, end } = await ranges.bounds(slot)
  const found: Incoming[] = []
  for await (const records of ranges.read(slot, first, end)) found.push(...records)
  return found
}

/** A real broker that a test may kill. */
export type OwnBroker = {
  readonly brokers: readonly string[]
  /** Ends it with the signal and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Starts it again on the same port and data; resolves when it answers. */
  start(): Promise<void>
  remove(): Promise<void>
}

export async function ownBroker(): Promise<OwnBroker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosstide-broker-'))
  const port = await freePort()
  const variables = process.env
  const java = await requireJava(variables)
  const jars = await ensureJars({ variables, java })
  const start = () => startKafka({ dataDir, name: 'kafka', member: undefined, port, java, jars, variables })
  let running = await start()
  return {
    brokers: [`127.0.0.1:${port}`],
    async end(signal) {
      process.kill(running.pid, signal)
      await running.exited
    },
    async start() {
      running = await start()
    },
    async remove() {
      await running.stop(5000)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
