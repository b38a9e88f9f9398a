import { Client, escapeIdentifier } from 'pg'
import { PipelineError } from '../core/errors.ts'
import type { DatabaseRole } from './postgres.ts'

/** Settings of a login as the role; pools repeat those they rely on. */
const ROLES: Readonly<Record<DatabaseRole, readonly string[]>> = {
  ingest_rw: ['idle_in_transaction_session_timeout=5s'],
  api_ro: ['default_transaction_read_only=on', 'statement_timeout=2s'],
  api_rw: ['idle_in_transaction_session_timeout=5s'],
  migrator: [],
}

const ATTEMPTS = 10

/**
 * Creates the roles that are missing, lets the present login work as each of them, and gives them the database.
 *
 * Roles belong to the server, not to a database: another database's bootstrap may be doing the same at this moment.
 * Throws DATABASE_REFUSED if this login may not.
 */
export async function ensureRoles(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'crosstide roles',
  })
  // A server that goes away while we are connected is met by the query.
  client.on('error', () => undefined)
  try {
    await client.connect()
    for (const [role, settings] of Object.entries(ROLES)) await ensureRole(client, role, settings)
    await contended(() => client.query(GRANTS))
  } catch (cause) {
    if (!codeOf(cause).startsWith('42')) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const advice = 'bootstrap once as a superuser or as the owner of the database with CREATEROLE'
    throw new PipelineError('DATABASE_REFUSED', `cannot create the database roles: ${reason}; ${advice}`, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Reads before it writes: a second bootstrap changes nothing, so it cannot collide either. */
async function ensureRole(client: Client, role: string, settings: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ settings: string[] | null }>(
    'select rolconfig as settings from pg_roles where rolname = $1',
    [role],
  )
  if (rows.length === 0) await contended(() => client.query(`create role ${escapeIdentifier(role)} login`))
  const missing = settings.filter((setting) => !(rows[0]?.settings ?? []).includes(setting))
  for (const [name, value] of missing.map((setting) => setting.split('='))) {
    await contended(() => client.query(`alter role ${escapeIdentifier(role)} set ${name} = '${value}'`))
  }
  // Since version 16 the creator of a role is a member of it without the right to become it.
  const { rows: versions } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  )
  const right = (versions[0]?.version ?? 0) >= 160_000 ? 'SET' : 'MEMBER'
  const { rows: member } = await client.query<{ member: boolean }>(
    'select pg_has_role(current_user, $1::name, $2) as member',
    [role, right],
  )
  if (member[0]?.member !== true) await contended(() => client.query(`grant ${role} to current_user`))
}

const GRANTS = `
do $$ begin
  execute format('grant connect, create on database %I to migrator', current_database());
  execute format('grant connect on database %I to ingest_rw, api_ro, api_rw', current_database());
end $$;
revoke create on schema public from public;
grant usage, create on schema public to migrator;
grant usage on schema public to ingest_rw, api_ro, api_rw`

/** Two writers of one catalogue row: the second gets an error instead of waiting. */
async function contended(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write()
      return
    } catch (error) {
      const code = codeOf(error)
      // Duplicate object: somebody else created the role.
      if (code === '42710' || code === '23505') return
      if (code !== 'XX000' || attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, attempt * 20))
    }
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
