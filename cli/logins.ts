import { randomBytes } from 'node:crypto'
import { ensureLogin, ensureMember } from '../io/postgres-admin.ts'
import type { DatabaseRole } from '../io/postgres.ts'
import type { Role } from './roles.ts'

const LOGINS: readonly (readonly [Role, DatabaseRole])[] = [
  ['consumers', 'ingest_rw'],
  ['api', 'api_rw'],
]

/**
 * Gives each role of the pipeline a login of its own on the embedded PostgreSQL, with a password that lives as long as this
 * run. Answers the address by role: whoever breaks into the API holds a login that can read what it shows, change rules and
 * acknowledge alerts, and nothing else.
 */
export async function roleLogins(database: string): Promise<(role: Role) => string> {
  const addresses = new Map<Role, string>()
  for (const [role, login] of LOGINS) {
    const password = randomBytes(16).toString('hex')
    await ensureLogin(database, login, password)
    const address = new URL(database)
    address.username = login
    address.password = password
    addresses.set(role, address.href)
  }
  // It reads as one that cannot write at all.
  await ensureMember(database, 'api_rw', 'api_ro')
  return (role) => addresses.get(role) ?? database
}
