import type { openPool } from './postgres.ts'

type Pool = ReturnType<typeof openPool>

/** A connection that holds a lock of the database: while it answers, nobody else holds it. */
export type Held = {
  readonly connection: Pick<Pool, 'query'>
  /** Closes the connection, and with it goes the lock. */
  release(): void
}

/**
 * Takes a lock of the whole database (`pg_try_advisory_lock`), or answers `undefined` at once if somebody has it. It lives
 * as long as its connection: a holder that is killed loses it at once, one that is paused when it has asked nothing on the
 * connection for `silentMs`.
 */
export async function tryLock(pool: Pool, lock: number, silentMs: number): Promise<Held | undefined> {
  const client = await pool.connect()
  // The pool hears only of idle connections; who holds this one is told by its next query.
  const ignore = (): void => undefined
  client.on('error', ignore)
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock])
    if (rows[0]?.held === true) {
      await client.query(`select set_config('idle_session_timeout', $1, false)`, [String(silentMs)])
      return { connection: client, release: () => client.release(true) }
    }
  } catch (error) {
    client.release(true)
    throw error
  }
  client.off('error', ignore)
  client.release()
  return undefined
}
