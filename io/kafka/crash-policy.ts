import { faultNames, kindOfCrash, topicMissing, unavailable } from './faults.ts'

const TOPIC_DEADLINE_MS = 30_000
const WINDOW_MS = 5 * 60_000
const MANY_CRASHES = 5

/** Decides which crash of a consumer ends its reader (kafka-client.md section 8). */
export type CrashPolicy = {
  /** A member has joined the group, so the topic is there. */
  joined(): void
  /** Throws what the reader ends with; else a new consumer is made. */
  crashed(error: unknown, nowMs: number): void
}

/** Outages pass as often as they come and are told when they are many; a defect passes once in 5 min, a missing topic for 30 s. */
export function createCrashPolicy(
  { topic, groupId }: { readonly topic: string; readonly groupId: string },
  onMany: (reason: string) => void,
): CrashPolicy {
  let crashesAtMs: readonly number[] = []
  let defectAtMs = -Infinity
  let missingSinceMs: number | undefined
  return {
    joined() {
      missingSinceMs = undefined
    },
    crashed(error, nowMs) {
      crashesAtMs = [...crashesAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs]
      if (crashesAtMs.length === MANY_CRASHES)
        onMany(`the reader of ${topic} in ${groupId} crashed ${MANY_CRASHES} times in 5 min`)
      if (faultNames(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) {
        missingSinceMs ??= nowMs
        if (nowMs - missingSinceMs > TOPIC_DEADLINE_MS) throw topicMissing(topic, error)
        return
      }
      if (kindOfCrash(error) !== 'defect') return
      if (nowMs - defectAtMs < WINDOW_MS) throw unavailable(`the reader of ${topic} crashed twice`, error)
      defectAtMs = nowMs
    },
  }
}
