import type { Pool } from 'pg'
import type { Standing } from '../core/rules/standing.ts'

export type Rows = Pick<Pool, 'query'>

/** A version of a rule as a key; ids hold no @. */
export const chosen = (id: string, version: number): string => `${id}@${version}`

export type Chosen = { readonly id: string; readonly version: number }

type Row = {
  readonly rule_id: string
  readonly versions: readonly string[]
  readonly hashes: readonly string[]
  readonly active_version: string | null
  readonly previous_version: string | null
  readonly shadow_version: string | null
  readonly deleted: boolean
}

/** How each rule that there ever was stands, by id. */
export async function loadStandings(client: Rows): Promise<ReadonlyMap<string, Standing>> {
  const { rows } = await client.query<Row>(
    `select s.rule_id, s.active_version, s.previous_version, s.shadow_version, s.deleted, v.versions, v.hashes
       from public.rule_states s
       join (select rule_id, array_agg(version::text order by version) as versions, array_agg(hash order by version) as hashes
               from public.rules group by rule_id) v using (rule_id)
      order by s.rule_id`,
  )
  return new Map(
    rows.map(({ rule_id: id, versions, hashes, ...row }) => [
      id,
      {
        id,
        versions: new Map(versions.map((version, at) => [Number(version), hashes[at] ?? ''])),
        active: numberOf(row.active_version),
        previous: numberOf(row.previous_version),
        shadow: numberOf(row.shadow_version),
        isDeleted: row.deleted,
      },
    ]),
  )
}

const numberOf = (text: string | null): number | undefined => (text === null ? undefined : Number(text))

/** Documents of versions, or of all versions of one rule. */
export async function documentsOf(client: Rows, wanted: string | readonly Chosen[]): Promise<readonly unknown[]> {
  const { rows } =
    typeof wanted === 'string'
      ? await client.query<{ document: unknown }>(
          'select document from public.rules where rule_id = $1 order by version',
          [wanted],
        )
      : await client.query<{ document: unknown }>(
          `select r.document
             from public.rules r join unnest($1::text[], $2::bigint[]) as w (rule_id, version) using (rule_id, version)`,
          [wanted.map(({ id }) => id), wanted.map(({ version }) => version)],
        )
  return rows.map(({ document }) => document)
}

/** What versions hold at most in a partition, all together, as it was when they were written. */
export async function stateBytesOf(client: Rows, wanted: readonly Chosen[]): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(
    `select coalesce(sum(r.state_bytes), 0)::float8 as bytes
       from public.rules r join unnest($1::text[], $2::bigint[]) as w (rule_id, version) using (rule_id, version)`,
    [wanted.map(({ id }) => id), wanted.map(({ version }) => version)],
  )
  return rows[0]?.bytes ?? 0
}
