import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { archiveSlot } from '../../cli/archive.ts'
import type { ArchiveStore } from '../../io/archive-store.ts'
import type { Incoming, Outgoing, Ranges, Slot, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec, tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { kafkaOptions, uniqueName } from './kafka.ts'
import { quote, tick, trade } from './ticks.ts'

export const HALF_PAST_TEN = Date.parse('2026-11-20T10:30:00Z')
export const HOUR = 3_600_000

/** A log to archive: Kafka, and values of two schemas. */
export type ArchiveRig = {
  readonly ranges: Ranges
  readonly writer: Writer
  value(ordinal: number): Buffer
  readonly event: Buffer
  append(topic: string, values: readonly (Buffer | null)[], timestampMs?: number): Promise<unknown>
  /** Archives a range of partition 0; answers what was printed and how many records were missed. */
  archive(
    store: ArchiveStore,
    topic: string,
    from: number,
    to: number,
  ): Promise<{ readonly printed: readonly object[]; readonly missed: number }>
  close(): Promise<void>
}

export async function startArchiveRig(): Promise<ArchiveRig> {
  const { brokers, registry } = inject('stack')
  const ranges = await openRanges(kafkaOptions(brokers))
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  const client = openRegistry(registry)
  const ticks = { ...catalogue(1).ticks, name: uniqueName('ticks') }
  const system = { ...catalogue(1).system, name: uniqueName('system') }
  await client.register([ticks, system])
  const encode = await client.encoder(ticks.name, tickCodec)
  const encodeEvent = await client.encoder(system.name, systemEventCodec)
  const absent = { exchange: undefined, symbol: undefined, message: '', details: {} }
  return {
    ranges,
    writer,
    value: (ordinal) => encode(tick(ordinal % 2 === 0 ? trade() : quote({ bidSize: undefined }), { ordinal })),
    event: encodeEvent({
      ...absent,
      service: 'test',
      instance: 'one',
      sequence: 1,
      time: tick().eventTime,
      kind: 'GAP',
    }),
    append: (topic, values, timestampMs = HALF_PAST_TEN) =>
      writer.append(
        values.map((value): Outgoing => ({ topic, partition: 0, key: Buffer.from('BTC'), value, timestampMs })),
      ),
    async archive(store, topic, from, to) {
      const printed: object[] = []
      const print = (line: object): void => void printed.push(line)
      const missed = await archiveSlot({ ranges, registry, store, print }, { topic, partition: 0 }, { from, to })
      return { printed, missed }
    },
    async close() {
      await writer.close(2000)
      await ranges.close()
    },
  }
}

export async function everything(log: Pick<Ranges, 'bounds' | 'read'>, slot: Slot): Promise<readonly Incoming[]> {
  const { first, end } = await log.bounds(slot)
  const found: Incoming[] = []
  for await (const records of log.read(slot, first, end)) found.push(...records)
  return found
}

const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))

/** Runs `crosstide archive` in a process of its own and kills it when it has said so many lines; answers its lines. */
export async function archiveAndKill(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  lines: number,
): Promise<readonly string[]> {
  const { brokers, registry, database } = inject('stack')
  const services = { KAFKA_BROKERS: brokers.join(), SCHEMA_REGISTRY_URL: registry, DATABASE_URL: database }
  const child = spawn(process.execPath, [COMMAND, 'archive', ...args], {
    env: { ...process.env, ...services, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  })
  await ended
  return said.split('\n').filter((line) => line !== '')
}
