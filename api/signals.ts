import { fromIso, type Micros } from '../core/time.ts'
import type { Source } from '../io/environment.ts'
import type { Ranges } from '../io/kafka/port.ts'
import type { Log } from '../io/log.ts'
import type { Registry } from '../io/registry.ts'
import { opportunityCodec } from '../schemas/derived.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import type { Database } from './deps.ts'
import type { Outcome } from './feed.ts'
import type { Limits } from './hub.ts'
import { selectPositions } from './queries/positions.ts'
import { selectLatestSignal, selectOpenSignals, selectSignalOrigins } from './queries/signals.ts'
import { createSignalBoard, type SignalBoard } from './signal-board.ts'
import { startSignalFeed } from './signal-feed.ts'
import { createSignalHub, type SignalHub } from './signal-hub.ts'

const FLUSH_MS = 25
const EXPIRE_MS = 250
/** The sink whose tables hold the state. */
const SINK = 'sink-opportunities'

export type Signals = {
  /** Resolves when what stood in the topic at the start is known. */
  readonly caughtUp: Promise<void>
  readonly board: SignalBoard
  readonly hub: SignalHub
  /** The present as opportunities count it: of a recording the moment of its newest record. */
  now(): Promise<Micros>
  problem(): string | undefined
  stop(): Promise<void>
}

/** The live side of opportunities: PostgreSQL and the topic into the board, the board to WebSocket clients. */
export function startSignals(deps: {
  readonly topic: TopicSpec
  readonly ranges: Ranges
  readonly registry: Registry
  readonly database: Database
  readonly count: (outcome: Outcome, by: number) => void
  readonly log: Log
  readonly source: Source
  readonly limits: Limits
  readonly now: () => Micros
}): Signals {
  const { topic, ranges, registry, database, log, source } = deps
  const board = createSignalBoard()
  const hub = createSignalHub(board, source, deps.limits)
  const isRecorded = source === 'recorded'
  async function present(): Promise<Micros> {
    if (!isRecorded) return deps.now()
    const stored = await selectLatestSignal(database)
    return board.latest() ?? (stored === undefined ? undefined : fromIso(stored)) ?? deps.now()
  }
  const feed = startSignalFeed({
    topic: topic.name,
    partitions: topic.partitions,
    ranges,
    decoder: registry.decoder(opportunityCodec),
    log,
    now: deps.now,
    isRecorded,
    async positions() {
      const positions = await selectPositions(database, topic.name, SINK)
      return new Map([...positions].map(([partition, { next }]) => [partition, next]))
    },
    // Origins first: of a record that is stored in between the state may know more, never less.
    async stored() {
      const origins = await selectSignalOrigins(database)
      return { origins, open: await selectOpenSignals(database, await present()) }
    },
    restore(signals) {
      board.restore(signals)
      hub.reset()
    },
    take: (record) => board.take(record),
    count: deps.count,
  })
  const flushes = setInterval(() => hub.flush(deps.now()), FLUSH_MS)
  const expiries = setInterval(() => {
    const now = isRecorded ? board.latest() : deps.now()
    if (now !== undefined) board.expire(now)
  }, EXPIRE_MS)
  return {
    caughtUp: feed.caughtUp,
    board,
    hub,
    now: present,
    problem: () => feed.problem(),
    async stop() {
      clearInterval(flushes)
      clearInterval(expiries)
      await feed.stop()
    },
  }
}
