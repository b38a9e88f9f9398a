import { z } from 'zod'
import { ALERT_PHASES, ALERT_SOURCES, type AlertPhase } from '../../core/alert.ts'
import { RESOLVE_REASONS, SEVERITIES, type Severity } from '../../core/match.ts'
import { originKey, type OriginSieve } from '../../core/origin-sieve.ts'
import { FEEDS } from '../../core/tick.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import type { StoredAlerts } from '../alert-board.ts'
import { ALERT_STATES, type AlertItem, type AlertState } from '../alert.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const absent = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)
const told = z.record(text, z.union([text, number, z.boolean(), z.null()]))
const evidence = z.object({
  stream: text,
  offset: number,
  at: number.transform((at) => toIso(micros(at))),
  exchange: absent,
  symbol: absent,
})

const columns = {
  alertId: text,
  alertKey: text,
  source: z.enum(ALERT_SOURCES),
  phase: z.enum(ALERT_PHASES),
  reason: optional(z.enum(RESOLVE_REASONS)),
  resolves: z.boolean(),
  severity: z.enum(SEVERITIES),
  type: text,
  title: text,
  at: text,
  feed: z.enum(FEEDS),
  ruleId: optional(text),
  ruleVersion: optional(number),
  key: z.record(text, text),
  exchange: optional(text),
  symbol: optional(text),
  fields: told,
  evidence: z.array(evidence),
  suppressed: number,
  action: optional(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('webhook'), target: text }),
      z.object({ kind: z.literal('command'), command: text, arguments: told }),
    ]),
  ),
  state: z.enum(ALERT_STATES),
  ackedBy: optional(text),
  ackedAt: optional(text),
  ackComment: optional(text),
  resolvedAt: optional(text),
  expiresAt: optional(text),
  origin: optional(z.object({ processor: text, version: number, partition: number, offset: number, ordinal: number })),
}

type Located = { readonly evidence: readonly z.output<typeof evidence>[]; readonly origin: Origin | undefined }
type Origin = { readonly partition: number }

/** What it rests on lies where it was caused: a task reads one partition. */
const located = <Row extends Located>(row: Row) => ({
  ...row,
  evidence: row.evidence.map(({ stream, ...where }) => ({ stream, partition: row.origin?.partition, ...where })),
})

/** As the WebSocket has it. */
const live = z.object(columns).transform(located)

const delivery = z.object({
  kind: z.enum(['message', 'action']),
  channel: text,
  outcome: text,
  attempts: number,
  uncertain: number,
  attemptedAt: absent,
  nextAttemptAt: absent,
  sentAt: absent,
  settledAt: absent,
  reason: absent,
})
const row = z
  .object({ ...columns, silencedBy: optional(number), storedAt: text, deliveries: z.array(delivery) })
  .transform(located)

/** An alert with what became of it, as readers get it; times are ISO 8601. */
export type AlertRow = z.output<typeof row>

const COLUMNS = `
  alert_id as "alertId", alert_key as "alertKey", source, phase, reason, resolves, severity, type, title, ${iso('a.at')} as at, feed,
  rule_id as "ruleId", rule_version as "ruleVersion", key, exchange, symbol, fields, evidence, suppressed::float8 as suppressed, action,
  public.alert_state(a.state, a.expires_at) as state, acked_by as "ackedBy", ${iso('acked_at')} as "ackedAt", ack_comment as "ackComment", ${iso('resolved_at')} as "resolvedAt",
  ${iso('expires_at')} as "expiresAt", origin`

const WHOLE = `${COLUMNS},
  silenced_by::float8 as "silencedBy", ${iso('stored_at')} as "storedAt",
  (select coalesce(jsonb_agg(jsonb_build_object(
            'kind', d.kind, 'channel', d.channel, 'outcome', d.outcome, 'attempts', d.attempts, 'uncertain', d.uncertain,
            'attemptedAt', ${iso('d.attempted_at')}, 'nextAttemptAt', ${iso('d.next_attempt_at')}, 'sentAt', ${iso('d.sent_at')},
            'settledAt', ${iso('d.settled_at')}, 'reason', d.reason) order by d.kind desc, d.outbox_id), '[]')
     from public.alert_deliveries d where d.alert_id = a.alert_id) as deliveries`

const STANDS = '(a.expires_at is null or a.expires_at > now())'
/** In the text, so that the index of what is not resolved fits. */
const STATES: Readonly<Record<AlertState, string>> = {
  open: `and a.state = 'open' and ${STANDS}`,
  acknowledged: `and a.state = 'acknowledged' and ${STANDS}`,
  resolved: "and a.state = 'resolved'",
  passed: "and a.state <> 'resolved' and a.expires_at <= now()",
}

export type AlertsFilter = {
  readonly state: AlertState | undefined
  readonly phase: AlertPhase | undefined
  readonly ruleId: string | undefined
  readonly symbol: string | undefined
  readonly exchange: string | undefined
  readonly severity: Severity | undefined
  readonly from: Micros
  readonly to: Micros
  /** Moment and id of the last one of the page before. */
  readonly after: readonly string[] | undefined
  readonly limit: number
}

/** Alerts by their moment, the newest first. What is asked for is in the text, so that the index fits. */
export function selectAlerts(database: Database, filter: AlertsFilter): Promise<readonly AlertRow[]> {
  const { state, phase, ruleId, symbol, exchange, severity, from, to, after, limit } = filter
  const equal = { phase, rule_id: ruleId, symbol, exchange, severity }
  const values: unknown[] = [toIso(from), toIso(to), limit]
  const conditions = Object.entries(equal).flatMap(([column, value]) =>
    value === undefined ? [] : [`and a.${column} = $${values.push(value)}`],
  )
  const before =
    after === undefined
      ? ''
      : `and (a.at, a.alert_id) < ($${values.push(after[0])}::timestamptz, $${values.push(after[1])}::text collate "C")`
  return select(
    database,
    row,
    `select ${WHOLE}
       from public.alerts a
      where a.at >= $1::timestamptz
        and a.at < $2::timestamptz
        ${state === undefined ? '' : STATES[state]} ${conditions.join(' ')} ${before}
      order by a.at desc, a.alert_id desc
      limit $3`,
    values,
  )
}

export async function selectAlert(database: Database, id: string): Promise<AlertRow | undefined> {
  const rows = await select(database, row, `select ${WHOLE} from public.alerts a where a.alert_id = $1`, [id])
  return rows[0]
}

/** The newest moment of any alert: the present of a recording. */
export async function selectLatestAlert(database: Database): Promise<string | undefined> {
  const latest = z.object({ at: optional(text) })
  const rows = await select(database, latest, `select ${iso('max(a.at)')} as at from public.alerts a`, [])
  return rows[0]?.at
}

/** The newest alerts that are not resolved, the oldest of them first, and whether there are no others; and what was resolved of late. */
export async function selectOpenAlerts(database: Database, most: number): Promise<StoredAlerts> {
  const found = await select(
    database,
    live,
    `select ${COLUMNS} from public.alerts a where a.state <> 'resolved' and ${STANDS} order by a.at desc, a.alert_id desc limit $1`,
    [most + 1],
  )
  const over = await select(
    database,
    z.object({ alertId: text, state: z.enum(ALERT_STATES), resolvedAt: optional(text) }),
    `select alert_id as "alertId", public.alert_state(a.state, a.expires_at) as state, ${iso('a.resolved_at')} as "resolvedAt"
       from public.alerts a where a.state = 'resolved' or a.expires_at <= now() order by a.at desc limit $1`,
    [most],
  )
  return { alerts: found.slice(0, most).toReversed(), isWhole: found.length <= most, over: over.toReversed() }
}

/** PostgreSQL's clock: what acknowledgements are dated by. */
export async function selectClock(database: Database): Promise<string> {
  const rows = await select(database, z.object({ now: text }), `select ${iso('clock_timestamp()')} as now`, [])
  return rows[0]?.now ?? ''
}

/** An acknowledgement is seen when its transaction ends, which began a little before. */
const OVERLAP = "interval '10 seconds'"
const MOST_ACKS = 10_000

/** Alerts that were acknowledged since a moment, and some of those before it, in the order of their acknowledging. */
export const selectAcked = (database: Database, since: string): Promise<readonly AlertItem[]> =>
  select(
    database,
    live,
    `select ${COLUMNS}
       from public.alerts a
      where a.acked_at > $1::timestamptz - ${OVERLAP}
      order by a.acked_at, a.alert_id
      limit ${MOST_ACKS}`,
    [since],
  )

const originRow = z.object({
  partition: number,
  origin: z.object({ processor: text, partition: number, offset: number, ordinal: number }),
})

/**
 * The highest origin stored of each processor and input partition, by the partition of the topic: memory of the sieve. Of the
 * last hour of what is stored; a repeat comes within minutes.
 */
export async function selectAlertOrigins(database: Database): Promise<ReadonlyMap<number, OriginSieve>> {
  const rows = await select(
    database,
    originRow,
    `select distinct on (a.partition, a.origin ->> 'processor', a.origin ->> 'partition') a.partition, a.origin
       from public.alerts a
      where a.origin is not null and a.at >= (select max(at) from public.alerts) - interval '1 hour'
      order by a.partition, a.origin ->> 'processor', a.origin ->> 'partition',
               (a.origin ->> 'offset')::bigint desc, (a.origin ->> 'ordinal')::bigint desc`,
    [],
  )
  const byPartition = Map.groupBy(rows, ({ partition }) => partition)
  return new Map(
    [...byPartition].map(([partition, own]) => [
      partition,
      new Map(own.map(({ origin }) => [originKey(origin), { offset: origin.offset, ordinal: origin.ordinal }])),
    ]),
  )
}
