import type { PipelineError } from '../../core/errors.ts'
import { delayMs, pause, settledWithin } from './backoff.ts'
import { decideSend, topicMissing, type SendDecision } from './faults.ts'
import type { Batch, Lanes } from './lanes.ts'
import { isDeadLetter, letterFor } from './letters.ts'
import type { Outgoing, WriterOptions } from './port.ts'
import { createReceipt } from './receipts.ts'
import { openSession, type Session } from './session.ts'
import type { Run } from './slot-queue.ts'
import { startWatchdog } from './watchdog.ts'

/** Empties lanes into the log: one send in flight per lane, and a new producer after any send whose outcome is unknown. */
export type Pump = {
  push(record: Outgoing): void
  /** Sends what waits without lingering. */
  hurry(): void
  /** Why records of a topic are not taken any more. */
  lost(topic: string): PipelineError | undefined
  /** Ends everything; answers what was given up before, the lanes say what is left. */
  stop(): Promise<{ readonly unsent: number; readonly unknown: number }>
}

const BLOCKED_MS = 30_000
const TOPIC_DEADLINE_MS = 30_000
const TOPIC_RETRY_MS = 300
const SETTLE_MS = 10_000
const GRACE_MS = 500

export function createPump(options: WriterOptions, lanes: Lanes, first: Session, onRoom: () => void): Pump {
  const { log, observer, lingerMs } = options
  const now = (): number => performance.now()
  const ended = new AbortController()
  const sends = new Map<number, Promise<void>>()
  const lostTopics = new Map<string, PipelineError>()
  const missingSinceMs = new Map<string, number>()
  const dropped = { unsent: 0, unknown: 0 }
  /** `undefined` while a new producer is being made. */
  let session: Session | undefined = first
  let attempt = 0
  let isLooking = false
  let isPlanned = false
  let timer: NodeJS.Timeout | undefined

  const watchdog = startWatchdog({
    limitMs: BLOCKED_MS,
    isIdle: () => lanes.records === 0,
    onStall: (stalledMs) => {
      log.error({ stalledMs, queued: lanes.records }, 'writer_blocked')
      observer?.unhealthy?.(`no send was acknowledged for ${Math.round(stalledMs / 1000)} s`)
    },
  })

  function plan(): void {
    if (isPlanned) return
    isPlanned = true
    setImmediate(() => {
      isPlanned = false
      run()
    })
  }

  function wakeIn(ms: number): void {
    if (timer !== undefined || ended.signal.aborted) return
    timer = setTimeout(() => {
      timer = undefined
      run()
    }, ms)
  }

  function run(): void {
    const current = session
    if (current === undefined || ended.signal.aborted) return
    for (const leader of lanes.leaders()) {
      const batch = sends.has(leader) ? undefined : lanes.take(leader, now())
      if (batch !== undefined) sends.set(leader, send(current, batch))
    }
    if (lanes.homeless().length > 0) void findLeaders(current)
    const dueAtMs = lanes.dueAtMs((leader) => !sends.has(leader))
    if (dueAtMs !== undefined) wakeIn(Math.max(0, dueAtMs - now()))
  }

  async function send(current: Session, batch: Batch): Promise<void> {
    const answer = await current.send(batch).then(
      (firsts) => ({ kind: 'acknowledged', firsts }) as const,
      (error: unknown) => ({ kind: 'rejected', error }) as const,
    )
    sends.delete(batch.leader)
    if (answer.kind === 'acknowledged') {
      attempt = 0
      watchdog.moved()
      batch.runs.forEach((one, index) => {
        const offset = answer.firsts[index]
        lanes.settle(one, offset)
        const { slot } = one.queue
        if (offset !== undefined)
          observer?.acknowledged?.({ ...slot, first: offset, count: one.records.length }, one.records)
      })
      observer?.queued?.(lanes.records, lanes.bytes)
      onRoom()
    } else reject(current, batch, answer.error)
    run()
  }

  function reject(current: Session, batch: Batch, error: unknown): void {
    const { decision, fault } = decideSend(error)
    const records = batch.runs.reduce((sum, one) => sum + one.records.length, 0)
    log.warn({ fault, decision, records, attempt, err: error }, 'send_rejected')
    if (decision === 'isolate' || (decision === 'refuse' && batch.runs.length > 1)) {
      // The same bytes by the same producer: what the broker did append of this batch it will not append twice.
      const culprit = lanes.part(batch)
      if (culprit !== undefined) bury(culprit, fault)
      return
    }
    lanes.putBack(batch)
    for (const { queue, records: unknown } of batch.runs) observer?.unknownOutcome?.(queue.slot.topic, unknown.length)
    const [only] = batch.runs
    if (decision === 'refuse' && only !== undefined) loseTopic(only.queue.slot.topic, error)
    else void renew(current, decision)
  }

  /** Others settle first, then the old producer can send nothing more, then a new one: so that nothing is overtaken. */
  async function renew(current: Session, decision: SendDecision): Promise<void> {
    if (session !== current) return
    session = undefined
    await settledWithin(SETTLE_MS, Promise.allSettled(sends.values()))
    await current.close(GRACE_MS)
    await Promise.allSettled(sends.values())
    lanes.forgetLeaders()
    while (session === undefined && !ended.signal.aborted) {
      if (decision !== 'renew' || attempt > 0) await pause(delayMs(attempt, Math.random), ended.signal)
      attempt += 1
      session = await openSession(options, ended.signal).catch((error: unknown) => {
        log.warn({ attempt, err: error }, 'producer_refused')
        return undefined
      })
    }
    if (ended.signal.aborted) return session?.close(0)
    log.info({ attempt }, 'producer_renewed')
    return run()
  }

  /** Asks where homeless records belong, again and again; a topic that stays unknown for 30 s is lost. */
  async function findLeaders(current: Session): Promise<void> {
    if (isLooking) return
    isLooking = true
    for (const topic of lanes.homeless()) {
      try {
        lanes.setLeaders(topic, await current.leaders(topic))
        if (!lanes.homeless().includes(topic)) missingSinceMs.delete(topic)
        else overdue(topic, undefined)
      } catch (error) {
        const { decision } = decideSend(error)
        if (decision === 'refuse') loseTopic(topic, error)
        else if (decision === 'await-topic') overdue(topic, error)
        else {
          isLooking = false
          log.warn({ topic, err: error }, 'leaders_unknown')
          return renew(current, decision)
        }
      }
    }
    isLooking = false
    if (session !== current) return
    if (lanes.homeless().length > 0) {
      await pause(TOPIC_RETRY_MS, ended.signal)
    }
    run()
  }

  function overdue(topic: string, cause: unknown): void {
    const sinceMs = missingSinceMs.get(topic) ?? now()
    missingSinceMs.set(topic, sinceMs)
    if (now() - sinceMs > TOPIC_DEADLINE_MS) loseTopic(topic, cause)
  }

  function loseTopic(topic: string, cause: unknown): void {
    const error = topicMissing(topic, cause)
    lostTopics.set(topic, error)
    const lost = lanes.dropTopic(topic, error)
    dropped.unsent += lost.unsent
    dropped.unknown += lost.unknown
    log.error({ topic, ...lost, err: error }, 'topic_lost')
    observer?.unhealthy?.(error.message)
    observer?.topicLost?.(topic, error)
    onRoom()
  }

  /** The broker refuses this very record: it goes to the dead letters, and only then do later ones of its slot leave. */
  function bury(culprit: Run, fault: string): void {
    const [record] = culprit.records
    const done = (): void => {
      lanes.settle(culprit, undefined)
      onRoom()
      run()
    }
    if (record === undefined || isDeadLetter(record)) {
      log.error({ fault, topic: record?.topic, bytes: culprit.bytes }, 'dead_letter_refused')
      return done()
    }
    log.warn({ fault, topic: record.topic, partition: record.partition, bytes: culprit.bytes }, 'record_buried')
    const letter = letterFor(record, 'writer', fault)
    const receipt = createReceipt()
    lanes.expect(receipt, letter, 1)
    push(letter)
    receipt.done
      .catch((error: unknown) => {
        if (!ended.signal.aborted) loseTopic(record.topic, error)
      })
      .finally(done)
  }

  function push(record: Outgoing): void {
    const state = lanes.push(record, now)
    if (state === 'first') wakeIn(lingerMs)
    else if (state === 'full') plan()
  }

  return {
    push,
    hurry() {
      lanes.hurry()
      plan()
    },
    lost: (topic) => lostTopics.get(topic),
    async stop() {
      ended.abort()
      watchdog.stop()
      clearTimeout(timer)
      const current = session
      session = undefined
      await current?.close(sends.size === 0 ? GRACE_MS : 0)
      await settledWithin(1000, Promise.allSettled(sends.values()))
      return dropped
    },
  }
}
