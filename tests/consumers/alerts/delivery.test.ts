import { describe, expect, test } from 'vitest'
import { decideActions } from '../../../consumers/alerts/decide-actions.ts'
import { deliveryOf, retryMs } from '../../../consumers/alerts/delivery.ts'
import type { Answer } from '../../../io/outgoing/post.ts'

describe('an answer', () => {
  const answered = (status: number, change: Partial<Extract<Answer, { readonly kind: 'answered' }>> = {}) =>
    deliveryOf({ kind: 'answered', status, body: '', retryAfterMs: undefined, ...change })

  test.each([
    [200, 'sent'],
    [204, 'sent'],
    [301, 'refused'],
    [400, 'refused'],
    [401, 'failed'],
    [403, 'failed'],
    [404, 'failed'],
    [413, 'refused'],
    [422, 'refused'],
    [429, 'failed'],
    [500, 'unknown'],
    [502, 'unknown'],
    [503, 'failed'],
    [504, 'unknown'],
  ])('of %i means: %s', (status, kind) => expect(answered(status).kind).toBe(kind))

  test.each([
    ['forbidden', 'refused'],
    ['unreached', 'failed'],
    ['unknown', 'unknown'],
  ] as const)('that is %s means: %s', (kind, means) =>
    expect(deliveryOf({ kind, reason: 'why' })).toEqual({ kind: means, reason: 'why' }),
  )

  test('says by header, else by body, when to come again', () => {
    expect(answered(429, { retryAfterMs: 7000, body: '{"retry_after": 3}' })).toMatchObject({ afterMs: 7000 })
    expect(answered(429, { body: '{"parameters":{"retry_after": 3}}' })).toMatchObject({ afterMs: 3000 })
    expect(answered(429, { body: '{"retry_after": 0.3012}' })).toMatchObject({ afterMs: 302 })
    expect(answered(429, { body: 'soon' })).toMatchObject({ afterMs: undefined })
    expect(answered(503, { retryAfterMs: 1000 })).toMatchObject({ kind: 'failed', afterMs: 1000 })
  })
})

describe('the next attempt', () => {
  test('comes after 1, 2, 4 … s, at most 5 min, half of it by chance', () => {
    expect([1, 2, 3, 9, 10, 15].map((attempts) => retryMs(attempts, 1, undefined))).toEqual([
      1000, 2000, 4000, 256_000, 300_000, 300_000,
    ])
    expect([1, 2, 15].map((attempts) => retryMs(attempts, 0, undefined))).toEqual([500, 1000, 150_000])
  })

  test('never comes before the other side wants it, who may not want it for more than an hour', () => {
    expect(retryMs(1, 0, 60_000)).toBe(60_000)
    expect(retryMs(10, 1, 1000)).toBe(300_000)
    expect(retryMs(1, 0, 86_400_000)).toBe(3_600_000)
  })
})

describe('actions', () => {
  const NOW = 1_800_000_000_000
  const one = (ruleId: string, attempts = 0, notBeforeMs?: number) => ({
    ruleId,
    attempts,
    notBeforeMs,
  })
  const decided = (waiting: readonly ReturnType<typeof one>[], begun: readonly (readonly [string, number])[] = []) => {
    const { messages, limited } = decideActions(2, { nowMs: NOW, waiting, begun: new Map(begun) })
    const indices = (all: readonly ReturnType<typeof one>[]) => all.map((item) => waiting.indexOf(item))
    return {
      done: indices(messages.flat()),
      limited: indices(limited),
      alone: messages.every(({ length }) => length === 1),
    }
  }

  test('are done alone, in their order, so many a minute of each rule', () => {
    expect(decided([one('a'), one('b'), one('a'), one('a')])).toEqual({ done: [0, 1, 2], limited: [3], alone: true })
    expect(decided([one('a'), one('a'), one('b')], [['a', 1]])).toEqual({ done: [0, 2], limited: [1], alone: true })
    expect(decided([one('a')], [['a', 2]])).toEqual({ done: [], limited: [0], alone: true })
  })

  test('that were begun are finished, whatever came of their rule since', () => {
    expect(decided([one('a', 1)], [['a', 9]])).toEqual({ done: [0], limited: [], alone: true })
  })

  test('wait while their target asks for it', () => {
    expect(decided([one('a', 1, NOW + 1), one('b')])).toEqual({ done: [], limited: [], alone: true })
    expect(decided([one('a', 1, NOW), one('b')])).toEqual({ done: [0, 1], limited: [], alone: true })
  })
})
