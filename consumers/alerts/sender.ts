import { createHash } from 'node:crypto'
import { tryLock, type Held } from '../../io/advisory-lock.ts'
import { pause } from '../../io/kafka/backoff.ts'
import type { Log } from '../../io/log.ts'
import type { openPool } from '../../io/postgres.ts'
import { backOffMs, messageOf, verdictOf, type Database } from '../database.ts'
import type { Decision, Drop } from './decide.ts'
import { MAX_ATTEMPTS, retryMs, type Delivery } from './delivery.ts'
import type { Item } from './item.ts'
import { begin, finish, recover, settle, waitingIn, type Outcome, type Queue } from './outbox.ts'

/** What became of a message or an action, or of one that is not sent. */
export type Told = {
  readonly queue: Queue
  readonly items: readonly Item[]
  readonly result: Exclude<Outcome['outcome'], undefined> | Drop<Item>['outcome'] | 'retry'
  readonly reason: string | undefined
}

export type SenderDeps = {
  readonly queue: Queue
  /** As `ingest_rw`; a sender keeps one connection. */
  readonly pool: ReturnType<typeof openPool>
  decide(connection: Database, nowMs: number, items: readonly Item[]): Promise<Judgement>
  /** A RESOLVED by renewal need not be looked at before, unless its story fires again. */
  readonly renewWaitMs: number
  /** Never rejects. */
  deliver(items: readonly Item[], signal: AbortSignal): Promise<Delivery>
  /** Told after it is on record. */
  readonly told: (told: Told) => void
  readonly log: Log
  readonly signal: AbortSignal
  /** Of a clock that never steps. */
  readonly nowMs: () => number
  readonly random: () => number
  readonly failpoint?: (name: string) => void
  /** An attempt that has begun may take this long after the signal; then nobody knows its outcome. */
  readonly graceMs?: number
  /** A sender that is paused for this long is taken over from. */
  readonly silentMs?: number
  readonly pollMs?: number
}

/** `limited`: too many actions of its rule. */
export type Judgement = Decision<Item> & { readonly limited?: readonly Item[] }

export type Sender = {
  /** Rejects with what it cannot go on with: a bug. */
  run(): Promise<void>
  /** Why nothing arrives, if that has been so for a minute; `undefined`: all is well, or another process sends. */
  problem(): string | undefined
}

const SILENT_MS = 10_000
/** There are ten seconds to stop, for everything. */
const GRACE_MS = 4000
const POLL_MS = 250
const STANDBY_MS = 1000
/** So long a failure is nobody's business but the retry's. */
const FAILING_MS = 60_000

/** One lock per queue, the same for all processes: 48 bits of its name, so that it is no other lock of ours. */
const lockOf = ({ kind, channel }: Queue): number =>
  createHash('sha256').update(`crosstide alerts ${kind} ${channel}`).digest().readUIntBE(0, 6)

/**
 * Sends what waits in one queue. Of several processes one does, by a lock that is its connection; the others wait. An attempt is
 * on record before it is made and its outcome after: whatever happens in between, the next sender knows that nobody knows.
 */
export function sender(deps: SenderDeps): Sender {
  const { queue, pool, log, signal, failpoint = () => undefined } = deps
  const { graceMs = GRACE_MS, silentMs = SILENT_MS, pollMs = POLL_MS } = deps
  const { channel } = queue
  let failing: { readonly sinceMs: number; readonly reason: string } | undefined

  /** While the other side is waited for, the connection is kept from falling silent: the lock stays ours. */
  async function keepLock(connection: Database, over: AbortSignal): Promise<void> {
    for (;;) {
      await pause(silentMs / 4, over)
      if (over.aborted) return
      await connection.query('select 1')
    }
  }

  async function delivered(connection: Database, items: readonly Item[]): Promise<Delivery> {
    const over = new AbortController()
    const keeping = keepLock(connection, over.signal)
    const late = delayed(signal, graceMs, over.signal)
    try {
      return await Promise.race([deps.deliver(items, late), keeping.then(() => NOBODY_KNOWS)])
    } finally {
      over.abort()
      await keeping
    }
  }

  /** `false`: it failed, and the channel is to be left alone. */
  async function attempt(connection: Database, items: readonly Item[]): Promise<boolean> {
    await begin(connection, items)
    failpoint('alerts.begun')
    const delivery = await delivered(connection, items)
    failpoint('alerts.sent')
    const outcome = outcomeOf(delivery, items, deps.random())
    await finish(connection, items, outcome)
    const { reason, afterMs } = outcome
    const alerts = items.map(({ alertId }) => alertId)
    if (outcome.outcome === 'sent') failing = undefined
    else {
      failing = { sinceMs: failing?.sinceMs ?? deps.nowMs(), reason: reason ?? '' }
      log.warn({ channel, alerts, result: outcome.outcome ?? 'retry', reason, afterMs }, 'alert_not_sent')
    }
    deps.told({ queue, items, result: outcome.outcome ?? 'retry', reason })
    return outcome.outcome !== undefined
  }

  /** Whether anything was done. */
  async function round(connection: Database): Promise<boolean> {
    const { nowMs, items } = await waitingIn(connection, queue, deps.renewWaitMs)
    if (items.length === 0) {
      failing = undefined
      return false
    }
    const { drops, messages, limited = [] } = await deps.decide(connection, nowMs, items)
    if (drops.length > 0) {
      await settle(connection, drops)
      for (const { one, outcome } of drops) deps.told({ queue, items: [one], result: outcome, reason: undefined })
    }
    if (limited.length > 0) {
      await finish(connection, limited, { outcome: 'limited', isUncertain: false, reason: 'too many of its rule' })
      for (const one of limited) deps.told({ queue, items: [one], result: 'limited', reason: 'too many of its rule' })
    }
    for (const message of messages) if (signal.aborted || !(await attempt(connection, message))) break
    return drops.length + limited.length + messages.length > 0
  }

  async function serve({ connection }: Held): Promise<void> {
    // What was sent must be known to have been, also after a crash of the database.
    await connection.query(`set synchronous_commit = on`)
    for (const alertId of await recover(connection, queue)) log.warn({ channel, alertId }, 'alert_outcome_unknown')
    log.info({ channel, kind: queue.kind }, 'alert_sender_started')
    while (!signal.aborted) if (!(await round(connection))) await pause(pollMs, signal)
  }

  async function turn(): Promise<void> {
    const held = await tryLock(pool, lockOf(queue), silentMs)
    if (held === undefined) {
      failing = undefined
      return pause(STANDBY_MS, signal)
    }
    try {
      await serve(held)
    } finally {
      held.release()
    }
  }

  return {
    async run() {
      for (let tries = 0; !signal.aborted;) {
        try {
          await turn()
          tries = 0
        } catch (error) {
          if (signal.aborted) return
          if (verdictOf(error) !== 'outage') throw error
          log.warn({ channel, error: messageOf(error), tries }, 'alert_sender_waits')
          await pause(backOffMs(tries, deps.random()), signal)
          tries += 1
        }
      }
    },
    problem() {
      if (failing === undefined || deps.nowMs() - failing.sinceMs < FAILING_MS) return undefined
      const seconds = Math.round((deps.nowMs() - failing.sinceMs) / 1000)
      return `alert ${queue.kind === 'message' ? 'channel' : 'target'} ${channel} has failed for ${seconds} s: ${failing.reason}`
    },
  }
}

/** Aborts so many milliseconds after another signal, unless it is `over` by then. */
function delayed(signal: AbortSignal, ms: number, over: AbortSignal): AbortSignal {
  const late = new AbortController()
  const count = async (): Promise<void> => {
    await pause(ms, over)
    if (!over.aborted) late.abort()
  }
  if (signal.aborted) void count()
  else signal.addEventListener('abort', () => void count(), { once: true, signal: over })
  return late.signal
}

const NOBODY_KNOWS: Delivery = { kind: 'unknown', reason: 'stopped before the answer' }

function outcomeOf(delivery: Delivery, items: readonly Item[], random: number): Outcome {
  if (delivery.kind === 'sent') return { outcome: 'sent', isUncertain: false, reason: undefined }
  const { reason } = delivery
  if (delivery.kind === 'refused') return { outcome: 'refused', isUncertain: false, reason }
  const isUncertain = delivery.kind === 'unknown'
  const attempts = 1 + Math.max(...items.map((item) => item.attempts))
  if (attempts < MAX_ATTEMPTS)
    return { outcome: undefined, isUncertain, reason, afterMs: retryMs(attempts, random, delivery.afterMs) }
  const mayHave = isUncertain || items.some(({ uncertain }) => uncertain > 0)
  return { outcome: mayHave ? 'unknown' : 'failed', isUncertain, reason }
}
