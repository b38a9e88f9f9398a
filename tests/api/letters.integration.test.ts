import { expect, test } from 'vitest'
import { openLetters } from '../../api/letters.ts'
import { failureOf } from '../../api/problem.ts'
import { PipelineError } from '../../core/errors.ts'
import { micros } from '../../core/time.ts'
import type { Ranges } from '../../io/kafka/port.ts'
import { catalogue } from '../../schemas/topics.ts'

const FILTER = { from: micros(1), to: micros(2_000_000), topic: undefined, after: undefined, limit: 10 }
const AWAY = new PipelineError('KAFKA_UNAVAILABLE', 'gone')
/** Longer than the API waits. */
const SILENCE_MS = 5500

test('dead letters without Kafka are a 503 for however many ask, and come again with it', async () => {
  let isAway = true
  let asked = 0
  const bounds: Ranges['bounds'] = async () => {
    if (!isAway) return { first: 0, end: 0 }
    asked += 1
    // The first gets no answer at all, the others a refusal.
    if (asked === 1) await new Promise((resolve) => setTimeout(resolve, SILENCE_MS))
    throw AWAY
  }
  const unasked = (): never => {
    throw new Error('nothing to read')
  }
  const ranges = { bounds, atTime: async () => 0, read: unasked, follow: unasked, close: async () => undefined }
  const letters = openLetters(ranges, catalogue(1))
  const failures = await Promise.all(Array.from({ length: 20 }, () => letters(FILTER).then(() => undefined, failureOf)))
  expect(new Set(failures.map((one) => one?.code))).toEqual(new Set(['LOG_UNAVAILABLE']))
  isAway = false
  await expect
    .poll(() => letters(FILTER).catch(() => undefined), { timeout: 15_000 })
    .toEqual({
      letters: [],
      next: undefined,
    })
})
