import { ALERT_PHASES, ALERT_SOURCES } from '../../core/alert.ts'
import { RESOLVE_REASONS, SEVERITIES, type Action, type Evidence, type Told as Value } from '../../core/match.ts'
import { FEEDS } from '../../core/tick.ts'
import { DEADLINE_MS, type Database } from '../database.ts'
import type { Drop, Told } from './decide.ts'
import type { Item } from './item.ts'

/** Rows that one sender looks after. `others`: all actions whose channel is not among these. */
export type Queue = {
  readonly kind: 'message' | 'action'
  readonly channel: string
  readonly others?: readonly string[]
}

/** Decided on together; what is beyond them waits for the next round. */
const MOST_WAITING = 1000

/** A queue's rows of the table `o`: parameters 1 to 3. */
const OURS = `o.kind = $1 and (case when $3::text[] is null then o.channel = $2 else not (o.channel = any($3)) end)`

const ask = async <Answer extends object>(
  database: Database,
  text: string,
  { kind, channel, others }: Queue,
  ...values: readonly unknown[]
): Promise<readonly Answer[]> => {
  const statement = { text, values: [kind, channel, others ?? null, ...values], query_timeout: DEADLINE_MS }
  return (await database.query<Answer>(statement)).rows
}

/**
 * What waits, in its order, and PostgreSQL's clock. A RESOLVED by renewal is not seen before `renewWaitMs` unless its story fires
 * again, so that many of them keep nothing else out.
 */
export async function waitingIn(
  database: Database,
  queue: Queue,
  renewWaitMs: number,
): Promise<{ readonly nowMs: number; readonly items: readonly Item[] }> {
  const rows = await ask<Row>(
    database,
    `select ${millis('clock_timestamp()')} as now_ms, o.outbox_id, o.attempts, o.uncertain, ${millis('o.created_at')} as created_ms,
            ${millis('o.next_attempt_at')} as not_before_ms, a.alert_id, a.alert_key, a.source, a.phase, a.reason as why, a.resolves, a.severity, a.type, a.title,
            (extract(epoch from a.at) * 1000000)::bigint as at_micros, a.feed, a.rule_id, a.rule_version, a.key, a.exchange, a.symbol,
            a.fields, a.evidence, a.suppressed, a.action
       from ingest.alert_outbox o join public.alerts a using (alert_id)
      where ${OURS} and o.outcome is null
        and (a.reason is distinct from 'renew' or o.attempts > 0 or o.created_at <= clock_timestamp() - $4 * interval '1 millisecond'
             or exists (select from ingest.alert_outbox f
                         where f.kind = o.kind and f.channel = o.channel and f.alert_key = o.alert_key and f.outcome is null
                           and f.outbox_id > o.outbox_id))
      order by o.outbox_id limit ${MOST_WAITING}`,
    queue,
    renewWaitMs,
  )
  return { nowMs: Number(rows[0]?.now_ms ?? 0), items: rows.map(itemOf) }
}

/** Of each story the last that was told on the channel, or may have been. */
export async function toldOf(
  database: Database,
  queue: Queue,
  alertKeys: readonly string[],
): Promise<ReadonlyMap<string, Told>> {
  const rows = await ask<{ alert_key: string; phase: string; severity: string; resolves: boolean; at_ms: string }>(
    database,
    `select distinct on (o.alert_key) o.alert_key, a.phase, a.severity, a.resolves, ${millis('o.attempted_at')} as at_ms
       from ingest.alert_outbox o join public.alerts a using (alert_id)
      where ${OURS} and o.alert_key = any($4) and o.outcome in ('sent', 'unknown')
      order by o.alert_key, o.outbox_id desc`,
    queue,
    alertKeys,
  )
  return new Map(
    rows.map(({ alert_key: key, phase, severity, resolves, at_ms: atMs }) => [
      key,
      { phase: oneOf(ALERT_PHASES, phase), severity: oneOf(SEVERITIES, severity), resolves, atMs: Number(atMs) },
    ]),
  )
}

/** When each message of the last minute was begun. */
export async function begunIn(database: Database, queue: Queue): Promise<readonly number[]> {
  const rows = await ask<{ at_ms: string }>(
    database,
    `select distinct ${millis('o.attempted_at')} as at_ms from ingest.alert_outbox o
      where ${OURS} and o.attempted_at > clock_timestamp() - interval '1 minute' order by 1`,
    queue,
  )
  return rows.map(({ at_ms: atMs }) => Number(atMs))
}

/** How many actions of each rule were begun in the last minute, on whatever target. */
export async function actionsByRule(database: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await database.query<{ rule_id: string | null; count: number }>(
    `select a.rule_id, count(*)::int as count from ingest.alert_outbox o join public.alerts a using (alert_id)
      where o.kind = 'action' and o.attempted_at > clock_timestamp() - interval '1 minute' group by 1`,
  )
  return new Map(rows.map(({ rule_id: rule, count }) => [rule ?? '', count]))
}

/** Attempts that somebody began and did not live to note the outcome of. Answers their alerts. */
export async function recover(database: Database, queue: Queue): Promise<readonly string[]> {
  const rows = await ask<{ alert_id: string }>(
    database,
    `update ingest.alert_outbox o set is_attempting = false, uncertain = o.uncertain + 1, reason = 'the sender ended before the answer'
      where ${OURS} and o.outcome is null and o.is_attempting returning o.alert_id`,
    queue,
  )
  return rows.map(({ alert_id: alertId }) => alertId)
}

async function tell(database: Database, text: string, values: unknown[]): Promise<void> {
  const statement = { text, values, query_timeout: DEADLINE_MS }
  await database.query(statement)
}

const idsOf = (items: readonly Pick<Item, 'outboxId'>[]): readonly number[] => items.map(({ outboxId }) => outboxId)

/** Puts on record that an attempt is being made, before it is. */
export const begin = (database: Database, items: readonly Item[]): Promise<void> =>
  tell(
    database,
    `update ingest.alert_outbox set is_attempting = true, attempts = attempts + 1, attempted_at = now(), next_attempt_at = null
            where outbox_id = any($1::bigint[])`,
    [idsOf(items)],
  )

export type Outcome = {
  /** `undefined`: it is tried again, `afterMs` from now. */
  readonly outcome: 'sent' | 'unknown' | 'failed' | 'refused' | 'limited' | undefined
  /** Nobody knows whether the attempt counts. */
  readonly isUncertain: boolean
  readonly reason: string | undefined
  readonly afterMs?: number
}

/** Puts on record what came of the attempt. */
export const finish = (
  database: Database,
  items: readonly Item[],
  { outcome, isUncertain, reason, afterMs = 0 }: Outcome,
): Promise<void> =>
  tell(
    database,
    `update ingest.alert_outbox
              set is_attempting = false, uncertain = uncertain + $2, outcome = $3, reason = coalesce($4, reason),
                  sent_at = case when $3 = 'sent' then attempted_at end,
                  settled_at = case when $3 is not null then clock_timestamp() end,
                  next_attempt_at = case when $3 is null then clock_timestamp() + $5 * interval '1 millisecond' end
            where outbox_id = any($1::bigint[])`,
    [idsOf(items), isUncertain ? 1 : 0, outcome ?? null, reason ?? null, afterMs],
  )

/** Puts on record what is not sent, and which silence kept an alert back. */
export const settle = (database: Database, drops: readonly Drop<Item>[]): Promise<void> =>
  tell(
    database,
    `with drops as (select * from unnest($1::bigint[], $2::text[], $3::bigint[]) d (outbox_id, outcome, silence)),
           settled as (
             update ingest.alert_outbox o set outcome = d.outcome, settled_at = clock_timestamp(), next_attempt_at = null
               from drops d where o.outbox_id = d.outbox_id returning o.alert_id, d.silence)
           update public.alerts a set silenced_by = s.silence
             from (select alert_id, min(silence) as silence from settled where silence is not null group by 1) s
            where a.alert_id = s.alert_id`,
    [idsOf(drops.map(({ one }) => one)), drops.map(({ outcome }) => outcome), drops.map(({ by }) => by ?? null)],
  )

function millis(expression: string): string {
  return `extract(epoch from ${expression}) * 1000`
}

type Row = {
  readonly now_ms: string
  readonly outbox_id: string
  readonly attempts: number
  readonly uncertain: number
  readonly created_ms: string
  readonly not_before_ms: string | null
  readonly alert_id: string
  readonly alert_key: string
  readonly source: string
  readonly phase: string
  readonly why: string | null
  readonly resolves: boolean
  readonly severity: string
  readonly type: string
  readonly title: string
  readonly at_micros: string
  readonly feed: string
  readonly rule_id: string | null
  readonly rule_version: number | null
  readonly key: Readonly<Record<string, string>>
  readonly exchange: string | null
  readonly symbol: string | null
  readonly fields: Readonly<Record<string, Value>>
  readonly evidence: readonly Evidence[]
  readonly suppressed: string
  readonly action: Action | null
}

const itemOf = (row: Row): Item => ({
  outboxId: Number(row.outbox_id),
  attempts: row.attempts,
  uncertain: row.uncertain,
  createdMs: Number(row.created_ms),
  notBeforeMs: row.not_before_ms === null ? undefined : Number(row.not_before_ms),
  alertId: row.alert_id,
  alertKey: row.alert_key,
  source: oneOf(ALERT_SOURCES, row.source),
  phase: oneOf(ALERT_PHASES, row.phase),
  reason: RESOLVE_REASONS.find((one) => one === row.why),
  resolves: row.resolves,
  severity: oneOf(SEVERITIES, row.severity),
  type: row.type,
  title: row.title,
  atMicros: Number(row.at_micros),
  feed: oneOf(FEEDS, row.feed),
  ruleId: row.rule_id ?? undefined,
  ruleVersion: row.rule_version ?? undefined,
  key: row.key,
  exchange: row.exchange ?? undefined,
  symbol: row.symbol ?? undefined,
  fields: row.fields,
  evidence: row.evidence,
  suppressed: Number(row.suppressed),
  action: row.action ?? undefined,
})

/** What the sink stored is one of these. Throws TypeError otherwise. */
function oneOf<One extends string>(all: readonly One[], text: string): One {
  const found = all.find((one) => one === text)
  if (found === undefined) throw new TypeError(`not one of ${all.join(', ')}: ${text}`)
  return found
}
