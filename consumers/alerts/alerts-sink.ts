import { alertFault } from '../../core/alert-fault.ts'
import type { WrittenAlert } from '../../core/alert.ts'
import { originKey, siftOrigins } from '../../core/origin-sieve.ts'
import type { Origin } from '../../core/processor.ts'
import { PASS_MS } from '../../io/alerts-config.ts'
import type { Decoder } from '../../io/registry.ts'
import { columnsOf, namesOf, unnested } from '../columns.ts'
import { textArray } from '../arrays.ts'
import { DEADLINE_MS, type Statement } from '../database.ts'
import { SEEN, originColumns, recallOrigins, type OriginMemory } from '../origin-memory.ts'
import { MOVED, moveValues, type Move } from '../resume.ts'
import type { Entry, Sink } from '../sink.ts'
import { alertRows, type AlertRow, type Ending } from './alert-rows.ts'

const CONSUMER = 'sink-alerts'

const row = columnsOf<AlertRow>()
const ROW = [
  row.text('alert_id', ({ alert }) => alert.alertId),
  row.text('alert_key', ({ alert }) => alert.alertKey),
  row.text('source', ({ alert }) => alert.source),
  row.text('phase', ({ alert }) => alert.phase),
  row.text('reason', ({ alert }) => alert.reason),
  row.text('resolves', ({ alert }) => String(alert.resolves)),
  row.text('severity', ({ alert }) => alert.severity),
  row.text('type', ({ alert }) => alert.type),
  row.text('title', ({ alert }) => alert.title),
  row.time('at', ({ alert }) => alert.at),
  row.text('feed', ({ alert }) => alert.feed),
  row.text('rule_id', ({ alert }) => alert.ruleId),
  row.numeric('rule_version', ({ alert }) => alert.ruleVersion),
  row.text('key', ({ alert }) => JSON.stringify(alert.key)),
  row.text('exchange', ({ alert }) => alert.exchange),
  row.text('symbol', ({ alert }) => alert.symbol),
  row.text('fields', ({ alert }) => JSON.stringify(alert.fields)),
  row.text('evidence', ({ alert }) => JSON.stringify(alert.evidence)),
  row.bigint('suppressed', ({ alert }) => alert.suppressed),
  row.text('action', ({ alert }) => (alert.phase === 'FIRED' ? JSON.stringify(alert.action) : undefined)),
  row.text('state', ({ resolvedAt }) => (resolvedAt === undefined ? 'open' : 'resolved')),
  // Through milliseconds it would lose its microseconds.
  row.numeric('resolved_at', ({ resolvedAt }) => resolvedAt),
  row.numeric('expires_at', ({ expiresAt }) => expiresAt),
  row.bigint('log_offset', ({ offset }) => offset),
  row.text('origin', ({ alert }) => JSON.stringify(alert.origin)),
]

const ending = columnsOf<Ending>()
const ENDING = [
  ending.text('alert_key', ({ alertKey }) => alertKey),
  ending.bigint('log_offset', ({ offset }) => offset),
  ending.numeric('resolved_at', ({ resolvedAt }) => resolvedAt),
  ending.numeric('expires_at', ({ expiresAt }) => expiresAt),
]

/** The first seven parameters are the move's, the next four the sieve's. */
const FIRST_ROW = 12
const FIRST_ENDING = FIRST_ROW + ROW.length
const CHANNELS = FIRST_ENDING + ENDING.length
const IS_LATE = CHANNELS + 1

const instant = (column: string): string => `timestamptz 'epoch' + u.${column} * interval '1 microsecond'`

const CASTS: Readonly<Record<string, string>> = {
  key: 'u.key::jsonb',
  fields: 'u.fields::jsonb',
  evidence: 'u.evidence::jsonb',
  action: 'u.action::jsonb',
  origin: 'u.origin::jsonb',
  rule_version: 'u.rule_version::int',
  resolves: 'u.resolves::boolean',
  resolved_at: instant('resolved_at'),
  expires_at: instant('expires_at'),
}

/** The outbox is filled from what was inserted, not from what was offered: an alert that stood there is not told again. */
const TEXT = `
with ${MOVED},
${SEEN},
put as (
  insert into public.alerts (${namesOf(ROW)}, partition)
  select ${ROW.map(({ name }) => CASTS[name] ?? `u.${name}`).join(', ')}, moved.part
    from moved, ${unnested(ROW, FIRST_ROW)}
  on conflict do nothing
  returning alert_id, alert_key, action, log_offset
),
ended as (
  update public.alerts a
     set expires_at = coalesce(a.expires_at, e.expires),
         state = case when e.resolved < coalesce(a.expires_at, e.expires, 'infinity') then 'resolved' else a.state end,
         resolved_at = case when e.resolved < coalesce(a.expires_at, e.expires, 'infinity') then e.resolved end
    from moved,
         (select u.alert_key, u.log_offset, ${instant('resolved_at')} as resolved, ${instant('expires_at')} as expires
            from ${unnested(ENDING, FIRST_ENDING)}) e
   where a.alert_key = e.alert_key and a.partition = moved.part and a.log_offset < e.log_offset and a.state <> 'resolved'
     and (a.expires_at is null or e.resolved < a.expires_at)
),
sending as (
  insert into ingest.alert_outbox (kind, channel, alert_id, alert_key)
  select 'message', c.name, put.alert_id, put.alert_key
    from put cross join unnest($${CHANNELS}::text[]) with ordinality c (name, rank)
   order by put.log_offset, c.rank
),
acting as (
  insert into ingest.alert_outbox (kind, channel, alert_id, alert_key)
  select 'action', coalesce(put.action ->> 'target', put.action ->> 'command', ''), put.alert_id, put.alert_key
    from put where put.action is not null and not $${IS_LATE}::boolean
   order by put.log_offset
)
select (select count(*)::int from moved) as moved, (select count(*)::int from put) as stored`

/**
 * Alerts to their table, each once, and with it what is to be sent to each channel and done. Those of rules are sieved by
 * origin, those of services by their id alone.
 */
export const alertsSink = (
  topic: string,
  decoder: Decoder<WrittenAlert>,
  channels: readonly string[],
  passMs: number = PASS_MS,
): Sink<WrittenAlert, OriginMemory> => ({
  consumer: CONSUMER,
  topic,
  decoder,
  faultOf: alertFault,
  recall: (database, slot) => recallOrigins(database, CONSUMER, slot),
  fresh(memory, entries) {
    const ofRules = entries.flatMap((entry) =>
      entry.value.origin === undefined ? [] : [{ origin: entry.value.origin, entry }],
    )
    const firsts = new Set(siftOrigins(memory, ofRules).fresh.map(({ entry }) => entry))
    return entries.filter((entry) => entry.value.origin === undefined || firsts.has(entry))
  },
  statement: (move, entries) => alertsStatement(move, entries, originsIn(entries), channels, passMs),
  adopt(memory, entries) {
    for (const origin of originsIn(entries)) memory.set(originKey(origin), origin)
  },
})

/**
 * Rows, outbox, what the sieve has `seen` and the offset, together or not at all. `channels` `undefined`: of what comes late, and is
 * stored only: nobody is told, nothing is done.
 */
export function alertsStatement(
  move: Move,
  entries: readonly Entry<WrittenAlert>[],
  seen: readonly Origin[],
  channels: readonly string[] | undefined,
  passMs: number = PASS_MS,
): Statement {
  const { rows, endings } = alertRows(entries, passMs)
  return {
    name: CONSUMER,
    text: TEXT,
    query_timeout: DEADLINE_MS,
    values: [
      ...moveValues(move),
      ...originColumns(seen),
      ...ROW.map(({ arrayOf }) => arrayOf(rows)),
      ...ENDING.map(({ arrayOf }) => arrayOf(endings)),
      textArray(channels ?? []),
      channels === undefined,
    ],
  }
}

const originsIn = (entries: readonly Entry<WrittenAlert>[]): readonly Origin[] =>
  entries.flatMap(({ value: { origin } }) => (origin === undefined ? [] : [origin]))
