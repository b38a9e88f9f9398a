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
 * as long as its connection: a holder that is killed loses it, one that is paused keeps it until the server notices.
 */
export async function tryLock(pool: Pool, lock: number): Promise<Held | undefined> {
  const client = await pool.connect()
  // The pool hears only of idle connections; who holds this one is told by its next query.
  const ignore = (): void => undefined
  client.on('error', ignore)
  let isHeld = false
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock])
    isHeld = rows[0]?.held === true
  } catch (error) {
    client.release(true)
    throw error
  }
  if (isHeld) return { connection: client, release: () => client.release(true) }
  client.off('error', ignore)
  client.release()
  return undefined
}
