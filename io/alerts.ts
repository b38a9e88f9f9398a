import { readMatcher, type Matcher, type Silence } from '../core/silence.ts'
import type { openPool } from './postgres.ts'

/** As `api_rw` or `ingest_rw`. */
type Database = Pick<ReturnType<typeof openPool>, 'query'>

/** Puts an act of a person on record, as `Announcer.event` does. */
export type Audit = (event: {
  readonly kind: 'COMMAND'
  readonly message: string
  readonly details: Readonly<Record<string, string>>
}) => void

/** `done`: now. `before`: it was acknowledged or resolved already, nothing changed. */
export type Acknowledged = 'done' | 'before' | 'unknown-alert'

/** Acknowledges an open alert: somebody has seen it. It is resolved all the same when it ends. */
export async function acknowledge(
  database: Database,
  alertId: string,
  by: string,
  audit: Audit,
  comment?: string,
): Promise<Acknowledged> {
  const { rows } = await database.query<{ changed: boolean }>(
    `with found as (select alert_id from public.alerts where alert_id = $1),
          changed as (update public.alerts set state = 'acknowledged', acked_by = $2, acked_at = clock_timestamp(), ack_comment = $3
                       where alert_id = $1 and state = 'open' returning 1)
     select exists (select from changed) as changed from found`,
    [alertId, by, comment ?? null],
  )
  const [row] = rows
  if (row === undefined) return 'unknown-alert'
  if (!row.changed) return 'before'
  audit({
    kind: 'COMMAND',
    message: `alert ${alertId} acknowledged by ${by}`,
    details: { audit: 'alert_acknowledged', alertId, by, ...(comment === undefined ? {} : { comment }) },
  })
  return 'done'
}

export type NewSilence = {
  readonly matcher: Matcher
  readonly from: Date
  readonly until: Date
  readonly author: string
  readonly comment: string
}

/** Adds a silence and answers its number. `until` must be after `from`: PostgreSQL refuses others (23514). */
export async function addSilence(database: Database, silence: NewSilence, audit: Audit): Promise<number> {
  const { matcher, from, until, author, comment } = silence
  const { rows } = await database.query<{ id: string }>(
    `insert into public.silences (matcher, starts_at, ends_at, author, comment)
     values ($1, $2, $3, $4, $5) returning silence_id as id`,
    [JSON.stringify(matcher), from, until, author, comment],
  )
  const id = Number(rows[0]?.id)
  audit({
    kind: 'COMMAND',
    message: `silence ${id} added by ${author}`,
    details: {
      audit: 'silence_added',
      silenceId: String(id),
      by: author,
      matcher: JSON.stringify(matcher),
      from: from.toISOString(),
      until: until.toISOString(),
      comment,
    },
  })
  return id
}

/** Ends a silence that is in force or yet to come; `false`: there is none of that number, or it is over. */
export async function endSilence(database: Database, silenceId: number, by: string, audit: Audit): Promise<boolean> {
  // One that has not begun ends as it begins: an interval is never empty.
  const { rowCount } = await database.query(
    `update public.silences
        set ends_at = greatest(clock_timestamp(), starts_at + interval '1 microsecond'),
            ended_by = $2, ended_at = clock_timestamp()
      where silence_id = $1 and ends_at > clock_timestamp() and ended_by is null`,
    [silenceId, by],
  )
  if (rowCount !== 1) return false
  audit({
    kind: 'COMMAND',
    message: `silence ${silenceId} ended by ${by}`,
    details: { audit: 'silence_ended', silenceId: String(silenceId), by },
  })
  return true
}

/** Silences in force, oldest first. What cannot be read silences nothing. */
export async function silencesInForce(database: Database): Promise<readonly Silence[]> {
  const { rows } = await database.query<{ id: string; matcher: unknown; from: string; until: string }>(
    `select silence_id as id, matcher, extract(epoch from starts_at) * 1000 as from, extract(epoch from ends_at) * 1000 as until
       from public.silences where starts_at <= clock_timestamp() and ends_at > clock_timestamp() order by silence_id`,
  )
  return rows.flatMap(({ id, matcher: value, from, until }) => {
    const read = readMatcher(value)
    if ('problem' in read) return []
    return [{ silenceId: Number(id), matcher: read.matcher, fromMs: Number(from), untilMs: Number(until) }]
  })
}
