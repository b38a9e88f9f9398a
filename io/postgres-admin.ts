import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { PipelineError } from '../core/errors.ts'

/** SQLSTATE of what another process did first: duplicate object, duplicate database, a concurrent insert into the catalogue. */
const ALREADY_THERE = new Set(['42710', '42P04', '23505'])

/** Resolves if the server answers a query; rejects with the driver's error. */
export async function pingDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => void (await client.query('SELECT 1')))
}

/** Creates a login role with this password, or gives an existing one the password. */
export async function ensureLogin(url: string, role: string, password: string): Promise<void> {
  await withClient(url, async (client) => {
    const what = `ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(password)}`
    await createUnlessThere(client, `CREATE ${what}`)
    await client.query(`ALTER ${what}`)
  })
}

/** Lets a login work as another role as well. */
export async function ensureMember(url: string, login: string, role: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`GRANT ${escapeIdentifier(role)} TO ${escapeIdentifier(login)}`)
  })
}

/** Creates a database unless it is there; throws DATABASE_REFUSED if this login may not. */
export async function ensureDatabase(url: string, name: string, owner?: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 1) return
    const suffix = owner === undefined ? '' : ` OWNER ${escapeIdentifier(owner)}`
    try {
      await createUnlessThere(client, `CREATE DATABASE ${escapeIdentifier(name)}${suffix}`)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new PipelineError('DATABASE_REFUSED', `cannot create database ${name}: ${reason}`, { cause })
    }
  })
}

async function createUnlessThere(client: Client, statement: string): Promise<void> {
  await client.query(statement).catch((error: unknown) => {
    if (!ALREADY_THERE.has(codeOf(error))) throw error
  })
}

async function withClient(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'crosstide admin',
  })
  // A server that goes away while we are connected is met by the query.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await use(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
