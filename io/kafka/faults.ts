import { PipelineError } from '../../core/errors.ts'

/**
 * What the writer does with a rejected send.
 *
 * - `resend`: an outage; keep the batch, back off, new producer, send the same bytes again.
 * - `renew`: the producer's sequence is lost; the same without the back-off.
 * - `isolate`: one record is to blame; halve the batch until it is alone, then a dead letter.
 * - `await-topic`: the topic is unknown; other topics go on, this one has 30 s to appear.
 * - `refuse`: only an operator can help.
 */
export type SendDecision = 'resend' | 'renew' | 'isolate' | 'await-topic' | 'refuse'

/** Errors by their protocol type, or by their class name where kafkajs made them itself. All others: `renew`. */
const SEND = {
  KafkaJSConnectionError: 'resend',
  KafkaJSConnectionClosedError: 'resend',
  KafkaJSRequestTimeoutError: 'resend',
  KafkaJSBrokerNotFound: 'resend',
  KafkaJSNoBrokerAvailableError: 'resend',
  KafkaJSMetadataNotLoaded: 'resend',
  KafkaJSLockTimeout: 'resend',
  REQUEST_TIMED_OUT: 'resend',
  NETWORK_EXCEPTION: 'resend',
  NOT_ENOUGH_REPLICAS: 'resend',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'resend',
  NOT_LEADER_FOR_PARTITION: 'resend',
  LEADER_NOT_AVAILABLE: 'resend',
  BROKER_NOT_AVAILABLE: 'resend',
  KAFKA_STORAGE_ERROR: 'resend',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'renew',
  DUPLICATE_SEQUENCE_NUMBER: 'renew',
  UNKNOWN_PRODUCER_ID: 'renew',
  INVALID_PRODUCER_EPOCH: 'renew',
  PRODUCER_FENCED: 'renew',
  KAFKAJS_UNKNOWN_ERROR_CODE: 'renew',
  MESSAGE_TOO_LARGE: 'isolate',
  RECORD_LIST_TOO_LARGE: 'isolate',
  INVALID_TIMESTAMP: 'isolate',
  INVALID_RECORD: 'isolate',
  UNKNOWN_TOPIC_OR_PARTITION: 'await-topic',
  INVALID_TOPIC_EXCEPTION: 'refuse',
  TOPIC_AUTHORIZATION_FAILED: 'refuse',
  CLUSTER_AUTHORIZATION_FAILED: 'refuse',
} as const satisfies Readonly<Record<string, SendDecision>>

/** Topic errors that kafkajs would repeat for ever, for all topics of a producer together. */
export const TOPIC_ERRORS: readonly string[] = [
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
]

type Known = keyof typeof SEND
const isKnown = (name: string): name is Known => Object.hasOwn(SEND, name)

/** Total: an error nobody foresaw makes a new producer, and the batch is sent again. */
export function decideSend(error: unknown): { readonly decision: SendDecision; readonly fault: string } {
  const names = faultNames(error)
  const known = names.find(isKnown)
  return known === undefined
    ? { decision: 'renew', fault: names[0] ?? 'unknown' }
    : { decision: SEND[known], fault: known }
}

/**
 * Why a consumer crashed.
 *
 * - `out-of-range`: the position is not in the log; fatal, an operator decides.
 * - `outage`: the broker was away; a new consumer as often as it takes.
 * - `defect`: anything else; a new consumer once, then the process.
 */
export type CrashKind = 'out-of-range' | 'outage' | 'defect'

export function kindOfCrash(error: unknown): CrashKind {
  if (faultNames(error).includes('OFFSET_OUT_OF_RANGE')) return 'out-of-range'
  return isTransient(error) ? 'outage' : 'defect'
}

/** Whether the same request may succeed later by itself. kafkajs wraps what it gave up on, so the first cause decides. */
export function isTransient(error: unknown): boolean {
  if (error instanceof PipelineError) return error.retriable
  const first = causes(error).at(-1)
  return first instanceof Error && 'retriable' in first && first.retriable === true
}

/** Protocol types and class names along the causes, outermost first; wrappers that say nothing are left out. */
export function faultNames(error: unknown): readonly string[] {
  return causes(error).flatMap((one) => {
    if (!(one instanceof Error)) return []
    const type = 'type' in one && typeof one.type === 'string' ? [one.type] : []
    return WRAPPERS.has(one.name) ? type : [...type, one.name]
  })
}

const WRAPPERS = new Set([
  'Error',
  'KafkaJSError',
  'KafkaJSNonRetriableError',
  'KafkaJSProtocolError',
  'KafkaJSNumberOfRetriesExceeded',
])

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  for (let one = error; one !== undefined && chain.length < 10; one = one instanceof Error ? one.cause : undefined)
    chain.push(one)
  return chain
}

export const topicMissing = (topic: string, cause: unknown): PipelineError =>
  new PipelineError(
    'TOPIC_MISSING',
    `the topic ${topic} does not exist or is closed to us (${faultNames(cause)[0] ?? 'no such partition'}); run: crosstide bootstrap`,
    { cause },
  )

export const unavailable = (what: string, cause: unknown): PipelineError =>
  new PipelineError('KAFKA_UNAVAILABLE', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
    retriable: true,
  })
