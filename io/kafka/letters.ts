import { deadLettersOf } from '../../schemas/topics.ts'
import type { Outgoing } from './port.ts'

/** A refused record as a dead letter: raw and whole, headers say where it was going and why it did not get there. */
export function letterFor(record: Outgoing, stage: string, error: string): Outgoing {
  return {
    topic: deadLettersOf(record.topic),
    partition: 0,
    key: Buffer.from(record.topic),
    value: record.value,
    timestampMs: Date.now(),
    headers: [
      ...(record.headers ?? []),
      ['dlq-topic', Buffer.from(record.topic)],
      ['dlq-partition', Buffer.from(String(record.partition))],
      ['dlq-stage', Buffer.from(stage)],
      ['dlq-error', Buffer.from(error)],
      ['dlq-key', record.key ?? Buffer.alloc(0)],
    ],
  }
}

/** Letters have no letters of their own. */
export const isDeadLetter = ({ topic }: Outgoing): boolean => topic.endsWith(deadLettersOf(''))
