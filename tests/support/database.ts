import { randomBytes } from 'node:crypto'
import { Client, Pool } from 'pg'
import { createLog } from '../../io/log.ts'
import { migrate } from '../../migrations/main.ts'

export type TestDatabase = {
  readonly url: string
  /** As the owner, for looking at everything. */
  readonly pool: Pool
  drop(): Promise<void>
}

export const silentLog = createLog('test', 'silent')

/** A migrated database of its own on the test server; drop it at the end. */
export async function createTestDatabase(server: string, prefix = 'test'): Promise<TestDatabase> {
  const database = await createEmptyDatabase(server, prefix)
  try {
    await migrate(database.url, silentLog)
    return database
  } catch (error) {
    await database.drop()
    throw error
  }
}

/** The same without migrations. */
export async function createEmptyDatabase(server: string, prefix = 'test'): Promise<TestDatabase> {
  const name = `${prefix}_${process.pid}_${randomBytes(4).toString('hex')}`
  await onServer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const pool = new Pool({ connectionString: url.href, max: 4, options: '-c timezone=UTC' })
  // Tests terminate back ends.
  pool.on('error', () => undefined)
  return {
    url: url.href,
    pool,
    async drop() {
      await pool.end()
      await onServer(server, `drop database if exists ${name} with (force)`)
    },
  }
}

async function onServer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
