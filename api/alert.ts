import type { Alert, WrittenAlert } from '../core/alert.ts'
import { SEVERITIES, type Evidence, type Severity } from '../core/match.ts'
import { micros, toIso, type Micros } from '../core/time.ts'
import { PASS_MS } from '../io/alerts-config.ts'

export const ALERT_STATES = ['open', 'acknowledged', 'resolved', 'passed'] as const
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
    /** A RESOLVED is so from the start. `passed`: over, though nobody said so. */
    readonly state: AlertState
    /** Moment of the RESOLVED of its story. */
    readonly resolvedAt: string | undefined
    /** When it passes by itself; `undefined`: it waits for the RESOLVED of its story. */
    readonly expiresAt: string | undefined
  }

/** An alert as it comes from the log: nobody has seen it yet. What no RESOLVED follows passes after `passMs`. */
export function alertOf({ at, evidence, ...alert }: WrittenAlert, passMs: number = PASS_MS): AlertItem {
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
    expiresAt: isOver || alert.resolves ? undefined : passesAt(at, passMs),
  }
}

/** When an alert passes that nobody resolves, after it fired or its history was renewed. */
export const passesAt = (at: Micros, passMs: number): string => toIso(micros(at + passMs * 1000))

/** Which alerts are wanted; `undefined` is every. */
export type AlertFilter = {
  readonly symbols: ReadonlySet<string> | undefined
  readonly exchanges: ReadonlySet<string> | undefined
  readonly ruleIds: ReadonlySet<string> | undefined
  readonly minSeverity: Severity | undefined
}

export const rankOf = (severity: Severity): number => SEVERITIES.indexOf(severity)

/**
 * Whether an alert is wanted. `rank`: of a RESOLVED the greatest of what it ends, which a rule may judge otherwise at its end:
 * who was told a beginning is told its end too.
 */
export const alertFits = (
  { symbols, exchanges, ruleIds, minSeverity }: AlertFilter,
  { symbol, exchange, ruleId, severity }: AlertItem,
  rank: number = rankOf(severity),
): boolean =>
  isIn(symbols, symbol) &&
  isIn(exchanges, exchange) &&
  isIn(ruleIds, ruleId) &&
  (minSeverity === undefined || rank >= rankOf(minSeverity))

const isIn = (wanted: ReadonlySet<string> | undefined, name: string | undefined): boolean =>
  wanted === undefined || (name !== undefined && wanted.has(name))

/** Equal for filters that let the same alerts through, so that their clients share one serialised message. */
export const alertFilterKey = ({ symbols, exchanges, ruleIds, minSeverity }: AlertFilter): string =>
  JSON.stringify([...[symbols, exchanges, ruleIds].map((names) => names && [...names].toSorted()), minSeverity])
