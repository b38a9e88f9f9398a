import { PipelineError } from '../../core/errors.ts'
import { delayMs, pause } from './backoff.ts'
import type { Cluster } from './client.ts'
import { faultNames, isTransient, topicMissing, unavailable } from './faults.ts'

/** A topic that was just created is not known to every broker at once. */
const TOPIC_DEADLINE_MS = 5000
const DEADLINE_MS = 30_000

/**
 * Repeats a request while its failure may pass by itself (a leader that moved, a connection lost), asking for fresh metadata
 * each time. Throws OFFSET_OUT_OF_RANGE at once, TOPIC_MISSING after 5 s, KAFKA_UNAVAILABLE after 30 s, or never if told so.
 */
export async function patiently<T>(
  cluster: Cluster,
  topics: readonly string[],
  request: () => Promise<T>,
  options: { readonly signal?: AbortSignal; readonly isEndless?: boolean } = {},
): Promise<T> {
  const startedAt = performance.now()
  let isFresh = true
  for (let attempt = 0; ; attempt++) {
    try {
      await cluster.addMultipleTargetTopics(topics)
      if (!isFresh) await cluster.refreshMetadata()
      isFresh = true
      return await request()
    } catch (error) {
      isFresh = false
      options.signal?.throwIfAborted()
      const waitedMs = performance.now() - startedAt
      const names = faultNames(error)
      if (names.includes('OFFSET_OUT_OF_RANGE')) throw error instanceof PipelineError ? error : outOfRange(error)
      if (!isTransient(error)) throw unavailable(`cannot read ${topics.join(', ')}`, error)
      if (names.includes('UNKNOWN_TOPIC_OR_PARTITION') && waitedMs > TOPIC_DEADLINE_MS)
        throw topicMissing(topics.join(', '), error)
      if (waitedMs > DEADLINE_MS && options.isEndless !== true)
        throw unavailable(`cannot read ${topics.join(', ')}`, error)
    }
    await pause(Math.min(1000, delayMs(attempt, Math.random)), options.signal)
  }
}

export function outOfRange(cause: unknown): PipelineError {
  const where =
    cause instanceof Error && 'topic' in cause && 'partition' in cause
      ? `${String(cause.topic)}:${String(cause.partition)}`
      : 'a slot'
  return new PipelineError('OFFSET_OUT_OF_RANGE', `${where}: the position is not in the log any more, or not yet`, {
    cause,
  })
}
