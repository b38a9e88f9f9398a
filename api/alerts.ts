import type { Micros } from '../core/time.ts'
import type { Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Registry } from '../io/registry.ts'
import { alertCodec } from '../schemas/matches.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import { MOST_OPEN, createAlertBoard } from './alert-board.ts'
import { startAlertFeed } from './alert-feed.ts'
import { createAlertHub, type AlertHub } from './alert-hub.ts'
import type { Database } from './deps.ts'
import type { Outcome } from './feed.ts'
import type { Limits } from './hub.ts'
import { selectAcked, selectAlertOrigins, selectClock, selectOpenAlerts } from './queries/alerts.ts'
import { selectPositions } from './queries/positions.ts'

const FLUSH_MS = 25
const EXPIRE_MS = 250
/** Acknowledgements are written to PostgreSQL alone, by any API beside us: a look a second, by an index, cannot miss one. */
const ACKS_MS = 1000
/** The sink whose tables hold the state. */
const SINK = 'sink-alerts'

export type LiveAlerts = {
  /** Resolves when what stood in the topic at the start is known. */
  readonly caughtUp: Promise<void>
  readonly hub: AlertHub
  problem(): string | undefined
  stop(): Promise<void>
}

/** The live side of alerts: PostgreSQL and the topic into the board, acknowledgements from PostgreSQL, the board to WebSocket clients. */
export function startAlerts(deps: {
  readonly topic: TopicSpec
  readonly ranges: Ranges
  readonly registry: Registry
  readonly database: Database
  readonly count: (outcome: Outcome, by: number) => void
  readonly log: Log
  readonly source: string
  readonly limits: Limits
  /** As the sink has it. */
  readonly passMs: number
  readonly now: () => Micros
}): LiveAlerts {
  const { topic, ranges, registry, database, log } = deps
  const board = createAlertBoard({ passMs: deps.passMs })
  const hub = createAlertHub(board, deps.source, deps.limits)
  let since: string | undefined
  let looking: Promise<void> | undefined
  let isBlind = false

  const feed = startAlertFeed({
    topic: topic.name,
    partitions: topic.partitions,
    ranges,
    decoder: registry.decoder(alertCodec),
    log,
    async positions() {
      const positions = await selectPositions(database, topic.name, SINK)
      return new Map([...positions].map(([partition, { next }]) => [partition, next]))
    },
    // Origins first: of an alert that is stored in between the state may know more, never less.
    async stored() {
      const origins = await selectAlertOrigins(database)
      since ??= await selectClock(database)
      return { origins, state: await selectOpenAlerts(database, MOST_OPEN) }
    },
    restore(state) {
      board.restore(state)
      hub.reset()
    },
    take: (alert) => board.take(alert),
    count: deps.count,
  })

  async function look(): Promise<void> {
    if (since === undefined) return
    try {
      const seen = await selectAcked(database, since)
      for (const alert of seen) board.acknowledge(alert)
      since = seen.at(-1)?.ackedAt ?? since
      isBlind = false
    } catch (error) {
      // PostgreSQL is away: they are found when it is back.
      if (!isBlind) log.warn({ err: error }, 'acknowledgements_unread')
      isBlind = true
    }
  }
  const looks = setInterval(() => {
    looking ??= look().finally(() => (looking = undefined))
  }, ACKS_MS)
  const flushes = setInterval(() => hub.flush(deps.now()), FLUSH_MS)
  const expiries = setInterval(() => board.expire(deps.now()), EXPIRE_MS)
  return {
    caughtUp: feed.caughtUp,
    hub,
    problem: () => feed.problem(),
    async stop() {
      clearInterval(looks)
      clearInterval(flushes)
      clearInterval(expiries)
      await feed.stop()
      await looking
    },
  }
}
