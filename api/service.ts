import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../io/clock.ts'
import { PASS_MS } from '../io/alerts-config.ts'
import type { Config } from '../io/config.ts'
import type { Source } from '../io/environment.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { followConfiguration, readConfiguration } from '../io/configuration.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { checkLogId } from '../io/log-id.ts'
import type { Log } from '../io/log.ts'
import type { Metrics } from '../io/metrics.ts'
import { openLab } from '../io/rule-lab.ts'
import { openPool } from '../io/postgres.ts'
import { openRegistry } from '../io/registry.ts'
import { judgeBy, type Judge } from '../io/rules-world.ts'
import type { Service } from '../io/service.ts'
import { tickCodec } from '../schemas/codec.ts'
import type { Catalogue } from '../schemas/topics.ts'
import { LOCAL, assertAccess, type Access } from './access.ts'
import { startAlerts } from './alerts.ts'
import { createApp } from './app.ts'
import { loadAssets } from './assets.ts'
import { createBoard } from './board.ts'
import type { AppDeps } from './deps.ts'
import { startFeed } from './feed.ts'
import type { TopicFollower } from './topic-follower.ts'
import { LIMITS, createHub, type Limits } from './hub.ts'
import { openLetters } from './letters.ts'
import { startPushes } from './pushes.ts'
import { selectPositions } from './queries/positions.ts'
import { selectRemembered } from './queries/remembered.ts'
import { selectMissing } from './queries/schema.ts'
import { watchReadiness } from './readiness.ts'
import { createRefusals } from './refusals.ts'
import { auditRules } from '../io/rules-audit.ts'
import { closeServer, listen } from './server.ts'
import { startSignals } from './signals.ts'
import { serveSockets } from './sockets.ts'

export type ApiOptions = {
  readonly port: number
  readonly database: string
  readonly brokers: readonly string[]
  readonly registry: string
  readonly source: Source
  readonly topics: Catalogue
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly limits?: Limits
  readonly access?: Access
  readonly requestsPerMinute?: AppDeps['requestsPerMinute']
  /** When an alert passes that no RESOLVED follows; as the sink has it. */
  readonly passMs?: number
  /** Names of targets that a rule's action may ask for; `undefined`: any. */
  readonly webhooks?: readonly string[]
  /** The program that tries rules, in a thread of its own; without it none are tried. */
  readonly lab?: URL
  /** Instead of that of the configuration; for tests. */
  readonly judge?: Judge
}

/** How long the first answer waits for the log's present; after that the API serves and says it is not ready. */
const CATCH_UP_MS = 15_000
/** About ten seconds of the rate we promise. */
const MAX_LAG_RECORDS = 100_000
const REQUESTS_PER_MINUTE = { loopback: 60_000, others: 300 }

/** Starts the API: state from PostgreSQL, then the log, then the port. Throws DATABASE_MISMATCH if the two are strangers, BAD_ENVIRONMENT if it would be open to others without keys. */
export async function startApi(options: ApiOptions): Promise<Service & { readonly port: number }> {
  const { log, metrics, topics, source, access = LOCAL } = options
  assertAccess(access)
  const kafka = { brokers: options.brokers, clientId: 'crosstide-api', log }
  const registry = openRegistry(options.registry)
  const database = openPool(options.database, 'api_ro', log)
  const ranges = await openRanges(kafka)
  await checkLogId(ranges, topics.control, database).catch(async (error: unknown) => {
    await Promise.all([ranges.close(), database.end()])
    throw error
  })
  let { found: published } = await readConfiguration(ranges, topics.control, log)
  const ending = new AbortController()
  void followConfiguration({
    ranges,
    control: topics.control,
    log,
    signal: ending.signal,
    known: published,
    changed: (configuration) => (published = configuration),
  })
  const configuration: AppDeps['configuration'] = () => ({
    config: published?.config ?? options.config,
    epoch: published?.epoch,
  })
  const announcer = await openAnnouncer('api', { kafka, registry, topics })

  const board = createBoard()
  const hub = createHub(board, source, options.limits ?? LIMITS)
  const pushes = startPushes({ board, hub, now })
  const staged = metrics.counter('stage_records_total', 'Records by stage and outcome', ['stage', 'outcome'])
  const feed = startFeed({
    topic: topics.ticks.name,
    partitions: topics.ticks.partitions,
    ranges,
    decoder: registry.decoder(tickCodec),
    count: (outcome, by) => staged.labels('price_board', outcome).inc(by),
    log,
    now,
    stored: () => selectPositions(database, topics.ticks.name),
    remembered: () => selectRemembered(database),
    restore: (prices) => board.restore(prices),
    take(arrival) {
      board.take(arrival)
      const { kind } = arrival.tick.payload
      if (kind === 'trade' || kind === 'quote') pushes.taken(arrival.tick.receiveTime)
    },
  })
  const signals = startSignals({
    topic: topics.opportunities,
    ranges,
    registry,
    database,
    count: (outcome, by) => staged.labels('signal_board', outcome).inc(by),
    log,
    source,
    limits: options.limits ?? LIMITS,
    now,
  })
  const liveAlerts = startAlerts({
    topic: topics.alerts,
    ranges,
    registry,
    database,
    count: (outcome, by) => staged.labels('alert_board', outcome).inc(by),
    log,
    source,
    limits: options.limits ?? LIMITS,
    passMs: options.passMs ?? PASS_MS,
    now,
  })
  const caughtUp = Promise.all([feed.caughtUp, signals.caughtUp, liveAlerts.caughtUp])
  await Promise.race([caughtUp, sleep(CATCH_UP_MS, undefined, { ref: false })])
  const readiness = await watchReadiness({
    kafka: async () => (await kafkaProblem(feed)) ?? signals.problem() ?? liveAlerts.problem(),
    database: async () => void (await database.query('select 1')),
    schema: async () => {
      const missing = await selectMissing(database)
      return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}; run: crosstide bootstrap`
    },
  })
  const letters = openLetters(ranges, topics)
  const refusedTotal = metrics.counter('access_refused_total', 'Requests refused for want of a key', ['reason'])
  const onRecord = createRefusals(({ address, reason, path, count }) => {
    log.warn({ address, reason, path, count }, 'access_refused')
    const details = { audit: 'access_refused', address, reason, path, count: String(count) }
    announcer.event({ kind: 'NOTE', message: `access refused to ${address}`, details })
  })
  const refusals: typeof onRecord = {
    ...onRecord,
    refused(address, reason, path, time) {
      refusedTotal.labels(reason).inc()
      onRecord.refused(address, reason, path, time)
    },
  }
  const recording = setInterval(() => onRecord.flush(now()), 10_000).unref()
  const writing = openPool(options.database, 'api_rw', log, 2)
  const rules: AppDeps['rules'] = {
    database: writing,
    reading: database,
    judge: options.judge ?? judgeBy(() => configuration().config, options.webhooks),
    audit: auditRules(announcer, log),
  }
  const { brokers, registry: registryUrl } = options
  const { name: topic, partitions } = topics.ticks
  const lab =
    options.lab === undefined ? undefined : openLab(options.lab, { brokers, registry: registryUrl, topic, partitions })
  const alerts: AppDeps['alerts'] = {
    database: writing,
    audit(event) {
      log.info(event.details, 'alert_command')
      announcer.event(event)
    },
  }
  const deps = {
    database,
    board,
    readiness,
    letters,
    configuration,
    signals,
    rules,
    alerts,
    lab,
    metrics,
    log,
    source,
    now,
  }
  const requestsPerMinute = options.requestsPerMinute ?? REQUESTS_PER_MINUTE
  const app = createApp({ ...deps, access, refusals, assets: loadAssets(), requestsPerMinute })
  const { server, port } = await listen(app, options.port, access.host)
  const sockets = serveSockets(server, {
    hub,
    signals: signals.hub,
    alerts: liveAlerts.hub,
    metrics,
    log,
    now,
    access,
    refusals,
  })

  const stop = async (): Promise<{ unsent: number }> => {
    readiness.stop()
    ending.abort()
    pushes.stop()
    clearInterval(recording)
    await Promise.all([sockets.stop(), closeServer(server, 2000)])
    await Promise.all([feed.stop(), signals.stop(), liveAlerts.stop(), lab?.stop()])
    await Promise.all([ranges.close(), database.end(), writing.end()])
    return { unsent: 0 }
  }
  let stopped: ReturnType<typeof stop> | undefined
  return {
    port,
    facts: { port },
    announcer,
    problems: readiness.problems,
    figures: () => ({ clients: sockets.clients(), ...pushes.figures() }),
    stop: () => (stopped ??= stop()),
  }
}

async function kafkaProblem(feed: TopicFollower): Promise<string | undefined> {
  const problem = feed.problem()
  if (problem !== undefined) return problem
  const lag = await feed.lag()
  return lag > MAX_LAG_RECORDS ? `${lag} records behind` : undefined
}
