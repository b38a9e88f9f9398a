import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { emptyLetterBudget, letterBudget } from '../core/letter-budget.ts'
import { EXCHANGES, type Exchange, type Feed } from '../core/tick.ts'
import type { Micros } from '../core/time.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { now } from '../io/clock.ts'
import { loadConfig, type Config } from '../io/config.ts'
import { required, type Environment, type Source } from '../io/environment.ts'
import { openFeedMetrics } from '../io/feed-metrics.ts'
import { getJson } from '../io/http.ts'
import type { Log } from '../io/log.ts'
import { INSTANCE } from '../io/process.ts'
import { readSessions } from '../io/recording-files.ts'
import { openRegistry } from '../io/registry.ts'
import { runService, type Service, type ServiceDeps } from '../io/service.ts'
import { openTickLog } from '../io/tick-log.ts'
import { openSocket } from '../io/websocket.ts'
import { catalogue } from '../schemas/topics.ts'
import { simulated } from './adapter.ts'
import { ADAPTERS } from './adapters.ts'
import { deadLetter, STAGE } from './dead-letter.ts'
import { staleMarkets } from './feed-state.ts'
import type { FeedInput } from './feed.ts'
import { choose } from './instruments.ts'
import { playback, playedInstruments, shiftOf, type Speed } from './playback.ts'
import { parseRecording, playable } from './recording.ts'
import { figuresOf, samplesOf } from './samples.ts'
import { recordedWorld, runFeed, sessionNumbers, type FeedEvent, type RunningFeed, type World } from './shell.ts'

const CLOCK_MS = 100
/** The event loop stood still if a turn of the clock is this late. */
const STALL_MICROS = 250_000
const PUBLISH_MS = 1000
const CLOSE_MS = 4000
const FEED_OF: Readonly<Record<Source, Feed>> = { simulated: 'SIMULATED', live: 'LIVE', recorded: 'RECORDED' }

/** What the sources of feeds share. `clocked` feeds have the wall clock; a playing recording brings its own. */
type Producer = {
  readonly config: Config
  readonly environment: Environment
  readonly log: Log
  readonly world: World
  readonly feeds: RunningFeed[]
  readonly clocked: Set<RunningFeed>
  /** Why an exchange has no feed yet. */
  readonly waiting: Map<string, string>
  readonly abort: AbortSignal
  readonly settled: () => Promise<void>
}

await runService('producers', start)

async function start({ environment, log, metrics }: ServiceDeps): Promise<Service> {
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const exchanges = chosen(process.argv.slice(2), config)
  const topics = catalogue(config.partitions)
  const registry = openRegistry(required(environment, 'SCHEMA_REGISTRY_URL'))
  const kafka = { brokers: required(environment, 'KAFKA_BROKERS'), clientId: `producers ${INSTANCE}`, log }
  const tickLog = await openTickLog({ kafka, registry, topics, metrics, journal: environment.CROSSTIDE_JOURNAL })
  const announcer = await openAnnouncer('producers', { kafka, registry, topics })
  const feedMetrics = openFeedMetrics(metrics)
  const letters = metrics.counter('dead_letters_total', 'Dead letters, kept or not', ['topic', 'stage', 'reason'])
  const budget = emptyLetterBudget()
  const abort = new AbortController()
  const feeds: RunningFeed[] = []
  const clocked = new Set<RunningFeed>()
  const waiting = new Map<string, string>()

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
    openSocket,
    turn,
    offer(tick, key, partition) {
      const { exchange, timeSource, receiveTime, eventTime } = tick
      if (timeSource === 'EXCHANGE' && tick.payload.kind !== 'rate') feedMetrics.lag(exchange, receiveTime - eventTime)
      return tickLog.offer(tick, key, partition)
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
  const producer: Producer = {
    config,
    environment,
    log,
    world,
    feeds,
    clocked,
    waiting,
    abort: abort.signal,
    settled: () => tickLog.settled(),
  }

  const clock = setInterval(() => {
    const time = now()
    turn(time)
    lastTurn = time
    for (const feed of clocked) feed.input({ kind: 'clock', time, random: Math.random() })
  }, CLOCK_MS)
  const publish = setInterval(() => {
    for (const [index, { exchange, state }] of feeds.entries()) {
      feedMetrics.publish(exchange, index, samplesOf(state.counts))
      feedMetrics.stale(exchange, staleMarkets(state))
      if (state.current !== undefined) feedMetrics.lastFrame(exchange, state.current.lastFrame)
    }
  }, PUBLISH_MS)

  if (environment.CROSSTIDE_SOURCE === 'recorded') await replay(producer, exchanges)
  else for (const exchange of exchanges) void follow(producer, exchange)

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
      return { ...figures.shown, ...tickLog.figures(), ...feedMetrics.lagFigures() }
    },
    async stop() {
      abort.abort()
      clearInterval(clock)
      clearInterval(publish)
      for (const feed of feeds) feed.stop()
      const { unsent } = await tickLog.close(CLOSE_MS)
      return { unsent }
    },
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

/** Settings that all feeds of a process share. */
const shared = ({ config, environment }: Producer) => ({
  feed: FEED_OF[environment.CROSSTIDE_SOURCE],
  partitions: config.partitions,
  inverses: new Set(config.inverses),
  conversions: new Set(config.conversions),
})

/** A socket's feed; it starts when the exchange's list of instruments has come. */
async function follow(producer: Producer, exchange: Exchange): Promise<void> {
  const { config, environment, log, world, waiting, abort } = producer
  const adapter = ADAPTERS[exchange]
  const simulator =
    environment.CROSSTIDE_SOURCE === 'simulated' ? required(environment, 'CROSSTIDE_SIMULATOR_URL') : undefined
  const address = (url: string): string => (simulator === undefined ? url : simulated(url, exchange, simulator))
  waiting.set(exchange, 'has not given its list of instruments yet')
  const { url, parse } = adapter.instruments
  const listed = await getJson(address(url), parse, abort, (message) => {
    log.warn({ exchange, detail: message }, 'instruments_not_read')
    waiting.set(exchange, `does not give its list of instruments: ${message}`)
  }).catch((error: unknown) => {
    // It tries for ever, so only a stop ends it.
    if (!abort.aborted) throw error
    return []
  })
  if (abort.aborted) return
  const { instruments, unknown, ambiguous } = choose(config.exchanges[exchange]?.symbols ?? [], listed)
  if (ambiguous.length > 0)
    throw new PipelineError('BAD_CONFIG', `${exchange} lists more than one instrument as ${ambiguous.join(', ')}`)
  for (const symbol of unknown) {
    const message = `${exchange} lists no instrument ${symbol}`
    world.event(exchange, { event: 'FAULT', symbol, message, details: {} })
  }
  if (instruments.length === 0) {
    waiting.set(exchange, 'lists none of the configured symbols')
    return
  }
  waiting.delete(exchange)
  const feed = runFeed({ ...shared(producer), adapter, instruments, address, shift: 0 }, world)
  producer.feeds.push(feed)
  producer.clocked.add(feed)
}

/** All recorded sessions of the chosen exchanges, side by side. */
async function replay(producer: Producer, exchanges: readonly Exchange[]): Promise<void> {
  const { environment, world, feeds, clocked, waiting } = producer
  const speed = environment.CROSSTIDE_RECORDING_SPEED
  const started = now()
  for (const { name, files } of await readSessions(required(environment, 'CROSSTIDE_RECORDING'))) {
    const recording = parseRecording(
      name,
      files.map(({ text }) => text),
    )
    const shift = shiftOf(recording, speed, started)
    for (const one of playable(recording)) {
      const { adapter, connection } = one
      if (!exchanges.includes(adapter.exchange)) continue
      const instruments = playedInstruments(one)
      const settings = { ...shared(producer), adapter, instruments, address: (url: string) => url, shift }
      let time = started
      const feed = runFeed(
        settings,
        recordedWorld(world, () => time),
      )
      feeds.push(feed)
      const inputs = playback(connection, shift)
      void play(producer, inputs, speed, (input) => {
        time = input.time
        feed.input(input)
      }).then(() => clocked.add(feed))
    }
  }
  if (feeds.length === 0) waiting.set('the recording', 'holds no session that an adapter can read')
}

/** Plays a recording at its speed; at full speed it waits for Kafka instead of dropping what the queue has no room for. */
async function play(
  { abort, settled }: Producer,
  inputs: Iterable<FeedInput>,
  speed: Speed,
  take: (input: FeedInput) => void,
): Promise<void> {
  const started = now()
  let first: Micros | undefined
  let played = 0
  for (const input of inputs) {
    if (abort.aborted) return
    first ??= input.time
    if (speed === 'max') {
      if (++played % 1000 === 0) await settled()
    } else {
      const waitMs = (started + (input.time - first) / speed - now()) / 1000
      if (waitMs > 1) await sleep(waitMs)
    }
    take(input)
  }
}
