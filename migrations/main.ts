import { Kysely, PostgresDialect } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import type { Log } from '../io/log.ts'
import { ensureRoles } from '../io/postgres-roles.ts'
import { openPool } from '../io/postgres.ts'
import * as ingest from './0001-ingest.ts'
import * as ticks from './0002-ticks.ts'
import * as latest from './0003-latest.ts'
import * as services from './0004-services.ts'
import * as refresh from './0005-refresh.ts'
import * as heartbeats from './0006-heartbeats.ts'
import * as backfill from './0007-backfill.ts'
import * as candles from './0008-candles.ts'
import * as opportunities from './0009-opportunities.ts'
import * as control from './0010-control.ts'
import * as matches from './0011-matches.ts'
import * as alerts from './0012-alerts.ts'
import * as rules from './0013-rules.ts'
import * as alertAcks from './0014-alert-acks.ts'
import * as alertStories from './0015-alert-stories.ts'
import { applyViews } from './views.ts'

/** In the order of their names; a released one is never changed, the next one corrects it. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-ingest': ingest,
  '0002-ticks': ticks,
  '0003-latest': latest,
  '0004-services': services,
  '0005-refresh': refresh,
  '0006-heartbeats': heartbeats,
  '0007-backfill': backfill,
  '0008-candles': candles,
  '0009-opportunities': opportunities,
  '0010-control': control,
  '0011-matches': matches,
  '0012-alerts': alerts,
  '0013-rules': rules,
  '0014-alert-acks': alertAcks,
  '0015-alert-stories': alertStories,
}

/**
 * Brings a database to the present version: roles, numbered migrations, views. Idempotent, and safe to run at the same
 * time from several processes. `url` is a login that may create roles, or one that bootstrap was run for before.
 */
export async function migrate(url: string, log: Log): Promise<void> {
  await ensureRoles(url)
  const pool = openPool(url, 'migrator', log, 2)
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
      migrationTableSchema: 'ingest',
    })
    const { error, results = [] } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
    for (const { migrationName } of results) log.info({ migration: migrationName }, 'migration_applied')
    await applyViews(db, log)
  } finally {
    await db.destroy()
  }
}
