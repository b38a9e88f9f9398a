import type { openPool } from '../io/postgres.ts'

/** A pool of one role, as far as statements need it. */
export type Database = Pick<ReturnType<typeof openPool>, 'query'>

/** One prepared statement; `name` must change with the text. */
export type Statement = {
  readonly name: string
  readonly text: string
  readonly values: (string | number | boolean | Buffer | null)[]
  readonly query_timeout: number
}

/** A server that says nothing for this long is away: beyond its own `statement_timeout` of 10 s. */
export const DEADLINE_MS = 15_000

/**
 * What a failed statement says about its cause: `outage`: the database could not, try the same again; `refused`: it will
 * never take this data; `bug`: neither, so it is ours.
 */
export type Verdict = 'outage' | 'refused' | 'bug'

/**
 * Classes of SQLSTATE (first two characters) and single states that end by themselves: connection, resources, operator
 * intervention, system error; lock, serialisation, deadlock, read-only server, idle timeout.
 */
const OUTAGES = new Set(['08', '53', '57', '58', '55P03', '40001', '40P01', '25006', '25P03'])
const REFUSALS = new Set(['22', '23'])

/** What pg and Node say where the server says nothing. */
const NO_CONNECTION =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)$|Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Query read timeout/

export function verdictOf(error: unknown): Verdict {
  const code = codeOf(error)
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const state = code.slice(0, 2)
    if (OUTAGES.has(code) || OUTAGES.has(state)) return 'outage'
    if (REFUSALS.has(state)) return 'refused'
    // A full disk shows as an internal error where PostgreSQL has no state for it.
    return code === 'XX000' && messageOf(error).includes('could not extend file') ? 'outage' : 'bug'
  }
  return NO_CONNECTION.test(code) || NO_CONNECTION.test(messageOf(error)) ? 'outage' : 'bug'
}

/** SQLSTATE or Node's error code; empty if it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Milliseconds before the next try: full jitter, doubling from 50 ms to 5 s. */
export const backOffMs = (attempt: number, random: number): number => random * Math.min(5000, 50 * 2 ** attempt)
