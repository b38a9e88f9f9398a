import { PipelineError } from '../../core/errors.ts'
import { settledWithin, pause } from './backoff.ts'
import { consumerOn, openCluster, type EachBatchPayload } from './client.ts'
import { faultNames } from './faults.ts'
import { boundsOf } from './fetching.ts'
import { patiently } from './patience.ts'
import { slotName, type Offset, type ReaderOptions, type Slot, type Stage } from './port.ts'
import { fetchedOffsetOf, offsetOf, toIncoming } from './records.ts'
import { createSlotWork, type SlotWork } from './slot-work.ts'

/** One consumer's life in the group, from joining to its end; the reader begins a new one after a crash. */
export type Membership = {
  /** Settles when it can go on no more: kafkajs crashed, or the stage or the log has a fault. */
  readonly ended: Promise<Ending>
  memberId(): string | undefined
  commit(positions: readonly (Slot & { readonly next: Offset })[]): Promise<void>
  /** Lets what the stage is doing end, then leaves the group; `lastly` is done between the two. */
  leave(lastly: () => Promise<void>): Promise<void>
}
export type Ending = { readonly kind: 'crash' | 'fault'; readonly error: unknown }

export type MembershipDeps = {
  readonly stage: Stage
  /** By partition; outlives the membership, so that the next one knows what is released and what still runs. */
  readonly works: Map<number, SlotWork>
  /** By partition: settles when no call of the stage that an older generation began is under way; outlives the membership too. */
  readonly former: Map<number, Promise<unknown>>
  /** The member that crashed: the group waits for it until its session expires, unless it is told to leave. */
  readonly formerMember: string | undefined
  readonly onJoin: () => void
  readonly onProgress: () => void
}

const DEFAULT_WAIT_MS = 250
/** Deliveries of a slot that may wait before it is paused, and that it is resumed at. */
const MOST_WAITING = 4
const FEW_WAITING = 1
const DRAIN_MS = 1000
const LEAVE_MS = 2000
const RETRY_MS = 500

export function openMembership(options: ReaderOptions, deps: MembershipDeps): Membership {
  const { topic, groupId, log } = options
  const { stage, works, former, onJoin, onProgress } = deps
  const open = openCluster(options)
  const consumer = consumerOn(open, options, {
    groupId,
    minBytes: options.minBytes ?? 1,
    maxWaitMs: options.maxWaitMs ?? DEFAULT_WAIT_MS,
  })
  const left = new AbortController()
  const { promise: ended, resolve } = Promise.withResolvers<Ending>()
  const held = new Set<number>()
  /** Raised by every join and by the end: what was begun under an older one is no longer ours. */
  let generation = 0
  let isLeaving = false
  let memberId: string | undefined

  function end(kind: Ending['kind'], error: unknown): void {
    generation += 1
    isLeaving = true
    left.abort()
    resolve({ kind, error })
  }

  async function start(): Promise<void> {
    await consumer.connect()
    if (deps.formerMember !== undefined) await dismiss(deps.formerMember)
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: open.cluster.findTopicPartitionMetadata(topic).length,
      eachBatch,
    })
  }

  async function dismiss(member: string): Promise<void> {
    try {
      const coordinator = await open.cluster.findGroupCoordinator({ groupId })
      await coordinator.leaveGroup({ groupId, memberId: member })
    } catch (error) {
      // It had left already, or will expire; either way the join says what is true.
      log.debug({ groupId, fault: faultNames(error)[0] }, 'former_member_not_dismissed')
    }
  }

  /** Called in the same tick in which kafkajs learns its slots, before it fetches: nothing of them arrives before we resume. */
  function joined(member: string, mine: readonly number[]): void {
    generation += 1
    memberId = member
    held.clear()
    consumer.pause([{ topic, partitions: [...mine] }])
    const before = new Map(works)
    works.clear()
    // Also of slots that are lost now: they may come back while their last batch still runs.
    for (const [partition, work] of before) former.set(partition, bothSettled(former.get(partition), work.drain()))
    const current = generation
    for (const partition of mine) {
      const slot = { topic, partition }
      const work = createSlotWork(slot, {
        stage,
        signal: left.signal,
        isCurrent: () => generation === current,
        onFault: (error) => end('fault', error),
        onProgress: () => resumeIfHeld(partition),
        onJump: (next) => consumer.seek({ topic, partition, offset: String(next) }),
      })
      works.set(partition, work)
      void restore(work, current)
    }
    for (const [partition, { slot }] of before) if (!works.has(partition)) stage.released(slot)
    log.info({ groupId, slots: mine.length }, 'group_joined')
    onJoin()
  }

  async function restore(work: SlotWork, current: number): Promise<void> {
    const { slot } = work
    const isCurrent = (): boolean => generation === current
    try {
      await former.get(slot.partition)
      while (isCurrent()) {
        const next = await stage.assigned(slot).catch(retryLater)
        if (next === undefined) continue
        const { first, end: last } = await patiently(open.cluster, [topic], () => boundsOf(open.cluster, slot), {
          signal: left.signal,
          isEndless: true,
        })
        if (!isCurrent()) return
        checkStart(slot, next, first, last)
        work.expected = next
        work.handled = next
        work.end = last
        // Always: kafkajs keeps a seek of a slot that was taken away, and would apply it when the slot comes back.
        consumer.seek({ topic, partition: slot.partition, offset: String(next) })
        consumer.resume([{ topic, partitions: [slot.partition] }])
        return
      }
    } catch (error) {
      if (isCurrent()) end('fault', error)
    }
  }

  async function retryLater(error: unknown): Promise<undefined> {
    if (!(error instanceof PipelineError && error.retriable)) throw error
    log.warn({ topic, err: error }, 'restore_failed')
    await pause(RETRY_MS, left.signal)
    return undefined
  }

  async function eachBatch(delivery: EachBatchPayload): Promise<void> {
    const { batch } = delivery
    const work = works.get(batch.partition)
    if (work?.expected === undefined || isLeaving || delivery.isStale()) return
    const fetched = fetchedOffsetOf(batch)
    if (fetched !== work.expected) {
      const message = `${slotName(work.slot)} was fetched from ${fetched} instead of ${work.expected}`
      return end('fault', new PipelineError('LOG_CHANGED', message))
    }
    const current = generation
    const isCurrent = (): boolean => generation === current && delivery.isRunning()
    const last = batch.lastOffset()
    work.end = offsetOf(batch.highWatermark)
    work.expected = offsetOf(last) + 1
    delivery.resolveOffset(last)
    if (work.waiting >= MOST_WAITING) {
      held.add(batch.partition)
      consumer.pause([{ topic, partitions: [batch.partition] }])
    }
    await work.take({
      records: batch.messages.map(toIncoming),
      turn: {
        end: work.end,
        alive: async () => isCurrent() && (await delivery.heartbeat().then(isCurrent, () => false)),
      },
    })
  }

  function resumeIfHeld(partition: number): void {
    if ((works.get(partition)?.waiting ?? 0) > FEW_WAITING || !held.delete(partition)) return
    consumer.resume([{ topic, partitions: [partition] }])
  }

  consumer.on('consumer.group_join', ({ payload }) => joined(payload.memberId, payload.memberAssignment[topic] ?? []))
  consumer.on('consumer.crash', ({ payload }) => end('crash', payload.error))
  consumer.on('consumer.fetch', onProgress)
  consumer.on('consumer.heartbeat', onProgress)
  // A batch that compaction or a transaction left empty is passed over by kafkajs itself.
  consumer.on('consumer.start_batch_process', ({ payload: { partition, batchSize, lastOffset } }) => {
    const work = batchSize === 0 ? works.get(partition) : undefined
    if (work?.expected !== undefined) work.expected = offsetOf(lastOffset) + 1
  })
  start().catch((error: unknown) => end('crash', error))

  return {
    ended,
    memberId: () => memberId,
    commit: (positions) =>
      consumer.commitOffsets(
        positions.map(({ topic: of, partition, next }) => ({ topic: of, partition, offset: String(next) })),
      ),
    async leave(lastly) {
      isLeaving = true
      await settledWithin(
        DRAIN_MS,
        Promise.all([...former.values(), ...[...works.values()].map((work) => work.drain())]),
      )
      await lastly()
      generation += 1
      left.abort()
      await settledWithin(LEAVE_MS, consumer.disconnect())
      open.sever()
    },
  }
}

const bothSettled = async (earlier: Promise<unknown> | undefined, later: Promise<unknown>): Promise<void> => {
  await Promise.allSettled([earlier, later])
}

/** Steps 2 of reliability.md section 3: what lies between the position and the log is for an operator to judge. */
function checkStart(slot: Slot, next: Offset, first: Offset, end: Offset): void {
  if (!Number.isSafeInteger(next) || next < 0) throw new PipelineError('WRONG_USE', `not an offset: ${next}`)
  const where = `${slotName(slot)} holds ${first} up to ${end}, and ${next} is next`
  if (next > end) throw new PipelineError('LOG_CHANGED', `${where}: this is another log, or it was cut`)
  if (next < first) throw new PipelineError('LOG_TRIMMED', `${where}: ${first - next} records were deleted unread`)
}
