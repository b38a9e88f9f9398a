import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { SimulatedTrade } from '../../dev/simulator/book.ts'
import { PAST } from '../../dev/simulator/rest/table.ts'
import type { Gap, Tick } from '../../core/tick.ts'
import { micros, type Micros } from '../../core/time.ts'
import type { Answer } from '../../producers/backfill-fetch.ts'
import { closes } from '../../producers/backfill-jobs.ts'
import { createBackfiller, type BackfillWorld, type Outcome } from '../../producers/backfill-run.ts'
import { ADAPTERS } from '../../producers/adapters.ts'
import { noRecentIds, remember } from '../../producers/recent-ids.ts'
import { sessionNumbers } from '../../producers/shell.ts'
import { MOMENT, gap, tick, trade } from '../support/ticks.ts'

const SECOND = 1_000_000
const KEY = 'BTC'

/** Ten trades a second for a minute; the log has those before 20 s and from 30 s on. */
const TRADES: readonly SimulatedTrade[] = Array.from({ length: 600 }, (_, index) => ({
  id: 5000 + index,
  first: index,
  last: index,
  price: '91234.5',
  size: '0.013',
  side: 'BUY',
  eventTime: micros(MOMENT + index * 100_000),
}))
const MISSED = TRADES.slice(200, 300)
const BOUNDS = { from: TRADES[199]?.eventTime ?? MOMENT, to: TRADES[300]?.eventTime ?? MOMENT }
const LIVE = micros(MOMENT - SECOND)

const live = ({ id, eventTime }: SimulatedTrade, ordinal: number): Tick =>
  tick(trade({ id: String(id) }), { exchange: 'binance', session: LIVE, ordinal, sequence: id, eventTime })
const gapTick = (change: Partial<Gap> = {}, more: Partial<Tick> = {}): Tick =>
  tick(gap({ ...BOUNDS, ...change }), { exchange: 'binance', session: LIVE, ordinal: 10_000, ...more })

/** One partition's log in memory, the simulator's REST, a clock that only sleeping moves. */
function scene({
  log = [...TRADES.slice(0, 200), ...TRADES.slice(301)].map(live),
  past = TRADES,
  answers = [],
  room = () => true,
  isQuarantined = false,
  others = [],
  failing = () => false,
}: {
  readonly log?: readonly Tick[]
  readonly past?: readonly SimulatedTrade[]
  /** Given before REST itself answers. */
  readonly answers?: readonly Partial<Answer>[]
  readonly room?: () => boolean
  readonly isQuarantined?: boolean
  /** Followed beside it, in the same partition. */
  readonly others?: readonly string[]
  /** Whether REST is out of order, by the seconds since the test began. */
  readonly failing?: (second: number) => boolean
} = {}) {
  const records: Tick[] = [...log]
  const asked: number[] = []
  const done: { readonly outcome: Outcome; readonly trades: number }[] = []
  const waiting = [...answers]
  const ids = noRecentIds()
  const clock = { time: MOMENT + 70 * SECOND }
  let stopped = false
  let followed = others
  let chunk = 0
  const chunks: number[] = []
  const adapter = ADAPTERS.binance
  if (adapter.backfill === undefined) throw new Error('binance has no backfill')
  const world: BackfillWorld = {
    now: () => micros(clock.time),
    random: () => 0.5,
    session: sessionNumbers(),
    async sleep(ms) {
      clock.time += Math.ceil(ms * 1000)
      await turn()
    },
    stopped: () => stopped,
    get({ url }) {
      asked.push(clock.time)
      if (failing((clock.time - MOMENT) / SECOND - 70))
        return Promise.resolve({ status: undefined, body: 'ECONNREFUSED', retryAfterMs: undefined })
      const given = waiting.shift()
      if (given !== undefined) return Promise.resolve({ status: 200, body: '', retryAfterMs: undefined, ...given })
      const { pathname, searchParams } = new URL(url)
      const request = { path: pathname, query: searchParams, headers: { 'x-mbx-time-unit': 'MICROSECOND' } }
      return Promise.resolve({
        status: 200,
        body: PAST.binance.answer('BTCUSDT', past, request).body,
        retryAfterMs: undefined,
      })
    },
    asked: () => undefined,
    tail(_, __, since, backMs) {
      const begin = since - backMs * 1000
      const trades = new Map<string, Map<number, Micros>>()
      const gaps: Tick[] = []
      let next = 0
      const more = () => {
        for (; next < records.length; next++) {
          const one = records[next]
          if (one !== undefined && one.eventTime < begin) continue
          if (one?.payload.kind === 'gap') gaps.push(one)
          if (one?.payload.kind !== 'trade') continue
          trades.set(one.symbol, (trades.get(one.symbol) ?? new Map()).set(one.sequence, one.eventTime))
        }
        return Promise.resolve()
      }
      return more().then(() => ({ trades, gaps, more }))
    },
    offer(one) {
      if (!room()) return false
      records.push(one)
      chunk++
      return true
    },
    async settled() {
      chunks.push(chunk)
      chunk = 0
      await turn()
    },
    markets: () => [
      { symbol: 'BTC-USDT', nativeSymbol: 'BTCUSDT', key: KEY, home: [0], ids, isQuarantined },
      ...followed.map((symbol) => ({
        symbol,
        nativeSymbol: symbol.replace('-', ''),
        key: KEY,
        home: [0],
        ids: noRecentIds(),
        isQuarantined: false,
      })),
    ],
    done: (_, outcome, __, trades) => done.push({ outcome, trades }),
    failed: (_, error) => {
      throw error
    },
  }
  const backfiller = createBackfiller(adapter, adapter.backfill, world)
  return {
    records,
    asked,
    done,
    chunks,
    ids,
    stop: () => (stopped = true),
    follow: (symbols: readonly string[]) => (followed = symbols),
    notice: (one: Tick, partition = 0) => backfiller.notice({ tick: one, partition }),
    pass: async (turns: number) => {
      for (let i = 0; i < turns; i++) await turn()
    },
    written: () => records.slice(log.length).filter(({ feed }) => feed === 'BACKFILL'),
    /** Notices the gaps and waits until all are dealt with. */
    fill: async (...gaps: readonly Tick[]) => {
      for (const one of gaps) {
        records.push(one)
        backfiller.notice({ tick: one, partition: 0 })
      }
      for (let turns = 0; turns < 3000 && done.length < gaps.length; turns++) await turn()
    },
  }
}

describe('a backfill', () => {
  test('writes what the log has not, on a session of its own, then the same gap as backfilled', async () => {
    const { fill, written, done } = scene()
    await fill(gapTick())
    const all = written()
    // Trade 300 itself is the first the log has not either.
    expect(all.slice(0, -1).map(({ sequence }) => sequence)).toEqual([...MISSED, TRADES[300]].map((one) => one?.id))
    expect(all.map(({ ordinal }) => ordinal)).toEqual(all.map((_, index) => index))
    expect(new Set(all.map(({ session }) => session)).size).toBe(1)
    expect(all[0]?.session).toBeGreaterThan(LIVE)
    expect(all.slice(0, -1).map(({ eventTime }) => eventTime)).toEqual(
      [...MISSED, TRADES[300]].map((one) => one?.eventTime),
    )
    expect(all.at(-1)?.payload).toEqual(gap({ ...BOUNDS, backfilled: true }))
    expect(new Set(all.map(({ payload }) => payload.kind))).toEqual(new Set(['trade', 'gap']))
    expect(done).toEqual([{ outcome: 'filled', trades: 101 }])
  })

  test('leaves a gap open of which REST has forgotten a part, and writes the rest', async () => {
    const { fill, written, done } = scene({ past: TRADES.slice(250) })
    await fill(gapTick())
    expect(written().map(({ sequence }) => sequence)).toEqual(TRADES.slice(250, 301).map(({ id }) => id))
    expect(written().every(({ payload }) => payload.kind === 'trade')).toBe(true)
    expect(done).toEqual([{ outcome: 'unfillable', trades: 51 }])
  })

  test('after a crash in its middle goes on with what is still missing, and writes no trade twice', async () => {
    const first = scene()
    let room = 60
    const crashed = scene({ room: () => room-- > 0 })
    void crashed.fill(gapTick())
    for (let turns = 0; turns < 400; turns++) await turn()
    crashed.stop()
    expect(crashed.written().length).toBe(60)
    const second = scene({ log: crashed.records })
    // The process that follows has only the gap of its own start, which lies after.
    const start = gapTick(
      { reason: 'START', from: micros(MOMENT + 58 * SECOND), to: micros(MOMENT + 59 * SECOND) },
      { symbol: '', session: micros(LIVE + 9), ordinal: 0 },
    )
    await second.fill(start)
    for (let turns = 0; turns < 400; turns++) await turn()
    const trades = second.records.filter(({ payload }) => payload.kind === 'trade').map(({ sequence }) => sequence)
    expect(trades.toSorted((a, b) => a - b)).toEqual(TRADES.map(({ id }) => id))
    const closed = second.records.flatMap(({ payload }) =>
      payload.kind === 'gap' && payload.backfilled ? [payload.reason] : [],
    )
    expect(closed).toEqual(['DISCONNECT', 'START'])
    expect(first.done).toEqual([])
  })

  test('asks nothing where the log proves that nothing is missing', async () => {
    const { fill, asked, done } = scene({ log: TRADES.map(live) })
    await fill(gapTick({ reason: 'STALL' }, { symbol: '' }))
    expect({ asked, done }).toEqual({ asked: [], done: [{ outcome: 'filled', trades: 0 }] })
  })

  test('leaves a symbol in quarantine alone, and its gap open', async () => {
    const { fill, asked, done } = scene({ isQuarantined: true })
    await fill(gapTick())
    expect({ asked, done }).toEqual({ asked: [], done: [{ outcome: 'unfillable', trades: 0 }] })
  })

  test('closes a session’s gap only if it is closed for each of its symbols', async () => {
    const whole = TRADES.map((one, ordinal) => ({ ...live(one, 20_000 + ordinal), symbol: 'ETH-USDT' }))
    const log = [...TRADES.slice(0, 200), ...TRADES.slice(301)].map(live)
    const { fill, written, done } = scene({ log: [...log, ...whole], isQuarantined: true, others: ['ETH-USDT'] })
    await fill(gapTick({ reason: 'STALL' }, { symbol: '' }))
    expect({ written: written(), done }).toEqual({ written: [], done: [{ outcome: 'unfillable', trades: 0 }] })
  })

  test('after a start reads back to before a gap that was left open, however long it began before', async () => {
    const minutes = (count: number): Micros => micros(MOMENT + count * 60 * SECOND)
    const old = TRADES.map((one) => ({ ...one, eventTime: micros(one.eventTime - 15 * 60 * SECOND) }))
    // The gap's record stands where its end is, within the look back; its beginning is not.
    const left = gapTick(
      { from: old[199]?.eventTime ?? MOMENT, to: micros(MOMENT - 9 * 60 * SECOND) },
      { eventTime: micros(MOMENT - 9 * 60 * SECOND) },
    )
    const log = [...old.slice(0, 200).map(live), left, ...old.slice(301).map(live)]
    const { fill, records } = scene({ log, past: old })
    await fill(
      gapTick(
        { reason: 'START', from: minutes(0), to: minutes(1) },
        { symbol: '', ordinal: 0, session: micros(LIVE + 9) },
      ),
    )
    for (let turns = 0; turns < 400; turns++) await turn()
    const trades = records.filter(({ payload }) => payload.kind === 'trade').map(({ sequence }) => sequence)
    expect(trades.toSorted((a, b) => a - b)).toEqual(old.map(({ id }) => id))
  })

  test('has nothing to begin from on a log that is new', async () => {
    const { fill, asked, done } = scene({ log: TRADES.slice(590).map(live) })
    await fill(
      gapTick(
        { reason: 'START', from: micros(MOMENT - 600 * SECOND), to: micros(MOMENT + 59 * SECOND) },
        { symbol: '' },
      ),
    )
    expect({ asked, done }).toEqual({ asked: [], done: [{ outcome: 'unfillable', trades: 0 }] })
  })

  test.each([429, 418, 403])('after %i asks nothing until the exchange allows it', async (status) => {
    const { fill, asked, done } = scene({ answers: [{ status, retryAfterMs: 90_000 }] })
    await fill(gapTick())
    const [first = 0, second = 0] = asked
    expect(second - first).toBeGreaterThanOrEqual(90 * SECOND)
    expect(done).toEqual([{ outcome: 'filled', trades: 101 }])
  })

  test('gives up where it is banned for more than a quarter of an hour', async () => {
    const { fill, asked, done } = scene({ answers: [{ status: 418, retryAfterMs: 901_000 }] })
    await fill(gapTick())
    expect({ asked: asked.length, done }).toEqual({ asked: 1, done: [{ outcome: 'unavailable', trades: 0 }] })
  })

  test('gives up on an exchange that answers nothing of use, and leaves the gap open', async () => {
    const answers = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? { status: 503 } : { body: '<html>' }))
    const { fill, written, done, asked } = scene({ answers })
    await fill(gapTick())
    expect({ written: written(), done, asked: asked.length }).toEqual({
      written: [],
      done: [{ outcome: 'unavailable', trades: 0 }],
      asked: 6,
    })
  })

  test('never has more than a chunk in the writer’s queue, and waits where it has no room', async () => {
    let offers = 0
    const past = Array.from({ length: 2000 }, (_, index) => ({
      ...(TRADES[0] ?? TRADES[199]),
      id: 5000 + index,
      first: 0,
      last: 0,
      price: '91234.5',
      size: '0.013',
      side: 'BUY' as const,
      eventTime: micros(MOMENT + index * 30_000),
    }))
    const { fill, chunks, written, done } = scene({
      past,
      log: [...past.slice(0, 100), ...past.slice(1900)].map(live),
      room: () => offers++ % 7 !== 3,
    })
    await fill(gapTick({ from: past[99]?.eventTime ?? MOMENT, to: past[1899]?.eventTime ?? MOMENT }))
    expect(Math.max(...chunks)).toBeLessThanOrEqual(200)
    expect(written().map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 1801 }, (_, index) => index))
    expect(done).toEqual([{ outcome: 'filled', trades: 1800 }])
  })

  test('the stream knows a trade that was backfilled', async () => {
    const { fill, ids } = scene()
    await fill(gapTick())
    expect(remember(ids, MISSED[0]?.id ?? 0, 'x', micros(MOMENT + 80 * SECOND))).toBe(false)
  })

  test('what the stream brings while it writes is not written once more', async () => {
    const late = TRADES[250] ?? MISSED[0]
    if (late === undefined) throw new Error('no trade')
    let offers = 0
    const one = scene({
      room() {
        if (++offers === 1 && remember(one.ids, late.id, String(late.id), micros(MOMENT + 80 * SECOND)))
          one.records.push(live(late, 20_000))
        return true
      },
    })
    await one.fill(gapTick())
    const trades = one.records.filter(({ payload }) => payload.kind === 'trade').map(({ sequence }) => sequence)
    expect(trades.toSorted((a, b) => a - b)).toEqual(TRADES.map(({ id }) => id))
    expect(one.done).toEqual([{ outcome: 'filled', trades: 100 }])
  })

  test('what the stream brought and the log had no room for is written', async () => {
    const { fill, ids, done } = scene()
    for (const { id } of TRADES) remember(ids, id, String(id), micros(MOMENT + 70 * SECOND))
    await fill(gapTick({ reason: 'OVERFLOW' }))
    expect(done).toEqual([{ outcome: 'filled', trades: 101 }])
  })

  test('a gap is dealt with once, however often its record is seen', async () => {
    const { fill, done } = scene()
    await fill(gapTick(), gapTick())
    for (let turns = 0; turns < 200; turns++) await turn()
    expect(done.length).toBe(1)
  })

  test('that could not ask the exchange tries again, at first soon and then ever later, until the gap is closed', async () => {
    const { fill, pass, asked, done, written, records } = scene({ failing: (second) => second < 3600 })
    await fill(gapTick())
    expect(done).toEqual([{ outcome: 'unavailable', trades: 0 }])
    for (let i = 0; i < 100 && done.length < 2; i++) await pass(20)
    expect(done.slice(1)).toEqual([{ outcome: 'filled', trades: 101 }])
    expect(records.at(-1)?.payload).toEqual(gap({ ...BOUNDS, backfilled: true }))
    expect(written().filter(({ payload }) => payload.kind === 'gap')).toHaveLength(1)
    const pauses = asked.slice(1).map((time, index) => (time - (asked[index] ?? 0)) / SECOND)
    const waits = pauses.filter((pause) => pause > 35).map((pause) => Math.floor((pause + 1) / 60))
    // A minute, then twice as long each time, ten minutes at most; the attempts before and the settling come on top.
    expect(waits).toEqual([1, 2, 4, 8, 10, 10, 10, 10])
  })

  test('that was unavailable is left alone once the process stops', async () => {
    const one = scene({ failing: () => true })
    await one.fill(gapTick())
    one.stop()
    const before = one.asked.length
    await one.pass(200)
    expect(one.asked.length).toBe(before)
  })

  test('leaves a session’s gap open when one of its symbols is not followed any more', async () => {
    const whole = TRADES.map((one, ordinal) => ({ ...live(one, 20_000 + ordinal), symbol: 'BTC-USDT' }))
    const left = (log: readonly Tick[]) => {
      const one = scene({ log, others: ['ETH-USDT'] })
      one.notice(gapTick({ reason: 'STALL' }, { symbol: '' }))
      one.follow([])
      return one
    }
    const one = left(whole)
    for (let i = 0; i < 50 && one.done.length < 1; i++) await one.pass(20)
    expect({ written: one.written(), done: one.done }).toEqual({
      written: [],
      done: [{ outcome: 'unfillable', trades: 0 }],
    })
  })

  test('leaves a session’s gap of another process open if the log has trades of a symbol that is not followed', async () => {
    const bare = TRADES.map(live)
    const other = TRADES.slice(0, 50).map((one, ordinal) => ({ ...live(one, 20_000 + ordinal), symbol: 'ETH-USDT' }))
    const stall = gapTick({ reason: 'STALL' }, { symbol: '', eventTime: BOUNDS.to })
    const start = gapTick({ reason: 'SEQUENCE' }, { ordinal: 10_001 })
    const closed = async (log: readonly Tick[]) => {
      const one = scene({ log })
      await one.fill(start)
      for (let i = 0; i < 50 && one.done.length < 2; i++) await one.pass(20)
      return one.written().flatMap(({ payload }) => (payload.kind === 'gap' ? [payload.reason] : []))
    }
    expect((await closed([...bare, stall])).toSorted()).toEqual(['SEQUENCE', 'STALL'])
    expect(await closed([...bare, ...other, stall])).toEqual(['SEQUENCE'])
  })

  test('takes no more than ten thousand gaps at once; the others stay on record', async () => {
    const one = scene({ log: TRADES.map(live) })
    for (let ordinal = 0; ordinal < 10_005; ordinal++) one.notice(gapTick({}, { ordinal }))
    expect(one.done).toEqual(Array.from({ length: 5 }, () => ({ outcome: 'unfillable', trades: 0 })))
    one.stop()
    await one.pass(5)
  })
})

describe('a gap record that is backfilled', () => {
  const one = gapTick({ reason: 'DISCONNECT' })
  const job = { tick: one, gap: gap({ ...BOUNDS, reason: 'DISCONNECT' }) }
  const back = (change: Partial<Gap> = {}, more: Partial<Tick> = {}): Tick =>
    gapTick({ reason: 'DISCONNECT', backfilled: true, ...change }, more)

  test('closes the gap of its exchange, symbol, reason and bounds, and no other', () => {
    expect(closes(back(), job)).toBe(true)
    expect(closes(back({ reason: 'SEQUENCE' }), job)).toBe(false)
    expect(closes(back({ backfilled: false }), job)).toBe(false)
    expect(closes(back({ from: micros(BOUNDS.from + 1) }), job)).toBe(false)
    expect(closes(back({ to: micros(BOUNDS.to + 1) }), job)).toBe(false)
    expect(closes(back({}, { symbol: 'ETH-USDT' }), job)).toBe(false)
    expect(closes(back({}, { exchange: 'okx' }), job)).toBe(false)
  })
})
