import { READ_UNCOMMITTED, type Cluster } from './client.ts'
import { offsetOf, toIncoming } from './records.ts'
import type { Incoming, Offset, Position, Slot } from './port.ts'

export type FetchSize = { readonly minBytes: number; readonly maxWaitMs: number }

/** What one fetch brought of one slot; `reached` is the offset to go on from. */
export type Fetched = Slot & {
  readonly records: readonly Incoming[]
  readonly reached: Offset
  readonly end: Offset
  /** Nothing came though the slot has more, and that says nothing of the slot: ask for it alone. */
  readonly isLeftOut: boolean
}

const MAX_BYTES_PER_SLOT = 2 * 1024 * 1024
const MAX_BYTES = 16 * 1024 * 1024
const EARLIEST = true

export async function boundsOf(
  cluster: Cluster,
  slot: Slot,
): Promise<{ readonly first: Offset; readonly end: Offset }> {
  const ask = (fromBeginning: boolean) => askOffset(cluster, slot, { fromBeginning })
  const [first, end] = await Promise.all([ask(EARLIEST), ask(!EARLIEST)])
  return { first, end }
}

/** Offset of the first record stamped at or after the time; `undefined` if there is none. */
export async function timeOf(cluster: Cluster, slot: Slot, timestampMs: number): Promise<Offset | undefined> {
  const found = await askOffset(cluster, slot, { fromTimestamp: timestampMs })
  return found < 0 ? undefined : found
}

async function askOffset(
  cluster: Cluster,
  { topic, partition }: Slot,
  what: { readonly fromBeginning: boolean } | { readonly fromTimestamp: number },
): Promise<Offset> {
  const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], ...what }])
  const found = answer?.partitions.find((one) => one.partition === partition)
  if (found === undefined) throw new UnknownPartition(topic, partition)
  return offsetOf(found.offset)
}

/** The node that leads a slot by what the client last learned. */
export function leaderOf(cluster: Cluster, { topic, partition }: Slot): number {
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)
  if (found === undefined) throw new UnknownPartition(topic, partition)
  return found.leader
}

/**
 * One fetch from one broker for all positions, which it must lead. Waits for data as long as the size says. Slots may be left
 * out: a broker fills an answer slot by slot up to the most bytes, and owes records of the first that has any only (KIP-74).
 */
export async function fetchOnce(
  cluster: Cluster,
  positions: readonly Position[],
  size: FetchSize,
): Promise<readonly Fetched[]> {
  const [first] = positions
  if (first === undefined) return []
  const broker = await cluster.findBroker({ nodeId: leaderOf(cluster, first) })
  const { responses, clientSideThrottleTime } = await broker.fetch({
    maxWaitTime: size.maxWaitMs,
    minBytes: size.minBytes,
    maxBytes: MAX_BYTES,
    isolationLevel: READ_UNCOMMITTED,
    topics: positions.map(({ topic, partition, next }) => ({
      topic,
      partitions: [{ partition, fetchOffset: String(next), maxBytes: MAX_BYTES_PER_SLOT }],
    })),
  })
  return responses.flatMap(({ topicName, partitions }) =>
    partitions.flatMap(({ partition, messages, highWatermark }) => {
      const position = positions.find((one) => one.topic === topicName && one.partition === partition)
      if (position === undefined) return []
      const { next } = position
      const end = offsetOf(highWatermark)
      const isTelling = positions.length === 1 && clientSideThrottleTime <= 0
      const isLeftOut = messages.length === 0 && next < end && !isTelling
      const slot = { topic: topicName, partition, end, isLeftOut }
      if (messages.length === 0) return [{ ...slot, records: [], reached: next }]
      // A compressed batch comes whole, so it may begin before the offset that was asked for.
      const records = messages.filter((one) => !isControl(one) && offsetOf(one.offset) >= next).map(toIncoming)
      const last = offsetOf(messages.at(-1)?.offset ?? '-1')
      // Compaction took the batch's last records: nothing is there, so go on behind that offset.
      return [{ ...slot, records, reached: Math.max(last, next) + 1 }]
    }),
  )
}

const EMPTIES = 3

/**
 * Compaction may leave a batch without records, which kafkajs does not show. Whoever asks for one slot alone gets a batch if
 * there is one (KIP-74), so several such answers in a row, empty below the end, mean that the offset asked for is such a one.
 * Answers the offset to go on from.
 */
export function skipEmptied(): (fetched: Pick<Fetched, 'reached' | 'end' | 'isLeftOut'>) => Offset {
  let last = -1
  let times = 0
  return ({ reached, end, isLeftOut }) => {
    if (isLeftOut) return reached
    times = reached === last && reached < end ? times + 1 : 0
    last = reached
    return times < EMPTIES ? reached : reached + 1
  }
}

/** Markers of somebody's transactions, which carry nothing. */
const isControl = (message: object): boolean => 'isControlRecord' in message && message.isControlRecord === true

/** The topic has no such partition, by what the client last learned; retried like a leader that moved. */
export class UnknownPartition extends Error {
  readonly type = 'UNKNOWN_TOPIC_OR_PARTITION'
  readonly retriable = true

  constructor(topic: string, partition: number) {
    super(`${topic} has no partition ${partition}`)
    this.name = 'UnknownPartition'
  }
}
