import type { Log } from '../io/log.ts'
import type { Database } from './database.ts'

export const PARTITIONED = ['trades', 'quotes', 'candles_1s'] as const
export type Partitioned = (typeof PARTITIONED)[number]

const DAYS_AHEAD = 7
/** Records of a minute before midnight may come after it. */
const DAYS_BACK = 1
const DAY_MS = 86_400_000
const ORIGINS_DAYS = 7
const SYSTEM_EVENTS_DAYS = 30
/** As long as their topics keep them; by when they were stored, since a recording's candles are old from the start. */
const DERIVED_DAYS = 30
const ALERTS_DAYS = 90

/** A partition that is there; detached ones are left over from a crash between detaching and dropping. */
export type Existing = { readonly parent: Partitioned; readonly day: string; readonly attached: boolean }
export type PartitionPlan = {
  readonly add: readonly Pick<Existing, 'parent' | 'day'>[]
  readonly drop: readonly Existing[]
}

/** What is missing from yesterday to seven days ahead, and what is older than the retention. Days are `2026-11-21`, UTC. */
export function partitionPlan(nowMs: number, existing: readonly Existing[], retentionDays: number): PartitionPlan {
  const day = (offset: number): string => new Date(nowMs + offset * DAY_MS).toISOString().slice(0, 10)
  const there = new Set(existing.map((one) => `${one.parent} ${one.day}`))
  const days = Array.from({ length: DAYS_BACK + DAYS_AHEAD + 1 }, (_, index) => day(index - DAYS_BACK))
  const oldest = day(-Math.max(retentionDays, DAYS_BACK))
  return {
    add: PARTITIONED.flatMap((parent) =>
      days.filter((one) => !there.has(`${parent} ${one}`)).map((one) => ({ parent, day: one })),
    ),
    drop: existing.filter((one) => one.day < oldest),
  }
}

/** Makes the partitions of the coming days, drops old ones, forgets what the machinery needs no more. */
export async function maintainPartitions(deps: {
  readonly database: Database
  readonly log: Log
  readonly nowMs: number
  readonly retentionDays: number
}): Promise<PartitionPlan> {
  const { database, log, nowMs, retentionDays } = deps
  const plan = partitionPlan(nowMs, await existingPartitions(database), retentionDays)
  for (const { parent, day } of plan.add) await database.query('select ingest.add_partition($1, $2)', [parent, day])
  for (const { parent, day } of plan.drop) {
    // Two transactions: dropping takes long, and must not hold the lock that detaching needs on the whole table.
    await database.query('select ingest.detach_partition($1, $2)', [parent, day])
    await database.query('select ingest.drop_partition($1, $2)', [parent, day])
  }
  if (plan.add.length > 0 || plan.drop.length > 0) log.info(plan, 'partitions_maintained')
  await forget(database, retentionDays)
  for (const parent of PARTITIONED) {
    const { rows } = await database.query<{ stray: boolean }>(
      `select exists (select from public.${parent}_default) as stray`,
    )
    if (rows[0]?.stray === true) log.warn({ table: `${parent}_default` }, 'default_partition_not_empty')
  }
  return plan
}

async function existingPartitions(database: Database): Promise<readonly Existing[]> {
  const { rows } = await database.query<{ parent: Partitioned; day: string; attached: boolean }>(`
    select left(relname, -9) as parent, to_char(to_date(right(relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day,
           relispartition as attached
      from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname ~ '^(${PARTITIONED.join('|')})_\\d{8}$'
     order by relname`)
  return rows
}

async function forget(database: Database, retentionDays: number): Promise<void> {
  const old = [
    ['ingest.origins', 'updated_at', ORIGINS_DAYS],
    ['public.sessions', 'last_heartbeat', Math.max(retentionDays, ORIGINS_DAYS)],
    ['public.system_events', 'time', SYSTEM_EVENTS_DAYS],
    ['public.services', 'time', 1],
    ['public.candles_1m', 'stored_at', Math.max(retentionDays, DERIVED_DAYS)],
    ['public.opportunities', 'stored_at', Math.max(retentionDays, DERIVED_DAYS)],
    ['public.opportunity_records', 'stored_at', Math.max(retentionDays, DERIVED_DAYS)],
    ['public.matches', 'stored_at', Math.max(retentionDays, DERIVED_DAYS)],
    ['public.alerts', 'stored_at', Math.max(retentionDays, ALERTS_DAYS)],
    ['public.silences', 'ends_at', Math.max(retentionDays, ALERTS_DAYS)],
    ['ingest.rollup_checks', 'checked_at', DERIVED_DAYS],
  ] as const
  for (const [table, column, days] of old) {
    await database.query(`delete from ${table} where ${column} < now() - make_interval(days => $1)`, [days])
  }
}
