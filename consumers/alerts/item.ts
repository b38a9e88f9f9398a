import type { AlertSource } from '../../core/alert.ts'
import type { Action, Evidence } from '../../core/match.ts'
import type { Waiting } from './decide.ts'
import type { Tellable } from './text.ts'

/** An alert that waits in the outbox. */
export type Item = Waiting &
  Tellable & {
    readonly source: AlertSource
    readonly ruleVersion: number | undefined
    readonly key: Readonly<Record<string, string>>
    readonly evidence: readonly Evidence[]
    readonly action: Action | undefined
    /** Attempts of which nobody knows the outcome. */
    readonly uncertain: number
  }

/** What a webhook is sent; a receiver that must not act twice remembers `alertId`. */
export type WebhookBody = {
  readonly version: 1
  readonly text: string
  /** An attempt before may have arrived. */
  readonly mayBeRepeat: boolean
  readonly alerts: readonly Record<string, unknown>[]
}

export const webhookBody = (items: readonly Item[], text: string): WebhookBody => ({
  version: 1,
  text,
  mayBeRepeat: items.some(({ uncertain }) => uncertain > 0),
  alerts: items.map((item) => ({
    alertId: item.alertId,
    alertKey: item.alertKey,
    source: item.source,
    phase: item.phase,
    reason: item.reason,
    resolves: item.resolves,
    severity: item.severity,
    type: item.type,
    title: item.title,
    at: isoMicros(item.atMicros),
    feed: item.feed,
    ruleId: item.ruleId,
    ruleVersion: item.ruleVersion,
    key: item.key,
    exchange: item.exchange,
    symbol: item.symbol,
    fields: item.fields,
    evidence: item.evidence,
    suppressed: item.suppressed,
  })),
})

/** ISO 8601 UTC with microseconds, as the API writes times. */
const isoMicros = (micros: number): string => {
  const date = new Date(Math.floor(micros / 1000)).toISOString()
  return date.replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`)
}
