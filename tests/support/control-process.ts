/** A publisher as a process of its own, so that a test may kill it; what it works on is the JSON of its first argument. */
import { z } from 'zod'
import { now } from '../../io/clock.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openPool } from '../../io/postgres.ts'
import { failpoints } from '../../io/processor/failpoints.ts'
import { openRegistry } from '../../io/registry.ts'
import { controlPublisher } from '../../consumers/control-publisher.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { silentLog } from './database.ts'

const settings = z.object({
  brokers: z.array(z.string()),
  registry: z.string(),
  database: z.string(),
  prefix: z.string(),
  partitions: z.number(),
  repeatMs: z.number(),
  silentMs: z.number(),
  failpoints: z.string(),
})
export type Settings = z.infer<typeof settings>

const given = settings.parse(JSON.parse(process.argv[2] ?? ''))
const topics = catalogue(given.partitions, given.prefix)
const kafka = { brokers: given.brokers, clientId: 'test-control', log: silentLog }
const registry = openRegistry(given.registry)
const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
await controlPublisher({
  pool: openPool(given.database, 'ingest_rw', silentLog, 2),
  ranges: await openRanges(kafka),
  append: (records) => writer.append(records),
  encode: await registry.encoder(topics.ticks.name, tickCodec),
  ticks: topics.ticks,
  control: topics.control,
  feed: 'SIMULATED',
  log: silentLog,
  now,
  nowMs: () => performance.now(),
  signal: new AbortController().signal,
  random: Math.random,
  published: () => undefined,
  failpoint: failpoints(given.failpoints),
  repeatMs: given.repeatMs,
  silentMs: given.silentMs,
}).run()
