import { PipelineError } from '../core/errors.ts'
import type { Diagnostic } from '../core/rules/diagnostic.ts'

/** Every way a request fails: status, what it means, what to do. `type` of a problem document links into this table. */
export const PROBLEMS = {
  BAD_REQUEST: [400, 'The request could not be read', 'Send well-formed HTTP; a body must be JSON.'],
  BAD_PARAMETER: [400, 'A parameter is unknown or has no valid value', 'Mend the parameters that `detail` names.'],
  BAD_CURSOR: [400, 'The cursor is not one of ours', 'Follow the `next` link of the page before, unchanged.'],
  UNAUTHORIZED: [
    401,
    'A key is needed and was not given, or is none of ours',
    'Send the header Authorization: Bearer KEY.',
  ],
  FORBIDDEN: [403, 'This key may only read', 'Use one that CROSSTIDE_API_KEYS lists with :write.'],
  NOT_FOUND: [404, 'There is nothing at this path', 'GET / lists what there is.'],
  UNKNOWN_SYMBOL: [404, 'No exchange has shown this symbol yet', 'GET /api/v1/prices lists the known ones.'],
  UNKNOWN_SIGNAL: [404, 'There is no such signal, or none any more', 'GET /api/v1/signals lists those of 30 days.'],
  UNKNOWN_RULE: [404, 'There is no such rule, or no such version of it', 'GET /api/v1/rules lists the rules.'],
  UNKNOWN_MATCH: [404, 'There is no such match, or none any more', 'GET /api/v1/matches lists those of 30 days.'],
  UNKNOWN_ALERT: [404, 'There is no such alert, or none any more', 'GET /api/v1/alerts lists those of 90 days.'],
  UNKNOWN_SILENCE: [404, 'There is no such silence', 'GET /api/v1/silences lists them.'],
  METHOD_NOT_ALLOWED: [405, 'The path exists, the method does not', 'Use one that the Allow header names.'],
  REQUEST_TIMEOUT: [
    408,
    'The request did not arrive in time',
    'Send headers within 5 s, the whole request within 10 s.',
  ],
  CONFLICT: [
    409,
    'It is not as this change supposes, or somebody else changes it just now',
    'Read it again; where another is at work, try again.',
  ],
  CHANGED_MEANWHILE: [412, 'The document is not the one you have read', 'Read it again and send its ETag as If-Match.'],
  BODY_TOO_LARGE: [413, 'The body is larger than 100 kB', 'Send less.'],
  URI_TOO_LONG: [414, 'The address is longer than 8 kB', 'No address of ours is: follow the links.'],
  NOT_JSON: [415, 'The body is no JSON', 'Send the header Content-Type: application/json.'],
  MISDIRECTED: [
    421,
    'Without keys we answer under the names of this machine only',
    'Ask 127.0.0.1 or localhost, or set CROSSTIDE_API_KEYS.',
  ],
  INVALID_RULE: [422, 'The rule cannot be used', 'Mend what `diagnostics` names, each by its place in the document.'],
  RULES_TOO_LARGE: [
    422,
    'All active rules together are too much for a record of the log, or for memory',
    'Deactivate some.',
  ],
  KEY_REUSED: [422, 'This Idempotency-Key was sent with another request', 'Make a new key for a new request.'],
  PRECONDITION_REQUIRED: [428, 'A change needs to say what it changes', 'Send the ETag you have read as If-Match.'],
  TOO_MANY_REQUESTS: [429, 'Too many requests with this key or from this address', 'Wait as long as Retry-After says.'],
  INTERNAL: [500, 'We failed', 'Try again; if it persists, report the request id.'],
  DATABASE_UNAVAILABLE: [503, 'PostgreSQL does not answer', 'Try again; /readyz says what is wrong.'],
  LOG_UNAVAILABLE: [503, 'Kafka does not answer, or not in time', 'Try again; /readyz says what is wrong.'],
  TRIAL_FAILED: [503, 'The rule could not be tried in time', 'Ask for a shorter range or fewer records.'],
  QUERY_TIMEOUT: [503, 'PostgreSQL took longer than 2 s', 'Ask for less, or try again later.'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string, remedy: string]>>

export type ProblemCode = keyof typeof PROBLEMS

/** A problem document of RFC 9457. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly instance: string
  readonly requestId: string
  /** Of a document: everything that is wrong with it, and where. */
  readonly diagnostics: readonly Diagnostic[] | undefined
}

/** A failure with a status; thrown in a route, turned into a problem document by the app. */
export class HttpFailure extends Error {
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly diagnostics: readonly Diagnostic[] | undefined

  constructor(code: ProblemCode, detail?: string, diagnostics?: readonly Diagnostic[]) {
    super(detail ?? PROBLEMS[code][1])
    this.name = 'HttpFailure'
    this.code = code
    this.detail = detail
    this.diagnostics = diagnostics
  }
}

export const problemOf = (failure: HttpFailure, instance: string, requestId: string): Problem => ({
  type: `/errors#${failure.code}`,
  title: PROBLEMS[failure.code][1],
  status: PROBLEMS[failure.code][0],
  code: failure.code,
  detail: failure.detail,
  instance,
  requestId,
  diagnostics: failure.diagnostics,
})

/**
 * What a thrown value means for the client. Nothing of an unexpected error's text leaves the process: it may quote the
 * query or an address.
 */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error
  if (error instanceof PipelineError) return new HttpFailure(LOG_CODES.has(error.code) ? 'LOG_UNAVAILABLE' : 'INTERNAL')
  const { code, status } = fieldsOf(error)
  if (code === '57014') return new HttpFailure('QUERY_TIMEOUT')
  if (typeof code === 'string' && UNAVAILABLE.test(code)) return new HttpFailure('DATABASE_UNAVAILABLE')
  if (
    error instanceof Error &&
    /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout)/.test(error.message)
  )
    return new HttpFailure('DATABASE_UNAVAILABLE')
  // What express and its parsers throw carries a status.
  if (status === 413) return new HttpFailure('BODY_TOO_LARGE')
  // Of the client's own text it quotes a few letters.
  if (error instanceof SyntaxError && status === 400)
    return new HttpFailure('BAD_REQUEST', `the body is no JSON: ${error.message.slice(0, 200)}`)
  if (typeof status === 'number' && status >= 400 && status < 500) return new HttpFailure('BAD_REQUEST')
  return new HttpFailure('INTERNAL')
}

const LOG_CODES: ReadonlySet<string> = new Set(['KAFKA_UNAVAILABLE', 'TOPIC_MISSING', 'OFFSET_OUT_OF_RANGE'])

/** SQLSTATE classes of outages (reliability.md section 4) and Node's codes of a broken connection. */
const UNAVAILABLE = /^(08|53|57P|58)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/

function fieldsOf(error: unknown): { readonly code: unknown; readonly status: unknown } {
  if (typeof error !== 'object' || error === null) return { code: undefined, status: undefined }
  return { code: 'code' in error ? error.code : undefined, status: 'status' in error ? error.status : undefined }
}
