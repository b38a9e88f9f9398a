import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { okx } from '../../producers/okx.ts'
import { initialFeed, type FeedOutput } from '../../producers/feed-state.ts'
import type { Connects } from '../../producers/links.ts'
import { feed } from '../../producers/feed.ts'
import { connectsByHost } from '../../producers/shell.ts'
import { FULL_BUCKET } from '../../producers/token-bucket.ts'
import { MOMENT } from '../support/ticks.ts'
import { BTC, harness, sentOf } from './harness.ts'

const SECOND = 1_000_000
const isConnect = ({ kind }: FeedOutput): boolean => kind === 'connect'

/** Feeds of one host, stepped together each 100 ms; `refuse` says how each attempt ends, `undefined`: it opens. */
function host(
  feeds: number,
  limits: { readonly count: number; readonly perMs: number },
  seconds: number,
  refuse: (attempt: number) => { readonly status?: number; readonly retryAfterMs?: number; readonly code?: number },
) {
  const connects: Connects = { bucket: FULL_BUCKET }
  const { settings } = harness().state
  const adapter = { ...settings.adapter, limits: { ...settings.adapter.limits, connects: limits } }
  const states = Array.from({ length: feeds }, () => initialFeed({ ...settings, adapter }, connects))
  const attempts: {
    readonly at: number
    readonly retryAfterMs: number | undefined
    readonly status: number | undefined
  }[] = []
  for (let at = 0; at <= seconds * SECOND; at += SECOND / 10) {
    const time = micros(MOMENT + at)
    for (const state of states) {
      if (!feed(state, { kind: 'clock', time, random: 0 })[1].some(isConnect)) continue
      const end = refuse(attempts.length)
      attempts.push({ at, retryAfterMs: end.retryAfterMs, status: end.status })
      feed(state, { kind: 'closed', time, reason: 'refused', detail: '', random: 0, socket: state.socket, ...end })
    }
  }
  return attempts
}

describe('feeds of one host', () => {
  test('share what the exchange allows: four fifths of its attempts, however many feeds there are', () => {
    const attempts = host(7, { count: 10, perMs: 20_000 }, 60, () => ({}))
    for (const { at } of attempts) {
      const within = attempts.filter((one) => one.at >= at && one.at < at + 20 * SECOND)
      expect(within.length).toBeLessThanOrEqual(8)
    }
    expect(attempts.length).toBeGreaterThan(16)
  })

  test('none connects before what the exchange named, to whichever of them it was said', () => {
    const answers = fc.array(
      fc.record({
        status: fc.constantFrom(429, 418, 503, 500),
        retryAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(answers, (list) => {
        const attempts = host(3, { count: 1000, perMs: 1000 }, 120, (attempt) => {
          const { status, retryAfterMs } = list[attempt % list.length] ?? { status: 500, retryAfterMs: undefined }
          return { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
        })
        const early = attempts.filter(({ at }, index) =>
          attempts.slice(0, index).some((before) => {
            const asksTooMuch = before.status === 429 || before.status === 418
            const waitMs = before.retryAfterMs ?? (asksTooMuch ? 60_000 : 0)
            return at < before.at + waitMs * 1000
          }),
        )
        expect(early).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('are told by the exchange’s own host, so that those of another are not held up', () => {
    const of = connectsByHost()
    expect(of('a')).toBe(of('a'))
    expect(of('a')).not.toBe(of('b'))
  })
})

test('frames that subscribe stay within what the exchange allows on one connection', () => {
  const limits = { ...okx.limits, requests: { count: 10, perMs: 60_000 } }
  const instruments = [{ symbol: BTC.symbol, nativeSymbol: 'BTC-USDT' }]
  const one = harness({ adapter: { ...okx, limits }, instruments })
  one.open()
  one.frame('pong')
  for (let i = 0; i < 8; i++)
    one.give({
      kind: 'follow',
      time: one.now(),
      instruments: i % 2 === 0 ? [] : instruments,
      conversions: new Set(),
    })
  const sent = [
    ...one.outputs,
    ...Array.from({ length: 50 }, () => {
      one.frame('pong')
      return one.wait(1)
    }).flat(),
  ]
  const requests = sentOf(one.outputs).filter((frame) => frame !== 'ping')
  expect(requests).toHaveLength(8)
  // Pings keep the connection alive meanwhile.
  expect(sentOf(sent).filter((frame) => frame === 'ping').length).toBeGreaterThanOrEqual(2)
  for (let i = 0; i < 20; i++) {
    one.frame('pong')
    one.wait(1)
  }
  expect(sentOf(one.outputs).filter((frame) => frame !== 'ping').length).toBeGreaterThan(8)
})
