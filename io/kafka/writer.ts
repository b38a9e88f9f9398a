import { PipelineError } from '../../core/errors.ts'
import { settledWithin } from './backoff.ts'
import { unavailable } from './faults.ts'
import { Lanes } from './lanes.ts'
import type { KafkaOptions, Outgoing, Writer, WriterOptions } from './port.ts'
import { createPump } from './pump.ts'
import { createReceipt, type Receipt } from './receipts.ts'
import { openSession } from './session.ts'

type Bounds = Omit<WriterOptions, keyof KafkaOptions>

const MIB = 1024 * 1024

/** For sockets, which cannot be paused: a large queue, then `offer` refuses. */
export const TICKS_WRITER: Bounds = {
  lingerMs: 5,
  maxBatchRecords: 1000,
  maxBatchBytes: 500_000,
  maxQueueRecords: 100_000,
  maxQueueBytes: 64 * MIB,
  compression: 'lz4',
}

/** For processors: they can wait, so the queue is short. */
export const PROCESSOR_WRITER: Bounds = {
  lingerMs: 2,
  maxBatchRecords: 500,
  maxBatchBytes: 500_000,
  maxQueueRecords: 10_000,
  maxQueueBytes: 32 * MIB,
  compression: 'lz4',
}

/** For heartbeats and system events: few records, and old ones are worth little. */
export const SERVICE_WRITER: Bounds = {
  lingerMs: 5,
  maxBatchRecords: 100,
  maxBatchBytes: 500_000,
  maxQueueRecords: 1000,
  maxQueueBytes: 4 * MIB,
  compression: 'lz4',
}

type Counts = { readonly unsent: number; readonly unknown: number }

/** Throws KAFKA_UNAVAILABLE if no broker answers within about 10 s. */
export async function openWriter(options: WriterOptions): Promise<Writer> {
  const session = await openSession(options).catch((cause: unknown) => {
    throw unavailable(`no Kafka broker answers at ${options.brokers.join(', ')}`, cause)
  })
  const { log, maxQueueRecords, maxQueueBytes } = options
  const lanes = new Lanes(options)
  const pump = createPump(options, lanes, session, admitWaiting)
  const isNamed = nameCheck()
  /** Appends that came when the queue was full, in order. */
  let waiting: Appending[] = []
  let closing: Promise<Counts> | undefined

  const isFull = (): boolean => lanes.records >= maxQueueRecords || lanes.bytes >= maxQueueBytes

  function admitWaiting(): void {
    while (waiting.length > 0 && !isFull()) {
      const [first, ...rest] = waiting
      waiting = rest
      if (first !== undefined) admit(first)
    }
  }

  function admit({ records, receipt }: Appending): void {
    for (const { topic } of records) {
      const lost = pump.lost(topic)
      if (lost !== undefined) return receipt.ticket.reject(lost)
    }
    let start = 0
    for (let end = 1; end <= records.length; end++) {
      const [slot, next] = [records[start], records[end]]
      if (slot === undefined || (slot.topic === next?.topic && slot.partition === next.partition)) continue
      lanes.expect(receipt, slot, end - start)
      for (const record of records.slice(start, end)) pump.push(record)
      start = end
    }
    pump.hurry()
  }

  async function settled(): Promise<void> {
    // Those that wait for room are accepted too; they come after all that is in the lanes.
    await waiting.at(-1)?.receipt.done
    const receipt = createReceipt()
    if (!lanes.expectAll(receipt)) return
    pump.hurry()
    await receipt.done
  }

  async function finish(deadlineMs: number): Promise<Counts> {
    await settledWithin(deadlineMs, settled())
    const dropped = await pump.stop()
    const { unsent, unknown } = lanes.remaining()
    const unadmitted = waiting.reduce((sum, { records }) => sum + records.length, 0)
    for (const { receipt } of waiting) receipt.ticket.reject(closed())
    waiting = []
    lanes.rejectAll(closed())
    return { unsent: unsent + unadmitted + dropped.unsent, unknown: unknown + dropped.unknown }
  }

  return {
    offer(record) {
      if (closing !== undefined || isFull() || pump.lost(record.topic) !== undefined) return false
      const fault = isNamed(record.topic) ? faultOf(record) : BAD_NAME
      if (fault === undefined) pump.push(record)
      else log.error({ topic: record.topic, partition: record.partition, fault }, 'record_refused')
      return fault === undefined
    },
    async append(records) {
      if (closing !== undefined) throw closed()
      for (const record of records) {
        const fault = isNamed(record.topic) ? faultOf(record) : BAD_NAME
        if (fault !== undefined) throw new PipelineError('WRONG_USE', `a record for ${record.topic} has ${fault}`)
      }
      if (records.length === 0) return []
      const appending = { records, receipt: createReceipt() }
      if (waiting.length > 0 || isFull()) waiting.push(appending)
      else admit(appending)
      return appending.receipt.done
    },
    settled,
    close: (deadlineMs) => (closing ??= finish(deadlineMs)),
  }
}

type Appending = { readonly records: readonly Outgoing[]; readonly receipt: Receipt }

const BAD_NAME = 'a topic name that Kafka does not allow'

/** Rules W2 and W10: what kafkajs would deal out by itself, or stamp later than it happened. */
function faultOf({ key, partition, timestampMs }: Outgoing): string | undefined {
  if (key === null) return 'no key: the order of records is kept per key, so each must have one'
  if (!Number.isSafeInteger(partition) || partition < 0) return `no partition: ${partition}`
  return Number.isSafeInteger(timestampMs) && timestampMs >= 0 ? undefined : `no time in milliseconds: ${timestampMs}`
}

/** Names are few and records are many, so a name is looked at once. */
function nameCheck(): (topic: string) => boolean {
  const good = new Set<string>()
  return (topic) => {
    if (good.has(topic)) return true
    const isGood = /^[\w.-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..'
    if (isGood) good.add(topic)
    return isGood
  }
}

const closed = (): PipelineError =>
  new PipelineError('KAFKA_UNAVAILABLE', 'the writer was closed before this was acknowledged')
