import type { Feed, Tick } from '../core/tick.ts'
import { micros, type Micros } from '../core/time.ts'
import { tryLock, type Held } from '../io/advisory-lock.ts'
import { hashOfDocument } from '../io/control-documents.ts'
import { pause } from '../io/kafka/backoff.ts'
import { isTransient } from '../io/kafka/faults.ts'
import type { Ranges, Writer } from '../io/kafka/port.ts'
import { checkLogId } from '../io/log-id.ts'
import type { Log } from '../io/log.ts'
import type { openPool } from '../io/postgres.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import { broadcast, controlTick, type Session, type Version } from './control-ticks.ts'
import { backOffMs, DEADLINE_MS, messageOf, verdictOf, type Database, type Statement } from './database.ts'

export type ControlDeps = {
  /** As `ingest_rw`. */
  readonly pool: ReturnType<typeof openPool>
  readonly ranges: Ranges
  readonly append: Writer['append']
  readonly encode: (tick: Tick) => Buffer
  readonly ticks: Pick<TopicSpec, 'name' | 'partitions'>
  readonly control: TopicSpec
  readonly feed: Feed
  readonly log: Log
  readonly now: () => Micros
  /** Of a clock that never steps. */
  readonly nowMs: () => number
  /** Ends it, also while Kafka does not acknowledge. */
  readonly signal: AbortSignal
  readonly random: () => number
  /** Told of each version that stands in every partition, of those of the full set again and again. */
  readonly published: (version: Version) => void
  readonly failpoint?: (name: string) => void
  /** How often the full set is repeated, so that a replay from any offset finds it within its warm-up. */
  readonly repeatMs?: number
  /** A publisher that is paused for this long is taken over from. */
  readonly silentMs?: number
}

export type ControlPublisher = {
  /** Rejects with what it cannot go on with: another log's database, a lost topic, a bug. */
  run(): Promise<void>
  /** Why nothing is published; `undefined`: all is well, or another process publishes. */
  problem(): string | undefined
  isPublishing(): boolean
}

/** Any number, the same for all publishers of a database; not the one of `cli/publishing.ts`. */
const LOCK = 7_217_042
const REPEAT_MS = 600_000
const SILENT_MS = 10_000
const POLL_MS = 250
const STANDBY_MS = 1000
const SLOW_MS = 5000

/**
 * Puts the documents of PostgreSQL into the log they govern: each new version as a Control tick in every partition, the full
 * set again at its start and every ten minutes. Of several publishers one works, the others wait for its lock.
 *
 * A version is marked after Kafka has acknowledged it everywhere. Killed in between, the next publisher writes it again: the
 * same epoch with the same hash, which changes nothing for a reader.
 */
export function controlPublisher(deps: ControlDeps): ControlPublisher {
  const { pool, log, signal, repeatMs = REPEAT_MS, silentMs = SILENT_MS, failpoint = () => undefined } = deps
  let outage: string | undefined
  let isPublishing = false
  let appendingSinceMs: number | undefined

  /** While Kafka is waited for, the connection is kept from falling silent: the lock stays ours. */
  async function keepLock({ connection }: Held, until: AbortSignal): Promise<void> {
    for (;;) {
      await pause(silentMs / 4, until)
      if (until.aborted) return
      await connection.query('select 1')
    }
  }

  async function write(held: Held, session: Session, versions: readonly Version[]): Promise<void> {
    const time = deps.now()
    const ticks = versions.map((version) => controlTick(session, version, time))
    const over = new AbortController()
    const keeping = keepLock(held, AbortSignal.any([signal, over.signal]))
    appendingSinceMs = deps.nowMs()
    try {
      await Promise.race([deps.append(broadcast(deps.ticks, ticks, deps.encode)), keeping])
    } finally {
      appendingSinceMs = undefined
      over.abort()
    }
    await keeping
    if (signal.aborted) throw new Error('stopped')
  }

  /** Publishes until it is to stop; throws when the connection, and so the lock, is gone. */
  async function publish(held: Held): Promise<void> {
    const { connection } = held
    await checkLogId(deps.ranges, deps.control, connection)
    const session: Session = { session: await nextSession(connection), feed: deps.feed, nextOrdinal: 0 }
    log.info({ session: session.session }, 'control_publisher_started')
    isPublishing = true
    let repeatAtMs = -Infinity
    while (!signal.aborted) {
      for (const version of await waiting(connection)) {
        await write(held, session, [version])
        failpoint('control.acknowledged')
        await mark(connection, version)
        deps.published(version)
        const { documentId, epoch, hash } = version
        log.info({ document: documentId, epoch, hash }, 'control_published')
      }
      if (deps.nowMs() >= repeatAtMs) {
        const all = await fullSet(connection)
        await write(held, session, all)
        all.forEach(deps.published)
        repeatAtMs = deps.nowMs() + repeatMs
      }
      outage = undefined
      await pause(POLL_MS, signal)
    }
  }

  async function turn(): Promise<void> {
    const held = await tryLock(pool, LOCK, silentMs)
    outage = undefined
    if (held === undefined) return pause(STANDBY_MS, signal)
    try {
      await publish(held)
    } finally {
      isPublishing = false
      held.release()
    }
  }

  return {
    async run() {
      for (let attempt = 0; !signal.aborted; attempt = outage === undefined ? 0 : attempt + 1) {
        try {
          await turn()
        } catch (error) {
          if (signal.aborted) return
          if (verdictOf(error) !== 'outage' && !isTransient(error)) throw error
          outage = messageOf(error)
          log.warn({ err: error, attempt }, 'control_publisher_waits')
          await pause(backOffMs(attempt, deps.random()), signal)
        }
      }
    },
    problem() {
      const slow = appendingSinceMs !== undefined && deps.nowMs() - appendingSinceMs > SLOW_MS
      const reason = outage ?? (slow ? 'Kafka does not acknowledge' : undefined)
      return reason === undefined ? undefined : `control publisher: ${reason}`
    },
    isPublishing: () => isPublishing,
  }
}

type Row = { readonly document_id: string; readonly epoch: string; readonly hash: string; readonly body: unknown }

const VERSIONS = `select d.document_id, d.epoch, d.hash, d.body
                    from ingest.documents d join ingest.outbox o using (document_id, epoch)`

const waiting = (database: Database): Promise<readonly Version[]> =>
  ask(database, 'control_waiting', `${VERSIONS} where o.published_at is null order by o.outbox_id`)

/** The newest published version of each document. */
const fullSet = (database: Database): Promise<readonly Version[]> =>
  ask(
    database,
    'control_full_set',
    `${VERSIONS} where o.published_at is not null and not exists (
       select from ingest.outbox n where n.document_id = d.document_id and n.epoch > d.epoch and n.published_at is not null)
     order by d.document_id`,
  )

async function ask(database: Database, name: string, text: string): Promise<readonly Version[]> {
  const statement: Statement = { name, text, values: [], query_timeout: DEADLINE_MS }
  const { rows } = await database.query<Row>(statement)
  return rows.map(({ document_id: documentId, epoch, hash, body }) => {
    // The hash goes into the log: it must be of what PostgreSQL holds.
    if (hashOfDocument(body) !== hash) throw new Error(`epoch ${epoch} of the document ${documentId} has another hash`)
    return { documentId, epoch: Number(epoch), hash, body }
  })
}

async function mark(database: Database, { documentId, epoch }: Version): Promise<void> {
  const statement: Statement = {
    name: 'control_mark',
    text: 'update ingest.outbox set published_at = clock_timestamp() where document_id = $1 and epoch = $2',
    values: [documentId, epoch],
    query_timeout: DEADLINE_MS,
  }
  await database.query(statement)
}

async function nextSession(database: Database): Promise<Micros> {
  const { rows } = await database.query<{ session: string }>('select ingest.next_control_session() as session')
  return micros(Number(rows[0]?.session))
}
