import { PipelineError } from '../../core/errors.ts'
import type { KafkaOptions, Writer, WriterOptions } from './port.ts'

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

export function openWriter(options: WriterOptions): Promise<Writer> {
  return Promise.reject(new PipelineError('KAFKA_UNAVAILABLE', `not built yet: ${options.clientId}`))
}
