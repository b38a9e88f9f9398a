import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { micros } from '../../core/time.ts'
import type { Outgoing, Stored } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openReader } from '../../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { createLog } from '../../io/log.ts'
import { failpoints } from '../../io/processor/failpoints.ts'
import { createRunner } from '../../io/processor/runner.ts'
import { openSnapshotStore } from '../../io/processor/snapshot-store.ts'
import { PARTITIONS, encodeToy, readToy, toy, toyOrigins, type Toy, type ToyState } from '../io/processor/toy.ts'

/** The toy processor as a process of its own, for tests that kill, stop and wake it; tells what it does in JSON lines. */
const settingsSchema = z.object({
  brokers: z.array(z.string()).readonly(),
  group: z.string(),
  topics: z.object({ numbers: z.string(), sums: z.string(), peaks: z.string(), snapshots: z.string() }),
  codeVersion: z.number().default(1),
  /** Another step under the same version, where they are not these. */
  every: z.number().default(3),
  bias: z.number().default(0),
  /** A bug: the step throws at this record of partition 2. */
  throwsAt: z.number().optional(),
  sliceRecords: z.number().default(7),
  snapshotEveryRecords: z.number().default(40),
  chunkBytes: z.number().default(64),
  failpoints: z.string().default(''),
  /** Each append of outputs begins this much later, at random: they are on their way while snapshots are due. */
  outputDelayMs: z.number().default(0),
  /** Each slice takes this much longer: a slow process. */
  sliceDelayMs: z.number().default(0),
  /** A broken twin: outputs count as acknowledged when they are sent. */
  isHasty: z.boolean().default(false),
  /** Begins only when something comes on its standard input, with all it needs open: so that kills need not wait for starts. */
  isOnCall: z.boolean().default(false),
  /** Of a proxy before the broker, for what it writes. */
  writerPort: z.number().optional(),
})
export type ToySettings = z.input<typeof settingsSchema>

const settings = settingsSchema.parse(JSON.parse(process.argv[2] ?? '{}'))
const { topics, writerPort } = settings
const tell = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const log = createLog('toy', 'silent')
const kafka = { brokers: settings.brokers, clientId: 'toy', log }
const right = toy(topics, settings.codeVersion, settings)
const processor: Toy = {
  ...right,
  step(state, record, effects) {
    if (record.partition === 2 && record.offset === settings.throwsAt) throw new RangeError('a bug')
    right.step(state, record, effects)
  },
}
const failpoint = failpoints(settings.failpoints)
const ranges = await openRanges(kafka)
const writer = await openWriter({
  ...PROCESSOR_WRITER,
  ...kafka,
  ...(writerPort === undefined ? {} : { connect: () => connect(writerPort, '127.0.0.1') }),
})
const reader = openReader({ ...kafka, groupId: settings.group, topic: topics.numbers, maxWaitMs: 50 })

let before: Promise<unknown> = Promise.resolve()
function append(records: readonly Outgoing[]): Promise<readonly Stored[]> {
  if (settings.outputDelayMs === 0) return writer.append(records)
  const stored = before.then(async () => {
    await sleep(Math.random() * settings.outputDelayMs)
    return writer.append(records)
  })
  before = stored.catch(() => undefined)
  return settings.isHasty ? Promise.resolve([]) : stored
}

const runner = createRunner<ToyState, number, number>({
  processor,
  ranges,
  append,
  snapshots: openSnapshotStore({
    topic: topics.snapshots,
    ranges,
    append: (records) => writer.append(records),
    nowMs: Date.now,
    failpoint,
    chunkBytes: settings.chunkBytes,
  }),
  async read(slot, records) {
    if (settings.sliceDelayMs > 0) await sleep(settings.sliceDelayMs)
    return readToy(slot, records)
  },
  timeOf: ({ timestampMs }) => micros(timestampMs * 1000),
  encode: encodeToy,
  origins: toyOrigins,
  partitions: (topic) => (topic === topics.sums ? PARTITIONS : 1),
  failpoint,
  tally: new Map(),
  letters: { put: async () => undefined },
  hint: (slot, next) => reader.hint(slot, next),
  observer: {
    restored: ({ partition }, from, tookMs) => tell({ kind: 'restored', partition, from, tookMs }),
    stepped: ({ partition }, records) => tell({ kind: 'stepped', partition, records }),
    saved: ({ partition }) => tell({ kind: 'saved', partition }),
    stopped: ({ partition }, error) => tell({ kind: 'stopped', partition, error: String(error), ...codeOf(error) }),
  },
  log,
  nowMs: () => performance.now(),
  snapshotEveryRecords: settings.snapshotEveryRecords,
  sliceRecords: settings.sliceRecords,
})

const codeOf = (error: unknown): { readonly code?: string } =>
  error instanceof Error && 'code' in error ? { code: String(error.code) } : {}

process.on('SIGTERM', () => void stop())
if (settings.isOnCall) await once(process.stdin, 'data')
process.stdin.unref()
reader.run(runner).catch((error: unknown) => {
  tell({ kind: 'ended', error: String(error), ...codeOf(error) })
  process.exit(1)
})
tell({ kind: 'started' })

async function stop(): Promise<void> {
  await runner.stop()
  await reader.close()
  await writer.close(2000)
  await ranges.close()
  process.exit(0)
}
