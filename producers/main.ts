import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { emptyLetterBudget, letterBudget } from '../core/letter-budget.ts'
import { EXCHANGES, type Exchange, type Feed } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { now } from '../io/clock.ts'
import { configChanges } from '../io/config-changes.ts'
import { loadConfig, type Config } from '../io/config.ts'
import { followConfiguration, readConfiguration } from '../io/configuration.ts'
import { required, type Environment, type Source } from '../io/environment.ts'
import { openBackfillMetrics } from '../io/backfill-metrics.ts'
import { openFeedMetrics } from '../io/feed-metrics.ts'
import { getJson, getText } from '../io/http.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import type { Log } from '../io/log.ts'
import { lastTrades, newestTickTime } from '../io/log-tail.ts'
import { INSTANCE } from '../io/process.ts'
import { isProxy, type ProxySettings } from '../io/proxy.ts'
import { readSessions } from '../io/recording-files.ts'
import { openRegistry } from '../io/registry.ts'
import { runService, type Service, type ServiceDeps } from '../io/service.ts'
import { openTickLog } from '../io/tick-log.ts'
import { tradeTail } from '../io/trade-tail.ts'
import { openSocket } from '../io/websocket.ts'
import { catalogue } from '../schemas/topics.ts'
import { simulated } from './adapter.ts'
import { openBackfills } from './backfilling.ts'
import { deadLetter, STAGE } from './dead-letter.ts'
import { staleMarkets } from './feed-state.ts'
import { follower, type Reach } from './follower.ts'
import { openOverseer } from './overseer.ts'
import { parseRecording } from './recording.ts'
import { openRoster, type Wanted } from './roster.ts'
import { figuresOf, samplesOf } from './samples.ts'
import { connectsByHost, sessionNumbers, type FeedEvent, type RunningFeed, type World } from './shell.ts'
import { replay, type Fleet } from './sources.ts'

const CLOCK_MS = 100
/** The event loop stood still if a turn of the clock is this late. */
const STALL_MICROS = 250_000
const PUBLISH_MS = 1000
const CLOSE_MS = 4000
const FEED_OF: Readonly<Record<Source, Feed>> = { simulated: 'SIMULATED', live: 'LIVE', recorded: 'RECORDED' }

await runService('producers', start)

async function start({ environment, log, metrics, fail }: ServiceDeps): Promise<Service> {
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const names = process.argv.slice(2)
  const topics = catalogue(config.partitions)
  const registry = openRegistry(required(environment, 'SCHEMA_REGISTRY_URL'))
  const kafka = { brokers: required(environment, 'KAFKA_BROKERS'), clientId: `producers ${INSTANCE}`, log }
  const journal = environment.CROSSTIDE_JOURNAL
  const tickLog = await openTickLog({ kafka, registry, topics, metrics, lost: fail, journal })
  const announcer = await openAnnouncer('producers', { kafka, registry, topics })
  const ranges = await openRanges(kafka)
  const { found: published } = await readConfiguration(ranges, topics.control, log)
  // What was applied since the file was read by bootstrap; without a bootstrap the file itself.
  const effective = published?.config ?? config
  const exchanges = chosen(names, effective)
  let current = effective
  const proxyOf = (exchange: Exchange): ProxySettings => ({
    proxy: current.exchanges[exchange]?.proxy ?? environment.HTTPS_PROXY,
    noProxy: environment.NO_PROXY,
  })
  if (
    environment.HTTPS_PROXY !== undefined &&
    environment.CROSSTIDE_SOURCE === 'live' &&
    !isProxy(environment.HTTPS_PROXY)
  )
    throw new PipelineError('BAD_ENVIRONMENT', 'HTTPS_PROXY: not an http:// or https:// proxy')
  const feedMetrics = openFeedMetrics(metrics)
  const letters = metrics.counter('dead_letters_total', 'Dead letters, kept or not', ['topic', 'stage', 'reason'])
  const budget = emptyLetterBudget()
  const abort = new AbortController()
  const feeds: RunningFeed[] = []
  const clocked = new Set<RunningFeed>()
  const waiting = new Map<string, string>()

  // A recording's gaps are the recording's.
  const backfills = config.backfill && environment.CROSSTIDE_SOURCE !== 'recorded'
  let lastTurn = now()
  const turn = (time: Micros): void => {
    const from = lastTurn
    if (time - from < CLOCK_MS * 1000 + STALL_MICROS) return
    lastTurn = time
    log.warn({ stalledMs: (time - from) / 1000 }, 'event_loop_stalled')
    for (const feed of clocked) feed.input({ kind: 'stalled', time, from })
  }
  const world: World = {
    now,
    random: Math.random,
    session: sessionNumbers(),
    connects: connectsByHost(),
    openSocket,
    turn,
    offer(tick, key, partition) {
      const { exchange, timeSource, receiveTime, eventTime } = tick
      if (timeSource === 'EXCHANGE' && tick.payload.kind !== 'rate') feedMetrics.lag(exchange, receiveTime - eventTime)
      const taken = tickLog.offer(tick, key, partition)
      if (taken && backfills) filling.offered(tick, partition)
      return taken
    },
    letter(exchange, letter) {
      const topic = topics.ticks.name
      const reason = letter.error
      letters.inc({ topic, stage: STAGE, reason })
      if (!letterBudget(budget, { topic, stage: STAGE, reason }, now())[1]) return
      const { value, headers } = deadLetter(letter, exchange, topic)
      if (!tickLog.letter(value, headers)) log.error({ exchange, reason }, 'dead_letter_dropped')
    },
    event(exchange, { event, symbol, message, details }: FeedEvent) {
      log[event === 'GAP' ? 'debug' : 'info'](
        { exchange, symbol, ...details, detail: message },
        `feed_${event.toLowerCase()}`,
      )
      // A storm of gaps must not crowd out what else happens.
      const kept = letterBudget(budget, { topic: topics.system.name, stage: exchange, reason: event }, now())[1]
      if (kept) announcer.event({ kind: event, exchange, symbol, message, details })
    },
  }
  const backfillMetrics = openBackfillMetrics(metrics, log)
  const filling = openBackfills((exchange) => ({
    now,
    random: Math.random,
    session: (at, time) => world.session(at, time),
    sleep: (ms) => sleep(ms, undefined, { signal: abort.signal }).catch(() => undefined),
    stopped: () => abort.signal.aborted,
    get: ({ url, headers = {} }) =>
      getText(addressOf(exchange, environment)(url), headers, abort.signal, proxyOf(exchange)),
    asked: (status) => backfillMetrics.asked(exchange, status),
    tail: (_, partition, since, backMs) =>
      tradeTail({ ranges, registry, topic: topics.ticks }, exchange, partition, since, backMs),
    offer: (tick, key, partition) => tickLog.offer(tick, key, partition),
    settled: () => tickLog.settled(),
    markets: () =>
      [...clocked].filter((feed) => feed.exchange === exchange).flatMap(({ state }) => [...state.markets.values()]),
    done: (...one) => backfillMetrics.done(...one),
    failed: (...one) => backfillMetrics.failed(...one),
  }))
  const fleet: Fleet = {
    world,
    shared: {
      feed: FEED_OF[environment.CROSSTIDE_SOURCE],
      partitions: config.partitions,
      inverses: new Set(config.inverses),
      conversions: new Set(effective.conversions),
    },
    feeds,
    clocked,
    waiting,
  }

  const overseer = openOverseer(clocked, world)
  const clock = setInterval(() => {
    const time = now()
    turn(time)
    lastTurn = time
    for (const feed of clocked) feed.input({ kind: 'clock', time, random: Math.random() })
  }, CLOCK_MS)
  const publish = setInterval(() => {
    for (const [index, { exchange, state }] of feeds.entries())
      feedMetrics.publish(exchange, index, samplesOf(state.counts))
    for (const [exchange, own] of Map.groupBy(feeds, (feed) => feed.exchange)) {
      feedMetrics.stale(
        exchange,
        own.reduce((sum, { state }) => sum + staleMarkets(state), 0),
      )
      const newest = Math.max(...own.map(({ state }) => state.current?.lastFrame ?? 0))
      if (newest > 0) feedMetrics.lastFrame(exchange, newest)
    }
    // Recorded prices are of different years.
    if (environment.CROSSTIDE_SOURCE === 'recorded') return
    overseer.look(now())
    feedMetrics.oversight(overseer.offsets(now()), overseer.quarantined())
  }, PUBLISH_MS)

  if (environment.CROSSTIDE_SOURCE === 'recorded') {
    const speed = environment.CROSSTIDE_RECORDING_SPEED
    const sessions = await readSessions(required(environment, 'CROSSTIDE_RECORDING'))
    const recordings = sessions.map(({ name, files }) =>
      parseRecording(
        name,
        files.map(({ text }) => text),
      ),
    )
    const newest = speed === 1 ? undefined : await newestTickTime({ kafka, registry, topic: topics.ticks })
    const player = { now, sleep, settled: () => tickLog.settled(), stopped: () => abort.signal.aborted }
    void replay(fleet, recordings, exchanges, { speed, newest, player })
  } else {
    const deps = { kafka, registry, topic: topics.ticks }
    const tail = await lastTrades(deps, exchanges)
    const atStart = new Set(exchanges)
    const roster = openRoster(async (exchange) => {
      // One that comes later begins where the log says then.
      const tailOf = atStart.delete(exchange) ? tail : await lastTrades(deps, [exchange])
      const reach = reachOf(exchange, environment, log, abort.signal, () => proxyOf(exchange))
      const own: World = { ...world, openSocket: (url, events) => openSocket(url, events, proxyOf(exchange)) }
      return follower({ ...fleet, world: own }, exchange, { ...reach, lastTrades: tailOf(exchange) })
    }, fail)
    roster.want(wantedOf(effective, names))
    void followConfiguration({
      ranges,
      control: topics.control,
      log,
      signal: abort.signal,
      known: published,
      changed({ epoch, by, config: next }) {
        const { fixed } = configChanges(config, next)
        const message = `configuration ${epoch} of ${by} is followed`
        const rest = fixed.length === 0 ? '' : `, but for what a start alone can change: ${fixed.join(', ')}`
        announcer.event({ kind: 'NOTE', message: message + rest, details: { epoch: String(epoch), by } })
        current = next
        roster.want(wantedOf(next, names))
      },
    })
  }

  let figures = figuresOf([], now(), undefined)
  return {
    announcer,
    problems: () => [
      ...[...waiting].map(([exchange, why]) => `${exchange} ${why}`),
      ...[...clocked]
        .filter(({ state }) => state.phase !== 'open' && state.phaseTime !== Infinity)
        .map(({ exchange }) => `${exchange} is not connected`),
      ...tickLog.problems(),
    ],
    figures() {
      figures = figuresOf(
        feeds.map(({ state }) => state),
        now(),
        figures,
      )
      return {
        ...figures.shown,
        ...tickLog.figures(),
        ...feedMetrics.lagFigures(),
        ...feedMetrics.oversightFigures(),
      }
    },
    async stop() {
      abort.abort()
      clearInterval(clock)
      clearInterval(publish)
      for (const feed of feeds) feed.stop()
      const { unsent } = await tickLog.close(CLOSE_MS)
      await ranges.close()
      return { unsent }
    },
  }
}

/** What a configuration has this process follow. */
function wantedOf({ exchanges, conversions }: Config, names: readonly string[]): Wanted {
  const ours = EXCHANGES.filter((exchange) => names.length === 0 || names.includes(exchange))
  const named = ours.map((exchange) => [exchange, exchanges[exchange]?.symbols ?? []] as const)
  return {
    exchanges: new Map(named.filter(([, symbols]) => symbols.length > 0)),
    conversions: new Set(conversions),
  }
}

/** The exchanges named on the command line, else all that are configured. */
function chosen(names: readonly string[], { exchanges }: Config): readonly Exchange[] {
  const configured = EXCHANGES.filter((exchange) => exchanges[exchange] !== undefined)
  const unknown = names.filter((name) => configured.every((exchange) => exchange !== name))
  if (unknown.length > 0)
    throw new PipelineError('WRONG_USE', `not configured: ${unknown.join(', ')}; there are ${configured.join(', ')}`)
  return names.length === 0 ? configured : configured.filter((exchange) => names.includes(exchange))
}

/** An exchange's own address, or the simulator's. */
function addressOf(exchange: Exchange, environment: Environment): (url: string) => string {
  if (environment.CROSSTIDE_SOURCE !== 'simulated') return (url) => url
  const simulator = required(environment, 'CROSSTIDE_SIMULATOR_URL')
  return (url) => simulated(url, exchange, simulator)
}

/** How an exchange is reached. */
function reachOf(
  exchange: Exchange,
  environment: Environment,
  log: Log,
  signal: AbortSignal,
  proxy: () => ProxySettings,
): Omit<Reach, 'lastTrades'> {
  return {
    address: addressOf(exchange, environment),
    list: (url, parse, failed) =>
      getJson(
        url,
        parse,
        signal,
        (message) => {
          log.warn({ exchange, detail: message }, 'instruments_not_read')
          failed(message)
        },
        proxy(),
      ).catch((error: unknown) => {
        // It tries for ever, so only a stop ends it.
        if (!signal.aborted) throw error
        return undefined
      }),
  }
}
