import kafkajs from 'kafkajs'
import errors from 'kafkajs/src/protocol/error.js'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { createCrashPolicy } from '../../../io/kafka/crash-policy.ts'

const MINUTE = 60_000
/** By the codes of the Kafka protocol guide. */
const missing = errors.createErrorFromCode(3)
const outage = new kafkajs.KafkaJSConnectionError('gone')
const defect = new TypeError('a bug of kafkajs')

function policy() {
  const told: string[] = []
  return { told, ...createCrashPolicy({ topic: 't', groupId: 'g' }, (reason) => told.push(reason)) }
}
const codeOf = (act: () => void): unknown => {
  try {
    act()
    return 'goes on'
  } catch (error) {
    return error instanceof PipelineError ? error.code : error
  }
}

describe('a crash of the consumer', () => {
  test('by a defect is forgiven once; a second one within 5 min ends the reader', () => {
    const reader = policy()
    expect(codeOf(() => reader.crashed(defect, 0))).toBe('goes on')
    expect(codeOf(() => reader.crashed(defect, 5 * MINUTE - 1))).toBe('KAFKA_UNAVAILABLE')
  })

  test('by a defect after 5 min is a first one again', () => {
    const reader = policy()
    for (let n = 0; n < 10; n++) expect(codeOf(() => reader.crashed(defect, n * 5 * MINUTE))).toBe('goes on')
  })

  test('by an outage never ends the reader, and the fifth within 5 min is told', () => {
    const reader = policy()
    for (let n = 0; n < 4; n++) expect(codeOf(() => reader.crashed(outage, n * MINUTE))).toBe('goes on')
    expect(reader.told).toEqual([])
    for (let n = 4; n < 100; n++) expect(codeOf(() => reader.crashed(outage, n * MINUTE))).toBe('goes on')
    expect(reader.told[0]).toBe('the reader of t in g crashed 5 times in 5 min')
  })

  test('by rare outages is not told', () => {
    const reader = policy()
    for (let n = 0; n < 20; n++) reader.crashed(outage, n * 2 * MINUTE)
    expect(reader.told).toEqual([])
  })

  test('because the topic is missing is waited out for 30 s, then named', () => {
    const reader = policy()
    expect(codeOf(() => reader.crashed(missing, 0))).toBe('goes on')
    expect(codeOf(() => reader.crashed(missing, 30_000))).toBe('goes on')
    expect(codeOf(() => reader.crashed(missing, 30_001))).toBe('TOPIC_MISSING')
    expect(() => reader.crashed(missing, 30_001)).toThrow(/topic t .*crosstide bootstrap/)
  })

  test('because the topic is missing counts from anew once a member has joined', () => {
    const reader = policy()
    reader.crashed(missing, 0)
    reader.joined()
    expect(codeOf(() => reader.crashed(missing, 60_000))).toBe('goes on')
    expect(codeOf(() => reader.crashed(missing, 90_001))).toBe('TOPIC_MISSING')
  })
})
