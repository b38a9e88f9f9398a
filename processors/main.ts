import type { Origin } from '../core/processor.ts'
import { timeOf } from '../core/partition-clock.ts'
import { PipelineError } from '../core/errors.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { now } from '../io/clock.ts'
import { loadConfig } from '../io/config.ts'
import { openDeadLetters } from '../io/dead-letters.ts'
import { required } from '../io/environment.ts'
import type { KafkaOptions } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openReader } from '../io/kafka/reader.ts'
import { PROCESSOR_WRITER, openWriter } from '../io/kafka/writer.ts'
import { INSTANCE } from '../io/process.ts'
import { failpoints } from '../io/processor/failpoints.ts'
import { openProcessorMetrics } from '../io/processor/metrics.ts'
import { openTick, originsOf, recordReader } from '../io/processor/reading.ts'
import { createRunner } from '../io/processor/runner.ts'
import { openSnapshotStore } from '../io/processor/snapshot-store.ts'
import { openRegistry, type Decoder } from '../io/registry.ts'
import { runService, type Service, type ServiceDeps } from '../io/service.ts'
import { systemEventCodec, tickCodec } from '../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../schemas/derived.ts'
import { alertCodec, matchCodec } from '../schemas/matches.ts'
import { catalogue } from '../schemas/topics.ts'
import { configuresMarket, market } from './market/market.ts'
import { encodeMarket } from './market/wire.ts'

const PROCESSORS = ['market'] as const
/** Beyond this it is not ready: ten seconds of 10,000 frames/s. */
const MOST_LAG = 100_000
const UNHEALTHY_MS = 30_000
/** What was sent is acknowledged by then, unless Kafka is away; with the rest of the stop it stays below nine seconds. */
const WRITER_CLOSE_MS = 2000
const PUBLISH_MS = 1000

await runService('processors', start)

async function start({ environment, log, metrics, fail }: ServiceDeps): Promise<Service> {
  checkNames(process.argv.slice(2))
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const topics = catalogue(config.partitions)
  const { ticks, candles, opportunities, system, matches, alerts, marketSnapshots } = topics
  const specs = new Map(Object.values(topics).map((spec) => [spec.name, spec]))
  const registry = openRegistry(required(environment, 'SCHEMA_REGISTRY_URL'))
  const nowMs = (): number => performance.now()
  const processor = market({
    ticks: ticks.name,
    candles: candles.name,
    opportunities: opportunities.name,
    system: system.name,
    matches: matches.name,
    alerts: alerts.name,
    inverses: new Set(config.inverses),
  })
  const measured = openProcessorMetrics(metrics, processor.name, nowMs)
  let unhealthy = { reason: '', atMs: -Infinity }
  const kafka: KafkaOptions = {
    brokers: required(environment, 'KAFKA_BROKERS'),
    clientId: `processors ${INSTANCE}`,
    log,
    observer: {
      rebalanced: () => measured.rebalanced(),
      unhealthy: (reason) => (unhealthy = { reason, atMs: nowMs() }),
      topicLost: (_topic, error) => fail(error),
    },
  }
  const encoders = {
    candle: await registry.encoder(candles.name, candleCodec),
    opportunity: await registry.encoder(opportunities.name, opportunityCodec),
    event: await registry.encoder(system.name, systemEventCodec),
    match: await registry.encoder(matches.name, matchCodec),
    alert: await registry.encoder(alerts.name, alertCodec),
  }
  const decoders = new Map<string, Decoder<{ readonly origin?: Origin | undefined }>>()
  decoders.set(candles.name, registry.decoder(candleCodec))
  decoders.set(opportunities.name, registry.decoder(opportunityCodec))
  decoders.set(system.name, registry.decoder(systemEventCodec))
  decoders.set(matches.name, registry.decoder(matchCodec))
  decoders.set(alerts.name, registry.decoder(alertCodec))
  const ranges = await openRanges(kafka)
  const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafka })
  const announcer = await openAnnouncer('processors', { kafka, registry, topics })
  const append = writer.append.bind(writer)
  const failpoint = failpoints(environment.CROSSTIDE_FAILPOINTS)
  const reading = recordReader({ decoder: registry.decoder(tickCodec), log }, openTick)
  const letters = metrics.counter('dead_letters_total', 'Dead letters, kept or not', ['topic', 'stage', 'reason'])
  const tally = new Map<string, number>()
  const reader = openReader({ ...kafka, groupId: `crosstide.${processor.name}`, topic: ticks.name })
  const runner = createRunner({
    processor,
    ranges,
    append,
    snapshots: openSnapshotStore({ topic: marketSnapshots.name, ranges, append, nowMs: Date.now, failpoint }),
    read: reading.read,
    timeOf,
    configures: configuresMarket,
    encode: (output) => encodeMarket(encoders, output),
    async origins(topic, records) {
      const decoder = decoders.get(topic)
      return decoder === undefined ? [] : originsOf(decoder, records)
    },
    partitions: (topic) => specs.get(topic)?.partitions ?? 1,
    failpoint,
    tally,
    letters: openDeadLetters({ stage: 'processor', writer, now, count: (letter) => letters.inc(letter) }),
    hint: (slot, next) => reader.hint(slot, next),
    observer: {
      ...measured.observer,
      stopped(slot, error) {
        measured.observer.stopped(slot, error)
        const message = `${processor.name} on partition ${slot.partition} stopped: ${String(error)}`
        announcer.event({ kind: 'FAULT', message })
      },
    },
    log,
    nowMs,
  })
  const running = reader.run(runner)
  running.catch((error: unknown) => {
    announcer.event({ kind: 'FAULT', message: String(error) })
    // Given a moment to leave, then the process ends: crash on the unknown.
    setTimeout(() => {
      throw error
    }, 500)
  })

  const behind = (): number => [...reader.lag().values()].reduce((sum, records) => sum + records, 0)
  const publishing = setInterval(() => measured.publish(tally, reader.lag()), PUBLISH_MS)
  let stopped: Promise<{ readonly unsent: number }> | undefined
  const stop = async (): Promise<{ readonly unsent: number }> => {
    clearInterval(publishing)
    // Saved while the slots are still ours: the next start scans nothing (rule S5).
    await runner.stop()
    await reader.close()
    const { unsent } = await writer.close(WRITER_CLOSE_MS)
    await ranges.close()
    return { unsent }
  }

  return {
    announcer,
    facts: { processors: processor.name },
    problems() {
      const records = behind()
      return [
        ...runner.problems(),
        ...(records > MOST_LAG ? [`${records} records behind`] : []),
        ...reading.waiting().map((id) => `waiting for schema ${id}`),
        ...(nowMs() - unhealthy.atMs < UNHEALTHY_MS ? [unhealthy.reason] : []),
      ]
    },
    figures: () => measured.figures(behind()),
    stop: () => (stopped ??= stop()),
  }
}

/** Throws WRONG_USE on a processor that is not there. */
function checkNames(names: readonly string[]): void {
  const unknown = names.filter((name) => !PROCESSORS.some((one) => one === name))
  if (unknown.length === 0) return
  throw new PipelineError(
    'WRONG_USE',
    `unknown processor "${unknown.join(' ')}"; processors are: ${PROCESSORS.join(', ')}`,
  )
}
