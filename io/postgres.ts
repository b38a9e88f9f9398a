import { Pool } from 'pg'
import type { Log } from './log.ts'

/** Roles that the migrations create; every pool works as one of them, whatever user it logged in as. */
export type DatabaseRole = 'ingest_rw' | 'api_ro' | 'api_rw' | 'migrator'

const SETTINGS: Record<DatabaseRole, readonly string[]> = {
  // A writer that is paused inside a transaction must not hold its locks; these bounds are those of reliability.md section 4.
  ingest_rw: [
    'idle_in_transaction_session_timeout=5s',
    'statement_timeout=10s',
    'lock_timeout=2s',
    'synchronous_commit=off',
  ],
  api_ro: ['default_transaction_read_only=on', 'statement_timeout=2s'],
  // Documents: what was answered with 200 is there after a crash.
  api_rw: [
    'idle_in_transaction_session_timeout=5s',
    'statement_timeout=5s',
    'lock_timeout=2s',
    'synchronous_commit=on',
  ],
  migrator: [],
}

/** The server ends a statement of `api_ro` after 2 s; if it does not even say so, the connection is dead. */
const READ_TIMEOUT: Partial<Record<DatabaseRole, number>> = { api_ro: 4000, api_rw: 8000 }

/**
 * A pool of connections as one role. NUMERIC and BIGINT come as text (they do not fit a double).
 * Errors of idle connections are logged, not thrown: the next query meets them.
 */
export function openPool(url: string, role: DatabaseRole, log: Log, max = 10): Pool {
  const options = [`role=${role}`, 'timezone=UTC', ...SETTINGS[role]].map((setting) => `-c ${setting}`).join(' ')
  const pool = new Pool({
    connectionString: url,
    max,
    options,
    application_name: `crosstide ${role}`,
    keepAlive: true,
    connectionTimeoutMillis: 5000,
    ...(READ_TIMEOUT[role] === undefined ? {} : { query_timeout: READ_TIMEOUT[role] }),
  })
  pool.on('error', (error) => log.warn({ err: error }, 'database_connection_lost'))
  return pool
}
