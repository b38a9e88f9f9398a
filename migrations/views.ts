import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql, type Kysely } from 'kysely'
import type { Log } from '../io/log.ts'

/** Files of `sql/`, each the view of its name, in the order of who reads whom. */
const VIEWS = [
  'log_identity',
  'sink_positions',
  'last_trades',
  'latest_prices',
  'best_quotes',
  'market_summary_24h',
  'candles_5m',
  'candles_15m',
  'candles_1h',
  'candles_1d',
  'binance_data',
  'opportunity_stats',
  'rule_stats',
  'exchange_quality',
  'crypto_combined_data',
  'view_ages',
  'control_documents',
] as const

/**
 * Makes the views of `sql/*.sql`. They hold no rows of their own, so no migration: if a file has changed since, all views
 * are dropped and made anew in one transaction; else nothing is touched.
 */
export async function applyViews(db: Kysely<unknown>, log: Log): Promise<void> {
  const wanted = VIEWS.map((view) => {
    const text = readFileSync(new URL(`../sql/${view}.sql`, import.meta.url), 'utf8')
    return { view, text, hash: createHash('sha256').update(text).digest('hex') }
  })
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('crosstide views', 0))`.execute(trx)
    await sql.raw(BOOKKEEPING_COMMENTS).execute(trx)
    const { rows } = await sql<{ view: string; hash: string }>`select view, hash from ingest.view_sources`.execute(trx)
    const found = new Map(rows.map(({ view, hash }) => [view, hash]))
    const unchanged = found.size === wanted.length && wanted.every(({ view, hash }) => found.get(view) === hash)
    if (unchanged) return
    for (const view of [...VIEWS].toReversed()) await sql.raw(dropView(view)).execute(trx)
    for (const { view, text, hash } of wanted) {
      await sql.raw(text).execute(trx)
      await sql.raw(`grant select on public.${view} to api_ro, ingest_rw, api_rw`).execute(trx)
      await sql`insert into ingest.view_sources (view, hash) values (${view}, ${hash})
                on conflict (view) do update set hash = excluded.hash, applied_at = now()`.execute(trx)
    }
    log.info({ views: VIEWS }, 'views_applied')
  })
}

/** A view may have been materialised under its former text, or the reverse. */
const dropView = (view: string): string => `
do $$ begin
  if exists (select from pg_matviews where schemaname = 'public' and matviewname = '${view}') then
    drop materialized view public.${view};
  else
    drop view if exists public.${view};
  end if;
end $$`

/** Kysely makes these two tables itself. */
const BOOKKEEPING_COMMENTS = `
comment on table ingest.kysely_migration is 'Migrations that were applied (bookkeeping of kysely).';
comment on column ingest.kysely_migration.name is 'Name of the migration.';
comment on column ingest.kysely_migration.timestamp is 'When it was applied.';
comment on table ingest.kysely_migration_lock is 'Lock of the migrator (bookkeeping of kysely).';
comment on column ingest.kysely_migration_lock.id is 'Name of the lock.';
comment on column ingest.kysely_migration_lock.is_locked is 'Not used on PostgreSQL, which has advisory locks.';
`
