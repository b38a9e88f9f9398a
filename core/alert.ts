import { matchIdOf, type Action, type Evidence, type ResolveReason, type Severity, type Told } from './match.ts'
import type { Origin } from './processor.ts'
import type { Feed } from './tick.ts'
import type { Micros } from './time.ts'

export const ALERT_SOURCES = ['RULE', 'SERVICE'] as const
export type AlertSource = (typeof ALERT_SOURCES)[number]

export const ALERT_PHASES = ['FIRED', 'RESOLVED'] as const
export type AlertPhase = (typeof ALERT_PHASES)[number]

/**
 * What is sent about a match, or by a service that saw something missing. `alertKey` names what goes on firing and resolving:
 * alerts of one key are one story. The id is that of the match (rules), or service, instance, type and sequence (services).
 */
export type Alert = {
  readonly source: AlertSource
  /** `rule ID {key as canonical JSON}`, or `service NAME KIND …`. */
  readonly alertKey: string
  readonly phase: AlertPhase
  /** Only on RESOLVED of a rule. After `renew` the story may go on: what still holds fires again. */
  readonly reason: ResolveReason | undefined
  /** Whether a RESOLVED follows when it is over; else nobody will say so. */
  readonly resolves: boolean
  readonly severity: Severity
  readonly type: string
  /** The rule's name, or a sentence. */
  readonly title: string
  readonly at: Micros
  readonly feed: Feed
  readonly ruleId: string | undefined
  readonly ruleVersion: number | undefined
  readonly key: Readonly<Record<string, string>>
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly fields: Readonly<Record<string, Told>>
  readonly evidence: readonly Evidence[]
  readonly suppressed: number
  /** Only on FIRED. */
  readonly action: Action | undefined
}

/** An alert as it goes to the log. */
export type WrittenAlert = Alert & {
  readonly alertId: string
  /** `undefined`: of a service. */
  readonly origin: Origin | undefined
}

/**
 * An alert of a rule with its id: that of the match which it directly follows, among the outputs of one record. Throws TypeError
 * for one that no rule wrote or that stands first.
 */
export function ruleAlert(alert: Alert, origin: Origin): WrittenAlert {
  const { ruleId, ruleVersion } = alert
  if (ruleId === undefined || ruleVersion === undefined || origin.ordinal === 0)
    throw new TypeError(`an alert without a match before it: ${alert.alertKey}`)
  return { ...alert, alertId: matchIdOf({ ruleId, ruleVersion }, { ...origin, ordinal: origin.ordinal - 1 }), origin }
}
