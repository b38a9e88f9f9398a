import { describe, expect, test } from 'vitest'
import { closeDelayMs, closeRule } from '../../producers/close-codes.ts'
import { okx } from '../../producers/okx.ts'
import { BTC, aggTrade, eventsOf, harness } from './harness.ts'

/** A feed whose socket is closed with a code, and the seconds until it connects again. */
function closedWith(code: number, random: number, change: Parameters<typeof harness>[0] = {}) {
  const feed = harness({ instruments: [BTC], ...change })
  feed.open()
  feed.frame(aggTrade(1))
  const out = feed.give({ kind: 'closed', time: feed.now(), reason: 'closed', detail: `code ${code}`, random, code })
  const before = feed.now()
  while (feed.wait(0.1, random).every(({ kind }) => kind !== 'connect'));
  return { feed, out, seconds: (feed.now() - before) / 1e6 }
}

describe('a socket that the exchange closes', () => {
  test.each([
    [1000, 0, 0.6],
    [1001, 0, 0.6],
    [1006, 0, 0.6],
    [1011, 0, 0.6],
    [1012, 5, 30.1],
    [1013, 5, 30.1],
    [1008, 30, 60.1],
    [1009, 30, 60.1],
    [4999, 0, 0.6],
  ])('with code %i is opened again after %d to %d s', (code, least, most) => {
    for (const random of [0, 0.5, 0.9999]) {
      const { seconds } = closedWith(code, random)
      expect(seconds).toBeGreaterThanOrEqual(least)
      expect(seconds).toBeLessThanOrEqual(most)
    }
  })

  test('is counted by its code, and the event names it and what it means', () => {
    const { feed, out } = closedWith(1012, 0)
    expect(Object.fromEntries(feed.state.counts.reconnects)).toEqual({ closed_1012: 1 })
    expect(eventsOf(out)).toMatchObject([
      { event: 'DISCONNECTED', details: { reason: 'closed', code: '1012', meaning: 'service restart' } },
    ])
  })

  test('is counted without its code where nobody documents that, so that counters stay few', () => {
    const { feed, out } = closedWith(3333, 0)
    expect(Object.fromEntries(feed.state.counts.reconnects)).toEqual({ closed: 1 })
    expect(eventsOf(out)).toMatchObject([{ details: { code: '3333' } }])
  })

  test('has the exchange’s own rule before the general one', () => {
    expect(closeRule(4009, okx.closeCodes)).toMatchObject({ backoff: 'long' })
    expect(closeRule(4009, undefined)).toBeUndefined()
    expect(closeRule(1001, okx.closeCodes)).toMatchObject({ meaning: 'going away' })
  })

  test('again and again is opened ever later', () => {
    const restart = closeRule(1012, undefined)
    const policy = closeRule(1008, undefined)
    expect([0, 3, 60].map((attempt) => closeDelayMs(restart, attempt, 0.9999))).toEqual([29_997.5, 29_997.5, 29_997.5])
    expect([0, 1, 60].map((attempt) => closeDelayMs(policy, attempt, 0))).toEqual([30_000, 60_000, 300_000])
    expect([0, 1, 60].map((attempt) => closeDelayMs(undefined, attempt, 1))).toEqual([500, 1000, 30_000])
  })
})
