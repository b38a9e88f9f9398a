import type { Action, Evidence, Severity, Told } from './match.ts'
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
