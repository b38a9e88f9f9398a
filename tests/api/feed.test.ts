import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createBoard, type Remembered } from '../../api/board.ts'
import { startFeed, type FeedDeps } from '../../api/feed.ts'
import type { TopicFollower } from '../../api/topic-follower.ts'
import type { Payload, Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import type { Incoming, Position } from '../../io/kafka/port.ts'
import type { Decoding } from '../../io/registry.ts'
import { silentLog } from '../support/database.ts'
import { MOMENT, gap, heartbeat, quote, tick, trade } from '../support/ticks.ts'

const SESSION = micros(MOMENT - 600_000_000)
const at = (seconds: number): Micros => micros(MOMENT + seconds * 1_000_000)

const feeds: TopicFollower[] = []
afterEach(async () => {
  await Promise.all(feeds.splice(0).map((feed) => feed.stop()))
})

type Said = { readonly tick: Tick; readonly stamp?: Micros }
const say = (seconds: number, ordinal: number, payload: Payload, change: Partial<Tick> = {}): Said => {
  const where = payload.kind === 'quote' || payload.kind === 'trade' ? {} : { symbol: '' }
  return { tick: tick(payload, { receiveTime: at(seconds), session: SESSION, ordinal, ...where, ...change }) }
}

/** One partition's log, seen at the moment 0; the record's number is its offset. `first` is what retention has left. */
function rigOf(
  said: readonly Said[],
  change: Partial<FeedDeps> & { readonly first?: number; readonly hole?: boolean } = {},
) {
  const board = createBoard()
  const taken: Parameters<FeedDeps['take']>[0][] = []
  const starts: (readonly Position[])[] = []
  const stampOf = ({ tick: { receiveTime }, stamp }: Said): number => Math.floor((stamp ?? receiveTime) / 1000)
  const records = said.map((one, offset): Incoming => {
    return { offset, key: null, value: Buffer.from(JSON.stringify(one.tick)), timestampMs: stampOf(one) }
  })
  const first = change.first ?? 0
  const feed = startFeed({
    topic: 'ticks',
    partitions: 1,
    ranges: {
      bounds: () => Promise.resolve({ first, end: records.length }),
      atTime(_slot, timestampMs) {
        const found = records.find(({ offset, timestampMs: stamp }) => offset >= first && stamp >= timestampMs)
        return Promise.resolve(found?.offset ?? records.length)
      },
      async *read() {},
      async *follow(from, signal) {
        starts.push(from)
        const next = from[0]?.next ?? 0
        for (const record of records.slice(next)) yield { topic: 'ticks', partition: 0, records: [record] }
        if (change.hole === true && starts.length === 1)
          throw Object.assign(new Error('trimmed'), { code: 'OFFSET_OUT_OF_RANGE' })
        await sleep(60_000, undefined, { signal }).catch(() => undefined)
      },
      close: () => Promise.resolve(),
    },
    decoder: {
      decode: (value): Decoding<Tick> => ({ kind: 'value', value: JSON.parse(Buffer.from(value ?? '').toString()) }),
      learn: () => Promise.resolve(true),
    },
    count: () => undefined,
    log: silentLog,
    now: () => at(0),
    stored: () => Promise.resolve(new Map()),
    remembered: () => Promise.resolve([]),
    restore: (prices) => board.restore(prices),
    take(arrival) {
      taken.push(arrival)
      board.take(arrival)
    },
    ...change,
  })
  feeds.push(feed)
  const state = () => [...board.prices()].map(({ bid, state: is }) => [bid, is])
  return { feed, taken, starts, state }
}

/** The quote of 90,000 as PostgreSQL holds it. */
const REMEMBERED: Remembered = {
  exchange: 'binance',
  symbol: 'BTC-USDT',
  feed: 'LIVE',
  bid: 90_000,
  bidSize: 1,
  ask: 90_001,
  askSize: 1,
  last: undefined,
  eventTime: at(-61),
  receiveTime: at(-61),
  session: SESSION,
  partition: 0,
  isValid: true,
}
const OLD = say(-61, 1, quote({ bid: 90_000, ask: 90_001 }))
const remembered = () => Promise.resolve([REMEMBERED])
const storedUpTo = (next: number, seconds: number) => () =>
  Promise.resolve(new Map([[0, { next, untilMs: Math.floor(at(seconds) / 1000) }]]))

describe('feed', () => {
  test.each([
    ['a DOWN', 'down', heartbeat({ state: 'DOWN' })],
    ['a gap', 'down', gap({ reason: 'STALL' })],
    ['heartbeats alone', 'up', heartbeat()],
  ] as const)(
    'a sink a minute behind: after %s that it has not stored the remembered quote is %s',
    async (_, is, what) => {
      // One heartbeat each two seconds from before the sink's position to now.
      const beats = Array.from({ length: 31 }, (_none, n) => say(-60 + 2 * n, 10 + 2 * n, heartbeat()))
      const log = [OLD, ...beats.slice(0, 10), say(-41, 29, what), ...beats.slice(10)]
      const { feed, starts, state } = rigOf(log, { remembered, stored: storedUpTo(3, -58) })
      await feed.caughtUp
      expect(starts).toEqual([[{ topic: 'ticks', partition: 0, next: 0 }]])
      expect(state()).toEqual([[90_000, is]])
    },
  )

  test('a step of over 3 s between heartbeats that spans the sink’s position ends the remembered quote', async () => {
    const beats = Array.from({ length: 27 }, (_none, n) => say(-54 + 2 * n, 10 + n, heartbeat()))
    const { feed, state } = rigOf([OLD, say(-60, 2, heartbeat()), ...beats], { remembered, stored: storedUpTo(2, -60) })
    await feed.caughtUp
    expect(state()).toEqual([[90_000, 'down']])
  })

  test('where the log begins after the sink’s position, remembered quotes wait for the next ones', async () => {
    const log = [OLD, ...Array.from({ length: 31 }, (_none, n) => say(-60 + 2 * n, 2 + n, heartbeat()))]
    const { feed, state } = rigOf(log, { remembered, stored: storedUpTo(1, -61), first: 2 })
    await feed.caughtUp
    expect(state()).toEqual([[90_000, 'down']])
  })

  test('what a sink stored long ago waits for the next quotes: the log of hours is not read first', async () => {
    const log = [say(-3600, 1, quote()), say(-3599, 2, heartbeat()), say(-1, 3, heartbeat())]
    const { feed, starts, state } = rigOf(log, { remembered, stored: storedUpTo(1, -3600) })
    await feed.caughtUp
    expect(starts[0]?.[0]?.next).toBe(2)
    expect(state()).toEqual([[90_000, 'down']])
  })

  test('a sink that is up to date makes it read ten seconds, and its quote is confirmed', async () => {
    const beats = Array.from({ length: 60 }, (_none, n) => say(-60 + n, 10 + n, heartbeat()))
    const { feed, taken, state } = rigOf([OLD, ...beats], { remembered, stored: storedUpTo(61, -1) })
    await feed.caughtUp
    expect(taken.length).toBeLessThanOrEqual(11)
    expect(state()).toEqual([[90_000, 'up']])
  })

  test('drops repeats: a late batch does not bring an older quote back', async () => {
    const log = [
      say(-3, 1, heartbeat()),
      say(-3, 2, quote({ bid: 1, ask: 2 })),
      say(-2, 3, quote({ bid: 3, ask: 4 })),
      say(-1, 2, quote({ bid: 1, ask: 2 })),
    ]
    const { feed, taken, state } = rigOf(log)
    await feed.caughtUp
    expect(taken.map(({ tick: { ordinal } }) => ordinal)).toEqual([1, 2, 3])
    expect(state()).toEqual([[3, 'up']])
  })

  test('a record’s time is the earlier of our clock and the broker’s stamp', async () => {
    const stamp = at(-5)
    const log = [
      { ...say(0, 1, heartbeat()), stamp },
      { ...say(-7, 2, heartbeat()), stamp: at(-4) },
    ]
    const { feed, taken } = rigOf(log)
    await feed.caughtUp
    expect(taken.map(({ time }) => time)).toEqual([Math.floor(stamp / 1000) * 1000 + 999, at(-7)])
  })

  test('takes nothing that the domain check does not believe', async () => {
    const log = [
      say(-2, 1, quote({ bid: 5, ask: 6 })),
      say(-1, 2, quote({ bid: -5 })),
      say(-1, 3, trade({ price: 0 })),
      say(-1, 4, trade(), { exchange: 'nowhere' }),
    ]
    const { feed, taken } = rigOf(log)
    await feed.caughtUp
    expect(taken.map(({ tick: { ordinal } }) => ordinal)).toEqual([1])
  })

  test('after a hole in the log PostgreSQL’s older state is brought up to date again', async () => {
    const log = [OLD, say(-2, 2, heartbeat()), say(-2, 3, quote({ bid: 3, ask: 4 })), say(-1, 4, heartbeat())]
    const { feed, starts, state } = rigOf(log, { remembered, stored: storedUpTo(2, -2), hole: true })
    await feed.caughtUp
    await vi.waitFor(() => expect(starts).toHaveLength(2), 5000)
    await vi.waitFor(() => expect(state()).toEqual([[3, 'up']]), 1000)
  })

  test('asks PostgreSQL again when it was away at the start', async () => {
    let asked = 0
    const { state, feed } = rigOf([OLD, say(-1, 2, heartbeat())], {
      stored: storedUpTo(2, -1),
      remembered: () => ((asked += 1) === 1 ? Promise.reject(new Error('away')) : remembered()),
    })
    await vi.waitFor(() => expect(asked).toBe(2), 5000)
    await feed.caughtUp
    expect(state()).toEqual([[90_000, 'up']])
  })
})
