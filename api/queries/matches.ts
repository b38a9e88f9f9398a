import { z } from 'zod'
import { MATCH_PHASES, RESOLVE_REASONS, SEVERITIES, type MatchPhase, type Severity } from '../../core/match.ts'
import { FEEDS } from '../../core/tick.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const absent = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)
const told = z.record(text, z.union([text, number, z.boolean(), z.null()]))

const row = z
  .object({
    matchId: text,
    ruleId: text,
    ruleVersion: number,
    ruleSetHash: text,
    shadow: z.boolean(),
    type: text,
    phase: z.enum(MATCH_PHASES),
    reason: optional(z.enum(RESOLVE_REASONS)),
    severity: z.enum(SEVERITIES),
    key: z.record(text, text),
    base: text,
    exchange: optional(text),
    symbol: optional(text),
    at: text,
    feed: z.enum(FEEDS),
    fields: told,
    inputs: told,
    evidence: z.array(
      z.object({
        stream: text,
        offset: number,
        at: number.transform((at) => toIso(micros(at))),
        exchange: absent,
        symbol: absent,
      }),
    ),
    suppressed: number,
    processor: text,
    version: number,
    part: number,
    offset: number,
    ordinal: number,
  })
  .transform(({ processor, version, part: partition, offset, ordinal, evidence, ...match }) => ({
    ...match,
    // What it rests on lies where it was caused: a task reads one partition.
    evidence: evidence.map(({ stream, ...where }) => ({ stream, partition, ...where })),
    origin: { processor, version, partition, offset, ordinal },
  }))

/** A match as readers get it; times are ISO 8601. */
export type MatchRow = z.output<typeof row>

const COLUMNS = `
  match_id as "matchId", rule_id as "ruleId", rule_version as "ruleVersion", rule_set_hash as "ruleSetHash", shadow, type, phase,
  reason, severity, key, base, exchange, symbol, ${iso('at')} as at, feed, fields, inputs, evidence,
  suppressed::float8 as suppressed, processor, origin_version as version, origin_part as part,
  origin_offset::float8 as offset, origin_ordinal as ordinal`

export type MatchesFilter = {
  readonly ruleId: string | undefined
  readonly symbol: string | undefined
  readonly exchange: string | undefined
  readonly severity: Severity | undefined
  readonly phase: MatchPhase | undefined
  readonly from: Micros
  readonly to: Micros
  /** Moment and id of the last one of the page before. */
  readonly after: readonly string[] | undefined
  readonly limit: number
}

/**
 * Matches by their moment, the newest first. What is asked for is in the text, so that the index of the rule, the symbol or the
 * exchange is taken.
 */
export function selectMatches(database: Database, filter: MatchesFilter): Promise<readonly MatchRow[]> {
  const { ruleId, symbol, exchange, severity, phase, from, to, after, limit } = filter
  const equal = { rule_id: ruleId, symbol, exchange, severity, phase }
  const values: unknown[] = [toIso(from), toIso(to), limit]
  const conditions = Object.entries(equal).flatMap(([column, value]) =>
    value === undefined ? [] : [`and ${column} = $${values.push(value)}`],
  )
  const before =
    after === undefined
      ? ''
      : `and (matches.at, match_id) < ($${values.push(after[0])}::timestamptz, $${values.push(after[1])}::text collate "C")`
  return select(
    database,
    row,
    `select ${COLUMNS}
       from public.matches
      where matches.at >= $1::timestamptz
        and matches.at < $2::timestamptz
        ${conditions.join(' ')} ${before}
      order by matches.at desc, match_id desc
      limit $3`,
    values,
  )
}

export async function selectMatch(database: Database, id: string): Promise<MatchRow | undefined> {
  const rows = await select(database, row, `select ${COLUMNS} from public.matches where match_id = $1`, [id])
  return rows[0]
}

/** The newest moment of any match: the present of a recording. */
export async function selectLatestMatch(database: Database): Promise<string | undefined> {
  const rows = await select(
    database,
    z.object({ at: optional(text) }),
    `select ${iso('max(at)')} as at from public.matches`,
    [],
  )
  return rows[0]?.at
}
