import type { WrittenAlert } from '../core/alert.ts'
import { toIso, type Micros } from '../core/time.ts'
import { PASS_MS } from '../io/alerts-config.ts'
import { alertOf, passesAt, rankOf, type Ack, type AlertItem } from './alert.ts'

/** Alerts that are not resolved and are shown to who comes anew: those of rules without a release stay until they are read. */
export const MOST_OPEN = 1000
/** Changes that are kept for clients that are behind; and of what is over, ids that may still be acknowledged or repeated. */
const KEPT = 10_000

/** Something that happened. `rank`: the greatest severity of the alert and of what it ends. */
export type AlertChange = { readonly sequence: number; readonly alert: AlertItem; readonly rank: number }

/** How an alert ended: `resolved` or `passed`. */
export type Ended = Pick<AlertItem, 'state' | 'resolvedAt'>

/** What was stored: the newest alerts that are not resolved, the oldest of them first. `isWhole`: there are no others. */
export type StoredAlerts = {
  readonly alerts: readonly AlertItem[]
  readonly isWhole: boolean
  /** What is over of late: a repeat of it is no beginning. */
  readonly over: readonly (Ended & { readonly alertId: string })[]
}

/**
 * Alerts that are not resolved, and what happened to alerts of late. Owns its state and changes it in place.
 *
 * Every change takes the next `sequence`, and none is left out: an alert that fired, one that resolved its story, one that
 * somebody acknowledged, one that passed by itself. Each is told once, in whatever order the log and PostgreSQL tell of them. A
 * renewal is not told: what it ends fires again, is resolved later, or passes.
 */
export type AlertBoard = {
  sequence(): number
  /** Not resolved, the oldest first. */
  open(): readonly AlertItem[]
  /** Whether `open` is all that is not resolved; else only the newest. */
  isWhole(): boolean
  /** Ascending; `undefined` if one after that number is no longer kept. */
  since(sequence: number): readonly AlertChange[] | undefined
  /** Replaces what is known: after a start, or a hole in what was heard. */
  restore(stored: StoredAlerts): void
  /** Alerts of one partition in the order of the log. Answers whether it was new. */
  take(alert: WrittenAlert): boolean
  /** Tells of what has passed by now. */
  expire(now: Micros): void
  /** An alert as PostgreSQL has it that somebody acknowledged; the same one may come again. */
  acknowledge(alert: AlertItem): void
}

export function createAlertBoard(
  limits: { readonly open?: number; readonly kept?: number; readonly passMs?: number } = {},
): AlertBoard {
  const { open: mostOpen = MOST_OPEN, kept = KEPT, passMs = PASS_MS } = limits
  const alerts = new Map<string, AlertItem>()
  const stories = new Map<string, Set<string>>()
  /** What is over, by id. */
  const over = new Map<string, Ended>()
  const acked = new Map<string, Ack>()
  let changes: AlertChange[] = []
  let sequence = 0
  /** Number of the newest change that was given up. */
  let forgotten = 0
  let isWhole = true

  function push(alert: AlertItem, rank = rankOf(alert.severity)): void {
    changes.push({ sequence: ++sequence, alert, rank })
    if (changes.length <= 2 * kept) return
    changes = changes.slice(-kept)
    forgotten = (changes[0]?.sequence ?? 1) - 1
  }

  function add(alert: AlertItem): void {
    alerts.set(alert.alertId, alert)
    const story = stories.get(alert.alertKey) ?? new Set()
    stories.set(alert.alertKey, story.add(alert.alertId))
    const [oldest] = alerts.size > mostOpen ? alerts.values() : []
    if (oldest === undefined) return
    isWhole = false
    remove(oldest)
  }

  function remove({ alertId, alertKey }: AlertItem): void {
    alerts.delete(alertId)
    const story = stories.get(alertKey)
    story?.delete(alertId)
    if (story?.size === 0) stories.delete(alertKey)
  }

  /** Ends what stands of a story; answers the greatest severity of it. */
  function end({ alertKey, severity, at }: AlertItem): number {
    const story = stories.get(alertKey)
    // What it ends may be too old to be known.
    let rank = story === undefined && !isWhole ? rankOf('critical') : rankOf(severity)
    for (const id of story ?? []) {
      rank = Math.max(rank, rankOf(alerts.get(id)?.severity ?? severity))
      alerts.delete(id)
      remember(over, id, { state: 'resolved', resolvedAt: at }, kept)
    }
    stories.delete(alertKey)
    return rank
  }

  /** What is not resolved of a story passes some time after its history was renewed. */
  function renew({ alertKey }: AlertItem, at: Micros): void {
    for (const id of stories.get(alertKey) ?? []) {
      const alert = alerts.get(id)
      if (alert !== undefined) alerts.set(id, { ...alert, expiresAt: alert.expiresAt ?? passesAt(at, passMs) })
    }
  }

  return {
    sequence: () => sequence,
    open: () => [...alerts.values()],
    isWhole: () => isWhole,
    since(number) {
      if (number < forgotten) return undefined
      return changes.slice(changes.findLastIndex((change) => change.sequence <= number) + 1)
    },
    restore(stored) {
      alerts.clear()
      stories.clear()
      over.clear()
      changes = []
      // Whoever is behind this gets a new state, not changes.
      forgotten = ++sequence
      isWhole = stored.isWhole
      for (const alert of stored.alerts) {
        add(alert)
        if (alert.ackedAt !== undefined) remember(acked, alert.alertId, ackOf(alert), kept)
      }
      for (const { alertId, state, resolvedAt } of stored.over) remember(over, alertId, { state, resolvedAt }, kept)
    },
    take(written) {
      const { alertId, phase } = written
      if (alerts.has(alertId) || over.has(alertId)) return false
      const alert = alertOf(written, passMs)
      if (phase === 'RESOLVED') {
        remember(over, alertId, { state: 'resolved', resolvedAt: alert.at }, kept)
        if (written.reason === 'renew') {
          renew(alert, written.at)
          return true
        }
        push(alert, end(alert))
        return true
      }
      const seen = acked.get(alertId)
      const one = seen === undefined ? alert : withAck(alert, seen, 'acknowledged')
      add(one)
      push(one)
      return true
    },
    expire(now) {
      const time = toIso(now)
      for (const alert of alerts.values()) {
        const { alertId, expiresAt } = alert
        if (expiresAt === undefined || expiresAt > time) continue
        remove(alert)
        remember(over, alertId, { state: 'passed', resolvedAt: undefined }, kept)
        push({ ...alert, state: 'passed' })
      }
    },
    acknowledge(row) {
      const { alertId } = row
      if (acked.has(alertId)) return
      remember(acked, alertId, ackOf(row), kept)
      const known = alerts.get(alertId)
      const ended = over.get(alertId)
      // The log may be ahead of the tables, or behind.
      if (known !== undefined) {
        const seen = withAck(known, row, 'acknowledged')
        alerts.set(alertId, seen)
        push(seen)
      } else push({ ...row, ...ended })
    },
  }
}

const ackOf = ({ ackedBy, ackedAt, ackComment }: AlertItem): Ack => ({ ackedBy, ackedAt, ackComment })

const withAck = (alert: AlertItem, { ackedBy, ackedAt, ackComment }: Ack, state: AlertItem['state']): AlertItem => ({
  ...alert,
  state,
  ackedBy,
  ackedAt,
  ackComment,
})

/** Keeps the newest `most`. Changes the map in place. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.set(key, value)
  const [oldest] = map.size > most ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
}
