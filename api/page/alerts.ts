import { listOf, recordOf, textOf, timeOf } from './fields.ts'
import { keyText, readNamed, type Named } from './matches.ts'

/** An alert as the server sends it, by REST and WebSocket alike. */
export type Alert = {
  readonly id: string
  /** Alerts of one story fire and resolve together. */
  readonly story: string
  readonly phase: string
  readonly severity: string
  readonly type: string
  readonly title: string
  readonly atMs: number
  readonly feed: string
  readonly ruleId: string | undefined
  readonly key: Named
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly fields: Named
  /** `open`: nobody has seen it, and it is not over. */
  readonly state: string
  readonly ackedBy: string | undefined
  readonly resolvedAtMs: number
}

/** `isState`: these are all that stand, and what was before is over. */
export type AlertMessage = { readonly isState: boolean; readonly timeMs: number; readonly alerts: readonly Alert[] }

/** `undefined` for any other message. */
export function readAlertMessage(text: string): AlertMessage | undefined {
  const value = recordOf(JSON.parse(text))
  if (value['channel'] !== 'alerts') return undefined
  return { isState: value['type'] === 'snapshot', timeMs: timeOf(value['time']), alerts: readAlerts(value) }
}

export const readAlerts = (value: unknown): readonly Alert[] => listOf(recordOf(value)['alerts']).map(readAlert)
export const readOneAlert = (value: unknown): Alert => readAlert(recordOf(value)['alert'])

function readAlert(value: unknown): Alert {
  const fields = recordOf(value)
  const text = (name: string): string => textOf(fields[name]) ?? ''
  return {
    id: text('alertId'),
    story: text('alertKey'),
    phase: text('phase'),
    severity: text('severity'),
    type: text('type'),
    title: text('title'),
    atMs: timeOf(fields['at']),
    feed: text('feed'),
    ruleId: textOf(fields['ruleId']),
    key: readNamed(fields['key']),
    exchange: textOf(fields['exchange']),
    symbol: textOf(fields['symbol']),
    fields: readNamed(fields['fields']),
    state: text('state'),
    ackedBy: textOf(fields['ackedBy']),
    resolvedAtMs: timeOf(fields['resolvedAt']),
  }
}

/** Whether somebody may still have to do something about it. */
export const isOpen = ({ phase, state }: Alert): boolean => phase === 'FIRED' && state === 'open'

export type KnownAlerts = {
  apply(message: Pick<AlertMessage, 'isState' | 'alerts'>): void
  /** The graver first, then the newer. */
  list(): readonly Alert[]
}

/** Alerts that are open, by what the server tells one after the other. */
export function createKnownAlerts(): KnownAlerts {
  const alerts = new Map<string, Alert>()
  return {
    apply({ isState, alerts: changed }) {
      if (isState) alerts.clear()
      for (const alert of changed) {
        if (alert.phase === 'RESOLVED') {
          for (const { id, story } of alerts.values()) if (story === alert.story) alerts.delete(id)
        } else if (isOpen(alert)) alerts.set(alert.id, alert)
        else alerts.delete(alert.id)
      }
    },
    list: () => [...alerts.values()].toSorted(byUrgency),
  }
}

const GRAVEST_FIRST = ['critical', 'warning', 'info']
const byUrgency = (a: Alert, b: Alert): number =>
  GRAVEST_FIRST.indexOf(a.severity) - GRAVEST_FIRST.indexOf(b.severity) || b.atMs - a.atMs || (a.id < b.id ? -1 : 1)

/** What it is about: where, or the values it fired for. */
export function aboutText({ exchange, symbol, key }: Pick<Alert, 'exchange' | 'symbol' | 'key'>): string {
  const named = [symbol, exchange].filter((one) => one !== undefined)
  return named.length > 0 ? named.join(' · ') : keyText(key) || '–'
}

/** What is not told to channels, and until when. */
export type Silence = {
  readonly id: number
  readonly matcher: Named
  readonly endsAtMs: number
  readonly author: string
}

export const readSilences = (value: unknown): readonly Silence[] =>
  listOf(recordOf(value)['silences']).map((one) => {
    const fields = recordOf(one)
    return {
      id: Number(fields['silenceId']),
      matcher: readNamed(fields['matcher']),
      endsAtMs: timeOf(fields['endsAt']),
      author: textOf(fields['author']) ?? '',
    }
  })

/** What is silenced for an alert: its rule, or of a service what it calls it. */
export const matcherOf = ({ ruleId, type }: Pick<Alert, 'ruleId' | 'type'>): Readonly<Record<string, string>> =>
  ruleId === undefined ? { type } : { ruleId }
