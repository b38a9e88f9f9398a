import kafkajs from 'kafkajs'
import type { Slot } from '../../io/kafka/port.ts'
import { freshTopic } from './kafka.ts'

/** What an operator or retention may do to a topic, and we never do. */
export type Meddler = {
  /** Deletes the records of a slot below an offset. */
  trim(slot: Slot, first: number): Promise<void>
  /** Deletes a topic and makes it anew, empty. */
  remake(topic: string, partitions: number): Promise<void>
  close(): Promise<void>
}

export async function openMeddler(brokers: readonly string[]): Promise<Meddler> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  return {
    async trim({ topic, partition }, first) {
      // Else kafkajs does not know the topic yet.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(first) }] })
    },
    async remake(topic, partitions) {
      await admin.deleteTopics({ topics: [topic] })
      for (let tries = 0; ; tries++) {
        try {
          await freshTopic(brokers, { name: topic, partitions })
          return
        } catch (error) {
          // It takes a moment until the name is free.
          if (tries > 50) throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
    },
    close: () => admin.disconnect(),
  }
}
