import { openSync, writeSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import type { PipelineError } from '../core/errors.ts'
import type { Tick } from '../core/tick.ts'
import { tickCodec } from '../schemas/codec.ts'
import type { Catalogue } from '../schemas/topics.ts'
import { now } from './clock.ts'
import type { KafkaOptions, Outgoing, Stored } from './kafka/port.ts'
import { TICKS_WRITER, openWriter } from './kafka/writer.ts'
import type { Metrics } from './metrics.ts'
import type { Registry } from './registry.ts'

/** Without an acknowledgement for this long while records wait, Kafka is a problem. */
const ACK_DEADLINE_MICROS = 5_000_000

/** The way of ticks into Kafka: encodes, offers, and knows what was acknowledged. */
export type TickLog = {
  /** `false`: no room, the caller owes a gap. The copies of one tick are encoded once. */
  offer(tick: Tick, key: string, partition: number): boolean
  /** To the ticks' dead letters; `false`: no room. */
  letter(value: Uint8Array, headers: readonly (readonly [name: string, value: string])[]): boolean
  problems(): readonly string[]
  /** Of the time since the last call. */
  figures(): { readonly frameToAckP50Ms: number; readonly frameToAckP99Ms: number; readonly queueRecords: number }
  /** Resolves when everything offered so far is acknowledged. */
  settled(): Promise<void>
  close(deadlineMs: number): Promise<{ readonly unsent: number; readonly unknown: number }>
}

export async function openTickLog(deps: {
  readonly kafka: KafkaOptions
  readonly registry: Registry
  readonly topics: Catalogue
  readonly metrics: Metrics
  /** A topic of ours is gone for good: the process is to end with this, or every tick from now on would be a gap. */
  readonly lost: (error: PipelineError) => void
  /** File for JSON lines of every acknowledged tick's coordinate; `undefined`: none. */
  readonly journal: string | undefined
}): Promise<TickLog> {
  const { topics, metrics } = deps
  const encode = await deps.registry.encoder(topics.ticks.name, tickCodec)
  const journal = openJournal(deps.journal)
  const seconds = metrics.histogram(
    'produce_seconds',
    'From the offer of a batch’s oldest record to its acknowledgement',
    ['topic'],
  )
  const queue = metrics.gauge('produce_queue_records', 'Records that wait for an acknowledgement', ['topic'])
  const unknown = metrics.counter('produce_unknown_outcomes_total', 'Records whose first send had no known outcome', [
    'topic',
  ])
  const frameToAck = createHistogram()
  let queued = 0
  let unhealthy: string | undefined
  let progressAt = now()

  const writer = await openWriter({
    ...TICKS_WRITER,
    ...deps.kafka,
    observer: {
      acknowledged(stored, records) {
        const time = now()
        const ticks = records.filter(isTickRecord)
        const [oldest] = ticks
        // A dead letter that got through says nothing of the ticks.
        if (oldest === undefined) return
        progressAt = time
        unhealthy = undefined
        seconds.observe({ topic: stored.topic }, Math.max(0, time - oldest.offeredAt) / 1e6)
        for (const record of ticks) frameToAck.record(Math.max(1, time - record.offeredAt))
        journal(stored, ticks)
      },
      queued(records) {
        if (queued === 0) progressAt = now()
        queued = records
        queue.set({ topic: topics.ticks.name }, records)
      },
      unknownOutcome(topic, records) {
        unknown.inc({ topic }, records)
      },
      unhealthy(reason) {
        unhealthy = reason
      },
      topicLost: (_topic, error) => deps.lost(error),
    },
  })

  const keys = new Map<string, Buffer>()
  const keyOf = (key: string): Buffer => {
    const known = keys.get(key) ?? Buffer.from(key)
    keys.set(key, known)
    return known
  }
  let encoded: { readonly tick: Tick; readonly value: Buffer; readonly offeredAt: number } | undefined
  return {
    offer(tick, key, partition) {
      if (encoded?.tick !== tick) encoded = { tick, value: encode(tick), offeredAt: now() }
      const timestampMs = Math.floor(tick.receiveTime / 1000)
      return writer.offer({ topic: topics.ticks.name, partition, key: keyOf(key), timestampMs, ...encoded })
    },
    letter(value, headers) {
      return writer.offer({
        topic: topics.ticksDeadLetters.name,
        partition: 0,
        key: keyOf(topics.ticks.name),
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        timestampMs: Date.now(),
        headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
      })
    },
    problems() {
      if (unhealthy !== undefined) return [`Kafka: ${unhealthy}`]
      const waiting = (now() - progressAt) / 1e6
      return queued > 0 && now() - progressAt > ACK_DEADLINE_MICROS
        ? [`Kafka has acknowledged nothing for ${waiting.toFixed(0)} s`]
        : []
    },
    figures() {
      const [p50, p99] = [50, 99].map((share) => (frameToAck.count === 0 ? 0 : frameToAck.percentile(share) / 1000))
      frameToAck.reset()
      return { frameToAckP50Ms: p50 ?? 0, frameToAckP99Ms: p99 ?? 0, queueRecords: queued }
    },
    settled: () => writer.settled(),
    close: (deadlineMs) => writer.close(deadlineMs),
  }
}

/** An outgoing tick, found again when it is acknowledged. */
type TickRecord = Outgoing & { readonly tick: Tick; readonly offeredAt: number }
const isTickRecord = (record: Outgoing): record is TickRecord => 'tick' in record

/**
 * Appends one line per acknowledged tick, synchronously per batch: what is in the file was acknowledged, also if the
 * process is killed a moment later.
 */
function openJournal(file: string | undefined): (stored: Stored, records: readonly TickRecord[]) => void {
  if (file === undefined) return () => {}
  const descriptor = openSync(file, 'a')
  return ({ topic, partition, first }, records) => {
    const lines = records.map(({ tick: { exchange, symbol, session, ordinal, payload } }, index) =>
      JSON.stringify({
        topic,
        partition,
        offset: first + index,
        exchange,
        symbol,
        session,
        ordinal,
        kind: payload.kind,
        ...(payload.kind === 'trade' ? { id: payload.id } : {}),
      }),
    )
    writeSync(descriptor, `${lines.join('\n')}\n`)
  }
}
