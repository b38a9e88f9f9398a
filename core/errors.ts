/** Every way the pipeline fails exceptionally; the table in ARCHITECTURE.md says what to do for each. */
export type ErrorCode =
  | 'ARCHIVE_DAMAGED'
  | 'ARCHIVE_UNAVAILABLE'
  | 'BAD_CONFIG'
  | 'BAD_ENVIRONMENT'
  | 'DATABASE_MISMATCH'
  | 'DATABASE_REFUSED'
  | 'DIVERGED'
  | 'KAFKA_UNAVAILABLE'
  | 'LOG_CHANGED'
  | 'LOG_TRIMMED'
  | 'OFFSET_OUT_OF_RANGE'
  | 'PORT_BUSY'
  | 'REGISTRY_UNAVAILABLE'
  | 'SCHEMA_REFUSED'
  | 'STACK_FAILED'
  | 'TOPIC_MISSING'
  | 'TOPIC_MISMATCH'
  | 'WRONG_USE'

/**
 * An exceptional failure with a closed code.
 *
 * Expected outcomes are values, never this. `retriable` says whether the same call may succeed later without a human.
 */
export class PipelineError extends Error {
  readonly code: ErrorCode
  readonly retriable: boolean

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retriable?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'PipelineError'
    this.code = code
    this.retriable = options.retriable ?? false
  }
}
