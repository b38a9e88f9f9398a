import { z } from 'zod'
import { SEVERITIES } from '../../core/match.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const STATES = ['pending', 'active', 'ended'] as const

const row = z.object({
  silenceId: number,
  matcher: z.object({
    ruleId: text.optional(),
    type: text.optional(),
    symbol: text.optional(),
    exchange: text.optional(),
    severity: z.enum(SEVERITIES).optional(),
  }),
  state: z.enum(STATES),
  startsAt: text,
  endsAt: text,
  author: text,
  comment: text,
  createdAt: text,
  endedBy: optional(text),
  endedAt: optional(text),
})

export type SilenceRow = z.output<typeof row>

/** One that is ended before it began ends as it begins. */
const STATE = `case when s.ends_at <= clock_timestamp() or s.ended_at is not null then 'ended'
                    when s.starts_at > clock_timestamp() then 'pending' else 'active' end`

const COLUMNS = `s.silence_id::float8 as "silenceId", s.matcher, ${STATE} as state, ${iso('s.starts_at')} as "startsAt",
  ${iso('s.ends_at')} as "endsAt", s.author, s.comment, ${iso('s.created_at')} as "createdAt", s.ended_by as "endedBy", ${iso('s.ended_at')} as "endedAt"`

export type SilencesFilter = {
  readonly state: SilenceRow['state'] | undefined
  /** Number of the last one of the page before. */
  readonly after: string | undefined
  readonly limit: number
}

/** Silences, the newest first. */
export const selectSilences = (
  database: Database,
  { state, after, limit }: SilencesFilter,
): Promise<readonly SilenceRow[]> =>
  select(
    database,
    row,
    `select ${COLUMNS}
       from public.silences s
      where ($1::text is null or ${STATE} = $1)
        and ($2::bigint is null or s.silence_id < $2)
      order by s.silence_id desc
      limit $3`,
    [state, after, limit],
  )

export async function selectSilence(database: Database, id: number): Promise<SilenceRow | undefined> {
  const rows = await select(database, row, `select ${COLUMNS} from public.silences s where s.silence_id = $1`, [id])
  return rows[0]
}
