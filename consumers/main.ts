import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import type { Feed } from '../core/tick.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { now } from '../io/clock.ts'
import { readSecrets } from '../io/alerts-config.ts'
import { loadAlerts, loadConfig } from '../io/config.ts'
import { required, type Source } from '../io/environment.ts'
import type { KafkaOptions, Reader, ReaderOptions, Stage } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openReader } from '../io/kafka/reader.ts'
import { SERVICE_WRITER, openWriter } from '../io/kafka/writer.ts'
import { checkLogId } from '../io/log-id.ts'
import { openPool } from '../io/postgres.ts'
import { INSTANCE } from '../io/process.ts'
import { failpoints } from '../io/processor/failpoints.ts'
import { openRegistry } from '../io/registry.ts'
import { runService, type Service, type ServiceDeps } from '../io/service.ts'
import { serviceHeartbeatCodec, systemEventCodec, tickCodec } from '../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../schemas/derived.ts'
import { alertCodec, matchCodec } from '../schemas/matches.ts'
import { catalogue } from '../schemas/topics.ts'
import { alertsSink } from './alerts/alerts-sink.ts'
import { commands } from './alerts/commands.ts'
import { openAlerts } from './alerts/run.ts'
import { candlesSink } from './candles-sink.ts'
import { controlPublisher, type ControlPublisher } from './control-publisher.ts'
import { messageOf, verdictOf } from './database.ts'
import { openDeadLetters } from '../io/dead-letters.ts'
import { matchesSink } from './matches-sink.ts'
import { opportunitiesSink } from './opportunities-sink.ts'
import { maintainPartitions } from './partitions.ts'
import { refreshViews } from './refresher.ts'
import { checkRollups } from './rollup-nightly.ts'
import { servicesSink } from './services-sink.ts'
import { openSinkMetrics } from './sink-metrics.ts'
import { sinkStage } from './sink-stage.ts'
import type { Sink, SinkObserver } from './sink.ts'
import { systemEventsSink } from './system-events-sink.ts'
import { ticksSink } from './ticks-sink.ts'
import { schemaLearner } from './unknown-schema.ts'

const PARTS = [
  'ticks',
  'candles',
  'opportunities',
  'matches',
  'alerts',
  'system-events',
  'services',
  'control',
  'maintenance',
] as const
type Part = (typeof PARTS)[number]

/** The broker gathers a fetch: a statement of a hundred rows costs three times one of ten, not ten times. */
const TICKS_FETCH = { minBytes: 64 * 1024, maxWaitMs: 50 }
/** Candles come in bursts, all of a second at once, and nobody waits for them to the millisecond. */
const CANDLES_FETCH = { minBytes: 16 * 1024, maxWaitMs: 200 }
/** Beyond this a sink is not ready: ten seconds of 10,000 frames/s. */
const MOST_LAG = 100_000
const PARTITIONS_MS = 10 * 60_000
const REFRESH_MS = 30_000
/** How often it is asked whether a day is over whose roll-ups nobody has compared. */
const ROLLUPS_MS = 15 * 60_000
/** Between two of its statements: it may take an hour, the sinks may not wait. */
const ROLLUPS_BREATH_MS = 200
const UNHEALTHY_MS = 30_000
const WRITER_CLOSE_MS = 4000
const FEED_OF: Readonly<Record<Source, Feed>> = { simulated: 'SIMULATED', live: 'LIVE', recorded: 'RECORDED' }

await runService('consumers', start)

async function start({ environment, log, metrics }: ServiceDeps): Promise<Service> {
  const parts = chosen(process.argv.slice(2))
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const topics = catalogue(config.partitions)
  const registry = openRegistry(required(environment, 'SCHEMA_REGISTRY_URL'))
  const sinkMetrics = openSinkMetrics(metrics, now)
  let unhealthy = { reason: '', atMs: -Infinity }
  const kafka: KafkaOptions = {
    brokers: required(environment, 'KAFKA_BROKERS'),
    clientId: `consumers ${INSTANCE}`,
    log,
    observer: {
      rebalanced: (group) => sinkMetrics.rebalanced(group),
      unhealthy: (reason) => (unhealthy = { reason, atMs: performance.now() }),
    },
  }
  const database = openPool(required(environment, 'DATABASE_URL'), 'ingest_rw', log)
  const ranges = await openRanges(kafka)
  await checkLogId(ranges, topics.control, database)
  const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
  const announcer = await openAnnouncer('consumers', { kafka, registry, topics })
  const encodeTick = await registry.encoder(topics.ticks.name, tickCodec)
  const epochs = metrics.gauge('control_epoch', 'Version in force of each document, where this one publishes', [
    'document',
  ])

  const stopping = new AbortController()
  const alertsConfig = await loadAlerts(environment.CROSSTIDE_CONFIG)
  const alerts = parts.includes('alerts')
    ? openAlerts({
        config: alertsConfig,
        secrets: await readSecrets(alertsConfig, process.env),
        databaseUrl: required(environment, 'DATABASE_URL'),
        announce: (event) => announcer.event(event),
        metrics,
        log,
        signal: stopping.signal,
        command: commands({
          pool: database,
          ranges,
          control: topics.control,
          append: (records) => writer.append(records),
          log,
          file: config,
        }),
        failpoint: failpoints(environment.CROSSTIDE_FAILPOINTS),
      })
    : undefined
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  const readers: { readonly group: string; readonly reader: Reader }[] = []
  const loops: Promise<void>[] = []
  const waitingForSchemas: (() => readonly number[])[] = []
  const fail = (error: unknown): void => {
    announcer.event({ kind: 'FAULT', message: messageOf(error) })
    // Given a moment to leave, then the process ends: crash on the unknown.
    setTimeout(() => {
      throw error
    }, 500)
  }
  const deadLetters = openDeadLetters({
    stage: 'sink',
    writer,
    now,
    count: (letter) => sinkMetrics.countLetter(letter),
  })

  const startSink = <Value, Memory>(
    sink: Sink<Value, Memory>,
    fetch: Pick<ReaderOptions, 'minBytes' | 'maxWaitMs'> = {},
    onStored?: SinkObserver<Value>['stored'],
  ): void => {
    const learner = schemaLearner({
      decoder: sink.decoder,
      wait,
      nowMs: () => performance.now(),
      warn: (fields, text) => log.warn(fields, text),
    })
    waitingForSchemas.push(() => learner.waiting())
    const stage = sinkStage(
      {
        database,
        ranges,
        deadLetters,
        learner,
        observer: sinkMetrics.observer(sink.consumer, onStored),
        log,
        wait,
        stopped: () => stopping.signal.aborted,
        random: Math.random,
      },
      sink,
    )
    const group = `crosstide.${sink.consumer}`
    const reader = openReader({ ...kafka, ...fetch, groupId: group, topic: sink.topic })
    readers.push({ group, reader })
    reader.run(withHints(stage, reader)).catch(fail)
  }

  const repeat = (everyMs: number, run: () => Promise<void>): void => {
    const loop = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        await run().catch((error: unknown) => {
          if (verdictOf(error) !== 'outage') throw error
          log.warn({ error: messageOf(error) }, 'maintenance_postponed')
        })
        await wait(everyMs)
      }
    }
    loops.push(loop().catch(fail))
  }

  let publisher: ControlPublisher | undefined
  const starters: Record<Part, () => void> = {
    ticks: () =>
      startSink(ticksSink(topics.ticks.name, registry.decoder(tickCodec)), TICKS_FETCH, sinkMetrics.ticksStored),
    candles: () => startSink(candlesSink(topics.candles.name, registry.decoder(candleCodec)), CANDLES_FETCH),
    opportunities: () =>
      startSink(
        opportunitiesSink(topics.opportunities.name, registry.decoder(opportunityCodec)),
        {},
        sinkMetrics.opportunitiesStored,
      ),
    matches: () =>
      startSink(matchesSink(topics.matches.name, registry.decoder(matchCodec)), {}, sinkMetrics.matchesStored),
    alerts() {
      if (alerts === undefined) return
      startSink(alertsSink(topics.alerts.name, registry.decoder(alertCodec), alerts.channels, alertsConfig.passMs))
      loops.push(alerts.run().catch(fail))
    },
    'system-events': () => startSink(systemEventsSink(topics.system.name, registry.decoder(systemEventCodec))),
    services: () => startSink(servicesSink(topics.heartbeats.name, registry.decoder(serviceHeartbeatCodec))),
    control() {
      publisher = controlPublisher({
        pool: database,
        ranges,
        append: (records) => writer.append(records),
        encode: encodeTick,
        ticks: topics.ticks,
        control: topics.control,
        feed: FEED_OF[environment.CROSSTIDE_SOURCE],
        log,
        now,
        nowMs: () => performance.now(),
        signal: stopping.signal,
        random: Math.random,
        published: ({ documentId, epoch }) => epochs.set({ document: documentId }, epoch),
        failpoint: failpoints(environment.CROSSTIDE_FAILPOINTS),
      })
      loops.push(publisher.run().catch(fail))
    },
    maintenance() {
      const { retentionDays } = config
      repeat(PARTITIONS_MS, async () => {
        await maintainPartitions({ database, log, nowMs: Date.now(), retentionDays })
      })
      repeat(REFRESH_MS, async () => {
        const { ages, refreshed } = await refreshViews(database, REFRESH_MS * 0.9)
        for (const age of ages) {
          sinkMetrics.view(age)
          if (refreshed.includes(age.view)) sinkMetrics.refreshed(age.view, age.refreshSeconds)
        }
      })
      repeat(ROLLUPS_MS, async () => {
        await checkRollups({
          database,
          log,
          now,
          announce: (event) => announcer.event(event),
          measured: sinkMetrics.rollups,
          async breathe() {
            await wait(ROLLUPS_BREATH_MS)
            return !stopping.signal.aborted
          },
        })
      })
    },
  }
  for (const part of parts) starters[part]()

  const lagOf = (): number => {
    let behind = 0
    for (const { group, reader } of readers) {
      const lags = reader.lag()
      sinkMetrics.lag(group, lags)
      for (const records of lags.values()) behind += records
    }
    return behind
  }

  let stopped: Promise<{ readonly unsent: number }> | undefined
  const stop = async (): Promise<{ readonly unsent: number }> => {
    stopping.abort()
    await Promise.all([...readers.map(({ reader }) => reader.close()), ...loops])
    const { unsent } = await writer.close(WRITER_CLOSE_MS)
    await ranges.close()
    await database.end()
    return { unsent }
  }

  return {
    announcer,
    facts: { parts: parts.join(' ') },
    problems() {
      const behind = lagOf()
      const ids = waitingForSchemas.flatMap((waiting) => waiting())
      return [
        ...(behind > MOST_LAG ? [`${behind} records behind`] : []),
        ...(ids.length > 0 ? [`waiting for schema ${ids.join(', ')}`] : []),
        ...(performance.now() - unhealthy.atMs < UNHEALTHY_MS ? [unhealthy.reason] : []),
        ...(alerts?.problems() ?? []),
        ...[sinkMetrics.outage(), publisher?.problem()].filter((problem) => problem !== undefined),
      ]
    },
    figures: () => sinkMetrics.figures(lagOf()),
    stop: () => (stopped ??= stop()),
  }
}

/** Which parts to run: those named, all if none is. Throws WRONG_USE on an unknown name. */
function chosen(names: readonly string[]): readonly Part[] {
  const known = PARTS.filter((part) => names.length === 0 || names.includes(part))
  const unknown = names.filter((name) => !PARTS.some((part) => part === name))
  if (unknown.length === 0) return known
  throw new PipelineError('WRONG_USE', `unknown consumer "${unknown.join(' ')}"; consumers are: ${PARTS.join(', ')}`)
}

/** Lag tools see group offsets; nothing is restored from them. */
function withHints(stage: Stage, reader: Reader): Stage {
  return {
    assigned: (slot) => stage.assigned(slot),
    async batch(slot, records, turn) {
      const next = await stage.batch(slot, records, turn)
      reader.hint(slot, next)
      return next
    },
    released: (slot) => stage.released(slot),
  }
}
