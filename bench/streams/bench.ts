import { setTimeout as sleep } from 'node:timers/promises'
import { formatTable } from '../../cli/table.ts'
import { partitionOf } from '../../core/partition.ts'
import type { Variables } from '../../dev/java.ts'
import type { KafkaOptions, Outgoing } from '../../io/kafka/port.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { catalogue, snapshotsOf } from '../../schemas/topics.ts'
import { spreadOf } from '../quantile.ts'
import { benchEvents, type BenchEvent } from './events.ts'
import { readMatches, wallMs, type Matches } from './matches.ts'
import { startOurs, startTheirs, type Side, type SideTopics } from './side.ts'
import { eventBytes } from './wire.ts'

export type StreamsOptions = { readonly events: number; readonly rates: readonly number[]; readonly seconds: number }
type Deps = { readonly kafka: KafkaOptions; readonly variables: Variables; readonly say: (text: string) => void }

const PARTITIONS = 6
const SIDES = ['crosstide', 'Kafka Streams'] as const
type SideName = (typeof SIDES)[number]
/** Of J3 over the first two million events (arbitrage.md section 9, two programs and Esper). */
export const J3_EVENTS = 2_000_000
export const J3_MATCHES = 376_207
const BATCH = 1000
/** Both sides compile while they work. */
const WARM_UP_MS = 10_000
const TURN_MS = 5

/** J3 from one topic of six partitions to another, ours beside Kafka Streams, exactly once in effect on both sides. */
export async function benchStreams(deps: Deps, options: StreamsOptions): Promise<string> {
  const run = Date.now().toString(36)
  const backlog = `bench-${run}.backlog`
  await makeTopics(deps.kafka, [backlog])
  deps.say(`writing ${options.events} events …`)
  await writeBacklog(deps.kafka, backlog, options.events)
  const rates: (readonly string[])[] = []
  for (const side of SIDES)
    rates.push([side, ...(await measureBacklog(deps, side, backlog, `bench-${run}`, options.events))])
  const latencies: (readonly string[])[] = []
  for (const rate of options.rates)
    for (const side of SIDES)
      latencies.push([
        side,
        String(rate),
        ...(await measureLatency(deps, side, `bench-${run}-${rate}`, rate, options.seconds)),
      ])
  return [
    formatTable(['backlog', 'matches', 'repeats dropped', 'events/s'], rates),
    formatTable(['latency', 'events/s', 'matches', 'p50 ms', 'p99 ms'], latencies),
    'Backlog: from the first match in a reader of committed records to the last. Latency: event offered to the writer, match in the reader.',
  ].join('\n\n')
}

const start = (deps: Deps, side: SideName, topics: SideTopics): Promise<Side> =>
  side === 'crosstide' ? startOurs(deps.kafka.brokers, topics) : startTheirs(deps.variables, deps.kafka.brokers, topics)

async function makeTopics(kafka: KafkaOptions, names: readonly string[]): Promise<void> {
  const topics = await openTopics(kafka)
  const { candles } = catalogue(PARTITIONS)
  await topics.ensure(names.map((name) => ({ ...candles, name, schema: undefined, retentionBytes: 1024 ** 3 })))
  await topics.close()
}

async function sideTopics(kafka: KafkaOptions, side: SideName, run: string, input: string): Promise<SideTopics> {
  const output = `${run}.${side === 'crosstide' ? 'ours' : 'theirs'}`
  await makeTopics(kafka, [output])
  const snapshots = snapshotsOf(output, PARTITIONS)
  const topics = await openTopics(kafka)
  await topics.ensure([snapshots])
  await topics.close()
  return { input, output, snapshots: snapshots.name, partitions: PARTITIONS }
}

const outgoing = (topic: string, event: BenchEvent, timestampMs: number): Outgoing => {
  const key = String(event.symbol)
  return {
    topic,
    partition: partitionOf(key, PARTITIONS),
    key: Buffer.from(key),
    value: eventBytes(event, wallMs()),
    timestampMs,
  }
}

async function writeBacklog(kafka: KafkaOptions, topic: string, events: number): Promise<void> {
  const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  // The last event is now.
  const base = Date.now() - events / 10
  let batch: Outgoing[] = []
  const pending: Promise<unknown>[] = []
  for (const event of benchEvents(events)) {
    batch.push(outgoing(topic, event, Math.floor(base + event.ms)))
    if (batch.length < BATCH) continue
    pending.push(writer.append(batch))
    batch = []
    if (pending.length >= 20) await pending.shift()
  }
  await writer.append(batch)
  await writer.settled()
  await writer.close(5000)
}

async function measureBacklog(
  deps: Deps,
  side: SideName,
  input: string,
  run: string,
  events: number,
): Promise<readonly string[]> {
  deps.say(`${side}: backlog …`)
  const topics = await sideTopics(deps.kafka, side, run, input)
  const matches = await readMatches(deps.kafka, topics.output)
  const running = await start(deps, side, topics)
  try {
    await untilDone(matches, events === J3_EVENTS ? J3_MATCHES : Infinity)
    const { firstMs, lastMs } = matches.span()
    const isRight = events !== J3_EVENTS || matches.count() === J3_MATCHES
    const rate = isRight
      ? Math.round(events / ((lastMs - firstMs) / 1000)).toLocaleString('en')
      : `wrong: ${J3_MATCHES} wanted`
    return [String(matches.count()), String(matches.repeats()), rate]
  } finally {
    await running.stop()
    await matches.stop()
  }
}

/** All matches and a second more, in which there must be none; or some matches and then none for 20 s. */
async function untilDone(matches: Matches, wanted: number): Promise<void> {
  const deadline = performance.now() + 300_000
  while (performance.now() < deadline) {
    await sleep(200)
    const quietMs = performance.now() - matches.span().lastMs
    if (matches.count() > 0 && quietMs > (matches.count() >= wanted ? 1000 : 20_000)) return
  }
}

async function measureLatency(
  deps: Deps,
  side: SideName,
  run: string,
  rate: number,
  seconds: number,
): Promise<readonly string[]> {
  deps.say(`${side}: latency at ${rate} events/s …`)
  const input = `${run}.${side === 'crosstide' ? 'ours' : 'theirs'}-events`
  await makeTopics(deps.kafka, [input])
  const topics = await sideTopics(deps.kafka, side, run, input)
  const matches = await readMatches(deps.kafka, topics.output)
  const running = await start(deps, side, topics)
  const writer = await openWriter({ ...TICKS_WRITER, ...deps.kafka })
  const events = benchEvents(Infinity)
  const startedAt = performance.now()
  let sent = 0
  const load = setInterval(() => {
    for (const due = ((performance.now() - startedAt) / 1000) * rate; sent < due; sent++) {
      const { value } = events.next()
      if (value !== undefined) writer.offer(outgoing(input, value, Date.now()))
    }
  }, TURN_MS)
  try {
    await sleep(WARM_UP_MS)
    matches.latencies()
    await sleep(seconds * 1000)
    const latencies = matches.latencies()
    const spread = spreadOf(latencies)
    return [String(latencies.length), spread?.p50Ms.toFixed(1) ?? '-', spread?.p99Ms.toFixed(1) ?? '-']
  } finally {
    clearInterval(load)
    await running.stop()
    await writer.close(2000)
    await matches.stop()
  }
}
