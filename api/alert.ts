import type { Alert, WrittenAlert } from '../core/alert.ts'
import type { Evidence } from '../core/match.ts'
import { toIso } from '../core/time.ts'

export const ALERT_STATES = ['open', 'acknowledged', 'resolved'] as const
export type AlertState = (typeof ALERT_STATES)[number]

/** Somebody has seen it. */
export type Ack = {
  readonly ackedBy: string | undefined
  readonly ackedAt: string | undefined
  readonly ackComment: string | undefined
}

/** An alert as readers get it, REST and WebSocket alike; times are ISO 8601. */
export type AlertItem = Omit<Alert, 'at' | 'evidence'> &
  Ack & {
    readonly alertId: string
    readonly at: string
    readonly evidence: readonly (Omit<Evidence, 'at'> & {
      readonly partition: number | undefined
      readonly at: string
    })[]
    readonly origin: WrittenAlert['origin']
    /** A RESOLVED is so from the start. */
    readonly state: AlertState
    /** Moment of the RESOLVED of its story. */
    readonly resolvedAt: string | undefined
  }

/** An alert as it comes from the log: nobody has seen it yet. */
export function alertOf({ at, evidence, ...alert }: WrittenAlert): AlertItem {
  const isOver = alert.phase === 'RESOLVED'
  // What it rests on lies where it was caused: a task reads one partition.
  const partition = alert.origin?.partition
  return {
    ...alert,
    at: toIso(at),
    evidence: evidence.map((one) => ({ ...one, partition, at: toIso(one.at) })),
    state: isOver ? 'resolved' : 'open',
    ackedBy: undefined,
    ackedAt: undefined,
    ackComment: undefined,
    resolvedAt: isOver ? toIso(at) : undefined,
  }
}
