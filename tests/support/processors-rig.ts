import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Tick } from '../../core/tick.ts'
import { freePort } from '../../dev/ports.ts'
import type { Ranges, Slot, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry, type Registry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { kafkaOptions, ownBroker } from './kafka.ts'
import { startRegistryProxy, type RegistryProxy } from './registry-proxy.ts'

const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))

/** A command of crosstide, as a user starts it. */
export type Role = { readonly child: ChildProcess; readonly opsPort: number; readonly exited: Promise<number | null> }

/** A broker of its own with all topics, and what writes ticks to it and starts processors on it. */
export type ProcessorsRig = {
  readonly topics: ReturnType<typeof catalogue>
  readonly registry: RegistryProxy
  readonly client: Registry
  readonly ranges: Ranges
  readonly encode: (value: Tick) => Buffer
  tickSlot(partition: number): Slot
  append(partition: number, values: readonly Buffer[]): ReturnType<Writer['append']>
  start(args: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Role>
  stop(): Promise<void>
}

export async function startProcessorsRig(registryUrl: string): Promise<ProcessorsRig> {
  const broker = await ownBroker()
  const registry = await startRegistryProxy(registryUrl)
  const topics = catalogue(6)
  const kafka = kafkaOptions(broker.brokers)
  const admin = await openTopics(kafka)
  await admin.ensure(Object.values(topics))
  await admin.close()
  const client = openRegistry(registry.url)
  await client.register(Object.values(topics))
  const encode = await client.encoder(topics.ticks.name, tickCodec)
  const ranges = await openRanges(kafka)
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafka })
  const started: Role[] = []
  const tickSlot = (partition: number): Slot => ({ topic: topics.ticks.name, partition })
  return {
    topics,
    registry,
    client,
    ranges,
    encode,
    tickSlot,
    append: (partition, values) =>
      writer.append(
        values.map((value) => ({
          ...tickSlot(partition),
          key: Buffer.from('BTC'),
          value,
          timestampMs: Date.now(),
        })),
      ),
    async start(args, variables = {}) {
      const opsPort = await freePort()
      const child = spawn(process.execPath, [COMMAND, ...args], {
        env: {
          ...process.env,
          KAFKA_BROKERS: broker.brokers.join(','),
          SCHEMA_REGISTRY_URL: registry.url,
          DATABASE_URL: 'postgres://127.0.0.1:1/none',
          CROSSTIDE_OPS_PORT: String(opsPort),
          LOG_LEVEL: 'fatal',
          ...variables,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      const role = { child, opsPort, exited: new Promise<number | null>((resolve) => child.once('exit', resolve)) }
      started.push(role)
      return role
    },
    async stop() {
      for (const { child } of started) child.kill('SIGKILL')
      await writer.close(1000)
      await ranges.close()
      await registry.stop()
      await broker.remove()
    },
  }
}
