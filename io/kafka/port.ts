import type { Socket } from 'node:net'
import type { PipelineError } from '../../core/errors.ts'
import type { TopicSpec } from '../../schemas/topics.ts'
import type { Log } from '../log.ts'

/** A record's place in its partition; checked to be a safe integer at the border (kafkajs hands strings). */
export type Offset = number
export type Slot = { readonly topic: string; readonly partition: number }
export type Headers = readonly (readonly [name: string, value: Buffer])[]
export type Body = {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestampMs: number
  readonly headers?: Headers
}
export type Outgoing = Slot & Body
export type Incoming = Body & { readonly offset: Offset }
/** What one acknowledgement says: `count` records stand at `first` and after. */
export type Stored = Slot & { readonly first: Offset; readonly count: number }
/** Where to read a slot from. */
export type Position = Slot & { readonly next: Offset }
/** Records of one slot, in offset order. */
export type Delivery = Slot & { readonly records: readonly Incoming[] }

/** Appends records: those of one partition in the order given, acknowledged by all in-sync replicas; repeats are possible. */
export interface Writer {
  /** For sockets. `false` = queue full, the caller records a gap; never blocks or throws. */
  offer(record: Outgoing): boolean
  /** For processors and services. Resolves when all are acknowledged, in the order given. */
  append(records: readonly Outgoing[]): Promise<readonly Stored[]>
  /** Resolves when everything accepted so far is acknowledged. */
  settled(): Promise<void>
  /** Sends what is queued until the deadline; says how many records never left and how many have an unknown outcome. */
  close(deadlineMs: number): Promise<{ readonly unsent: number; readonly unknown: number }>
}

/** One member of a consumer group, on one topic. */
export interface Reader {
  /** Resolves after `close`; rejects when the reader cannot go on (a fault of the stage, LOG_CHANGED, LOG_TRIMMED ...). */
  run(stage: Stage): Promise<void>
  /** Group offset for lag tools; nothing is restored from it. */
  hint(slot: Slot, next: Offset): void
  /** Records behind, by `topic:partition`. */
  lag(): ReadonlyMap<string, number>
  close(): Promise<void>
}

export interface Stage {
  /** Restores state and says where to start; nothing of the slot is fetched before. */
  assigned(slot: Slot): Promise<Offset>
  /** Handles records; answers the first offset NOT handled. */
  batch(slot: Slot, records: readonly Incoming[], turn: Turn): Promise<Offset>
  /** Told afterwards; may only drop memory (kafkajs cannot wait for it). */
  released(slot: Slot): void
}

export interface Turn {
  /** The slot's end when the batch was fetched. */
  readonly end: Offset
  /** `false`: the slot may be someone else's, stop now. */
  alive(): Promise<boolean>
}

/** Reading without a group: snapshots, replay, dead letters, tailing. */
export interface Ranges {
  bounds(slot: Slot): Promise<{ readonly first: Offset; readonly end: Offset }>
  /** Offset of the first record stamped at or after the time; the end if there is none. */
  atTime(slot: Slot, timestampMs: number): Promise<Offset>
  /** From `from` up to `to`, excluded. Throws OFFSET_OUT_OF_RANGE, never skips. */
  read(slot: Slot, from: Offset, to: Offset): AsyncIterable<readonly Incoming[]>
  /**
   * Without an end: WebSocket feed, `crosstide tail`. Several slots share one fetch per broker, because a broker answers
   * the requests of one connection in turn: a long poll per slot would make each wait for all others.
   */
  follow(positions: readonly Position[], signal: AbortSignal): AsyncIterable<Delivery>
  close(): Promise<void>
}

/** A difference between the catalogue and the broker. */
export type Difference = {
  readonly topic: string
  readonly setting: string
  readonly wanted: string
  readonly found: string
}

/** What the broker says about a topic. */
export type FoundTopic = {
  readonly partitions: number
  readonly replicas: number
  readonly config: ReadonlyMap<string, string>
}

export interface Topics {
  /** Creates what is missing, reports what differs. */
  ensure(wanted: readonly TopicSpec[]): Promise<readonly Difference[]>
  /** Of those that exist. */
  describe(names: readonly string[]): Promise<ReadonlyMap<string, FoundTopic>>
  /** Reports what is missing or differs; changes nothing. */
  compare(wanted: readonly TopicSpec[]): Promise<readonly Difference[]>
  partitions(topic: string): Promise<readonly { readonly partition: number; readonly leader: number }[]>
  dropGroup(group: string): Promise<void>
  close(): Promise<void>
}

/** What the module tells its owner; wired to metrics by a shell. */
export interface KafkaObserver {
  /** `records` stand in the log from `stored.first` on; called once per acknowledged batch of a partition. */
  acknowledged(stored: Stored, records: readonly Outgoing[]): void
  unknownOutcome(topic: string, records: number): void
  queued(records: number, bytes: number): void
  rebalanced(group: string): void
  unhealthy(reason: string): void
  /** The writer gave a topic up, for good: only an operator can help. */
  topicLost(topic: string, error: PipelineError): void
}

/** Name of a slot in maps and logs. */
export const slotName = (slot: Slot): string => `${slot.topic}:${slot.partition}`

/** What every part of the module is opened with; `clientId` shows in the broker's logs. */
export type KafkaOptions = {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly log: Log
  readonly observer?: Partial<KafkaObserver>
  /** Opens a connection; the default is a TCP socket. Tests put their faults here. */
  readonly connect?: (host: string, port: number) => Socket
}

/** Bounds of a writer's queue and batches; `TICKS_WRITER` and `PROCESSOR_WRITER` of `writer.ts` are the two in use. */
export type WriterOptions = KafkaOptions & {
  readonly lingerMs: number
  readonly maxBatchRecords: number
  readonly maxBatchBytes: number
  readonly maxQueueRecords: number
  readonly maxQueueBytes: number
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

/** `minBytes` and `maxWaitMs` gather a batch at the broker; a larger wait delays joining and stopping as much. */
export type ReaderOptions = KafkaOptions & {
  readonly groupId: string
  readonly topic: string
  readonly minBytes?: number
  readonly maxWaitMs?: number
}

export type RangesOptions = KafkaOptions & { readonly minBytes?: number; readonly maxWaitMs?: number }
