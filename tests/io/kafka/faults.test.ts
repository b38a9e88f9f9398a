import kafkajs from 'kafkajs'
import errors from 'kafkajs/src/protocol/error.js'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { decideSend, faultNames, isTransient, kindOfCrash } from '../../../io/kafka/faults.ts'
import { LATER_ERRORS } from '../../../io/kafka/error-codes.ts'

const { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } = kafkajs

/** An error answer as kafkajs makes it, by the code of the Kafka protocol guide. */
function answered(code: number): Error {
  const later = LATER_ERRORS.find(([number]) => number === code)
  return later === undefined
    ? errors.createErrorFromCode(code)
    : Object.assign(errors.createErrorFromCode(0), { type: later[1], code, retriable: false })
}

/** As the retry loops of kafkajs wrap what they give up on. */
const wrapped = (cause: Error): Error => Object.assign(new KafkaJSNonRetriableError(cause), { cause })
const exhausted = (cause: Error): Error => new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 100 })

describe('a rejected send', () => {
  test.each([
    [6, 'NOT_LEADER_FOR_PARTITION', 'resend'],
    [7, 'REQUEST_TIMED_OUT', 'resend'],
    [19, 'NOT_ENOUGH_REPLICAS', 'resend'],
    [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'resend'],
    [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'renew'],
    [59, 'UNKNOWN_PRODUCER_ID', 'renew'],
    [47, 'INVALID_PRODUCER_EPOCH', 'renew'],
    [90, 'PRODUCER_FENCED', 'renew'],
    [10, 'MESSAGE_TOO_LARGE', 'isolate'],
    [18, 'RECORD_LIST_TOO_LARGE', 'isolate'],
    [32, 'INVALID_TIMESTAMP', 'isolate'],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'await-topic'],
    [17, 'INVALID_TOPIC_EXCEPTION', 'refuse'],
    [29, 'TOPIC_AUTHORIZATION_FAILED', 'refuse'],
    [31, 'CLUSTER_AUTHORIZATION_FAILED', 'refuse'],
    [12_345, 'KAFKAJS_UNKNOWN_ERROR_CODE', 'renew'],
  ])('with code %i is %s: %s, however it is wrapped', (code, fault, decision) => {
    const error = answered(code)
    for (const one of [error, wrapped(error), exhausted(error), wrapped(wrapped(error))])
      expect(decideSend(one)).toEqual({ decision, fault })
  })

  test('without a connection is sent again', () => {
    const error = new KafkaJSConnectionError('Connection error: refused', { broker: 'b', code: 'ECONNREFUSED' })
    expect(decideSend(exhausted(error)).decision).toBe('resend')
  })

  test.each([undefined, null, 'text', 7, new TypeError('a bug'), new RangeError('the leader moved')])(
    'with the unforeseen %s makes a new producer',
    (error) => expect(decideSend(error).decision).toBe('renew'),
  )
})

describe('a crash of the consumer', () => {
  test('is fatal where the position is not in the log', () =>
    expect(kindOfCrash(wrapped(answered(1)))).toBe('out-of-range'))

  test('is an outage where kafkajs would have tried again', () => {
    expect(kindOfCrash(exhausted(answered(15)))).toBe('outage')
    expect(kindOfCrash(new KafkaJSConnectionError('gone'))).toBe('outage')
  })

  test('is a defect otherwise', () => expect(kindOfCrash(new TypeError('a bug'))).toBe('defect'))
})

test('our own errors say themselves whether they may pass', () => {
  expect(isTransient(new PipelineError('LOG_CHANGED', 'no'))).toBe(false)
  expect(isTransient(new PipelineError('KAFKA_UNAVAILABLE', 'yes', { retriable: true }))).toBe(true)
})

test('a circle of causes ends', () => {
  const error = new TypeError('round')
  error.cause = error
  expect(faultNames(error).length).toBeLessThan(20)
})
