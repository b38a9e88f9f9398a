import { settledWithin } from './backoff.ts'
import { compressionType, openCluster, producerOn, type LaneMessage } from './client.ts'
import type { Batch } from './lanes.ts'
import type { Offset, WriterOptions } from './port.ts'
import { fromHeaders, offsetOf } from './records.ts'
import type { Run } from './slot-queue.ts'

/** One producer id's life. After any rejected send its sequence numbers are not to be trusted, and a new one is opened. */
export type Session = {
  /** Offsets of the first records of the batch's runs. */
  send(batch: Batch): Promise<readonly Offset[]>
  /** The node that leads each partition of a topic. */
  leaders(topic: string): Promise<readonly number[]>
  /** Ends it; what is still in flight after the grace is rejected. */
  close(graceMs: number): Promise<void>
}

const PRODUCE_TIMEOUT_MS = 10_000

export async function openSession(options: WriterOptions, signal?: AbortSignal): Promise<Session> {
  const open = openCluster(options, 'patient')
  signal?.addEventListener('abort', open.sever, { once: true })
  const producer = producerOn(open, options)
  const compression = compressionType(options.compression)
  try {
    await producer.connect()
  } catch (error) {
    open.sever()
    signal?.removeEventListener('abort', open.sever)
    throw error
  }
  return {
    async send({ leader, runs }) {
      const answers = await producer.sendBatch({
        acks: -1,
        timeout: PRODUCE_TIMEOUT_MS,
        compression,
        topicMessages: toMessages(leader, runs),
      })
      return runs.map(({ queue: { slot } }) => {
        const answer = answers.find((one) => one.topicName === slot.topic && one.partition === slot.partition)
        return offsetOf(answer?.baseOffset ?? 'none')
      })
    },
    async leaders(topic) {
      // Asked apart first: kafkajs asks for all topics of a producer together, so a missing one would fail every send.
      const broker = await open.cluster.brokerPool.findConnectedBroker()
      await broker.metadata([topic])
      if (open.cluster.targetTopics.has(topic)) await open.cluster.refreshMetadata()
      else await open.cluster.addMultipleTargetTopics([topic])
      const leaders: number[] = []
      for (const { partitionId, leader } of open.cluster.findTopicPartitionMetadata(topic))
        leaders[partitionId] = leader
      return leaders
    },
    async close(graceMs) {
      await settledWithin(graceMs, producer.disconnect())
      open.sever()
      signal?.removeEventListener('abort', open.sever)
    },
  }
}

type TopicMessages = { readonly topic: string; readonly messages: LaneMessage[] }

function toMessages(leader: number, runs: readonly Run[]): TopicMessages[] {
  const topics = new Map<string, LaneMessage[]>()
  // kafkajs sorts the times of a batch as text; most records of a batch share one.
  let timeMs = -1
  let timestamp = ''
  for (const { queue, records } of runs) {
    const { topic, partition } = queue.slot
    let messages = topics.get(topic)
    if (messages === undefined) topics.set(topic, (messages = []))
    for (const { key, value, timestampMs, headers } of records) {
      if (timestampMs !== timeMs) {
        timeMs = timestampMs
        timestamp = String(timestampMs)
      }
      messages.push(
        headers === undefined
          ? { key, value, partition, timestamp, leader }
          : { key, value, partition, timestamp, leader, headers: fromHeaders(headers) },
      )
    }
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}
