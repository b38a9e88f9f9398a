import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { ticksSink } from '../../consumers/ticks-sink.ts'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { MOMENT, gap, heartbeat, quote, tick, trade } from '../support/ticks.ts'
import { ALIVE, SLOT, TOPIC, jsonDecoder, logOf, play, recordOf, rigOf } from './rig.ts'
import { LATEST, MINUTES, MINUTES_RECOMPUTED, arbitraryStretch, expectedLatest, rowsOf } from './ticks-model.ts'
import { lateOffset } from './twins.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>
const sink = ticksSink(TOPIC, jsonDecoder())
const records = (ticks: readonly Tick[]) => ticks.map((one, offset) => recordOf(offset, one))
const clear = () =>
  own.pool.query(
    'truncate ingest.offsets, ingest.origins, trades, quotes, trade_minutes, latest_quotes, symbols, sessions, exchanges, gaps',
  )
const store = async (...ticks: readonly Tick[]) => {
  const rig = rigOf(sink, database, logOf(records(ticks)))
  await play(rig.stage, records(ticks))
  return rig
}
const all = (query: string) => rowsOf(own.pool, query)

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'ticks')
  database = openPool(own.url, 'ingest_rw', silentLog)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})
beforeEach(() => clear())

describe('ticks sink', () => {
  test('whatever the batches and restarts, minutes equal a recomputation and latest quotes the log', () =>
    fc.assert(
      fc.asyncProperty(
        arbitraryStretch,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        fc.nat(150),
        async (ticks, sizes, restart) => {
          await clear()
          const log = records(ticks)
          const before = log.slice(0, Math.min(restart, log.length))
          if (before.length > 0) await play(rigOf(sink, database, logOf(before), { maxRows: 9 }).stage, before, sizes)
          const { stage, letters } = rigOf(sink, database, logOf(log), { maxRows: 25 })
          await play(stage, log, sizes)
          expect(letters).toEqual([])
          expect(await all(MINUTES)).toEqual(await all(MINUTES_RECOMPUTED))
          expect(await all(LATEST)).toEqual(expectedLatest(ticks))
          const ids = new Set(ticks.flatMap(({ payload }) => (payload.kind === 'trade' ? [payload.id] : [])))
          expect(await all('select count(*)::int as n from trades')).toEqual([{ n: ids.size }])
          const quotes = ticks.filter(({ payload }) => payload.kind === 'quote').length
          expect(await all('select count(*)::int as n from quotes')).toEqual([{ n: quotes }])
          const gaps = ticks.filter(({ payload }) => payload.kind === 'gap' && payload.reason !== 'WITHDRAWN').length
          expect(await all('select count(*)::int as n from gaps')).toEqual([{ n: gaps }])
        },
      ),
      { numRuns: 40 },
    ))

  test('the twin that stores the offset after the rows counts trades twice when it dies between the two', async () => {
    const ticks = Array.from({ length: 60 }, (_, n) => tick(trade({ id: String(n) }), { ordinal: n }))
    let statements = 0
    const crash = () => {
      statements += 1
      if (statements === 2) throw new Error('killed')
    }
    const twin = lateOffset(database, crash)
    await expect(play(rigOf(sink, twin, logOf(records(ticks)), { maxRows: 20 }).stage, records(ticks))).rejects.toThrow(
      'killed',
    )
    // Its successor lost the sieve's memory with the process; the twin kept none in the statement of the offset.
    await own.pool.query('truncate ingest.origins')
    await play(rigOf(sink, twin, logOf(records(ticks)), { maxRows: 20 }).stage, records(ticks))
    expect(await all('select count(*)::int as n from trades')).toEqual([{ n: 60 }])
    expect(await all(MINUTES)).not.toEqual(await all(MINUTES_RECOMPUTED))
  })

  test('the real sink that dies between the rows and its answer counts none twice', async () => {
    const ticks = Array.from({ length: 60 }, (_, n) => tick(trade({ id: String(n) }), { ordinal: n }))
    let statements = 0
    const dying = new Proxy(database, {
      get: (target, name) =>
        name === 'query'
          ? async (statement: { readonly text: string }) => {
              const answer = await target.query(statement)
              if (statement.text.includes('put_trades') && (statements += 1) === 2) throw new Error('killed')
              return answer
            }
          : Reflect.get(target, name),
    })
    await expect(
      play(rigOf(sink, dying, logOf(records(ticks)), { maxRows: 20 }).stage, records(ticks)),
    ).rejects.toThrow('killed')
    const second = rigOf(sink, database, logOf(records(ticks)), { maxRows: 20 })
    await play(second.stage, records(ticks))
    expect(second.counts.in).toBe(20)
    expect(await all(MINUTES)).toEqual(await all(MINUTES_RECOMPUTED))
  })

  test('drops what is not above its session’s highest ordinal, also after a restart', async () => {
    const first = [0, 1, 2].map((ordinal) => tick(trade({ id: `a${ordinal}` }), { ordinal }))
    // A late batch of the producer: the same ordinals again, under other ids, so that only the sieve can know.
    const late = [1, 2, 3].map((ordinal) => tick(trade({ id: `b${ordinal}` }), { ordinal }))
    await play(rigOf(sink, database, logOf(records(first))).stage, records(first))
    const { counts } = await store(...first, ...late)
    expect(counts).toMatchObject({ in: 3, fresh: 1, duplicate: 2 })
    expect(await all('select trade_id from trades order by 1')).toEqual(
      ['a0', 'a1', 'a2', 'b3'].map((id) => ({ trade_id: id })),
    )
  })

  test('drops repeats that come batches later to the same instance', async () => {
    const ticks = ['a0', 'a1', 'b1', 'a2', 'b0', 'b2'].map((id) => tick(trade({ id }), { ordinal: Number(id[1]) }))
    const { stage, counts } = rigOf(sink, database, logOf(records(ticks)))
    await play(stage, records(ticks), [1])
    expect(counts).toMatchObject({ in: 6, fresh: 3, duplicate: 3 })
    expect(await all('select trade_id from trades order by 1')).toEqual(
      ['a0', 'a1', 'a2'].map((id) => ({ trade_id: id })),
    )
  })

  test('a batch of nothing but repeats moves the offset', async () => {
    await store(tick(trade()), tick(trade({ id: 'again' })))
    expect(await all('select next_offset::int as n from ingest.offsets')).toEqual([{ n: 2 }])
    expect(await all('select count(*)::int as n from trades')).toEqual([{ n: 1 }])
  })

  test('stores prices, sizes and times exactly', async () => {
    await store(
      tick(trade({ price: 0.00001234, size: 123_456_789.123 }), {
        ordinal: 1,
        eventTime: micros(1_795_169_730_123_457),
      }),
      tick(trade({ id: '"{\\},', price: 1e21, size: 5e-324, side: undefined }), { ordinal: 2 }),
    )
    expect(
      await all(
        `select trade_id, price::text, size::text, side, (extract(epoch from event_time) * 1000000)::bigint::text as time
           from trades order by ordinal`,
      ),
    ).toEqual([
      { trade_id: '4012345678', price: '0.00001234', size: '123456789.123', side: 'SELL', time: '1795169730123457' },
      {
        trade_id: '"{\\},',
        price: `1${'0'.repeat(21)}`,
        size: expect.stringMatching(/^0\.0{323}5$/),
        side: null,
        time: String(MOMENT),
      },
    ])
  })

  test('a Gap withdraws its own session’s quotes, not another session’s', async () => {
    const other = micros(MOMENT - 1)
    const before = [
      tick(quote(), { ordinal: 1, symbol: 'BTC-USDT' }),
      tick(quote(), { ordinal: 2, symbol: 'ETH-USDT' }),
      tick(quote(), { ordinal: 1, symbol: 'SOL-USDT', session: other }),
    ]
    // Two batches: the fold withdraws what its own batch quoted, the statement what the table holds.
    await store(...before)
    await store(
      ...before,
      tick(gap({ reason: 'STALL' }), { ordinal: 3, symbol: '' }),
      tick(quote(), { ordinal: 4, symbol: 'ETH-USDT' }),
    )
    expect(await all('select symbol, withdrawn from latest_quotes order by 1')).toEqual([
      { symbol: 'BTC-USDT', withdrawn: true },
      { symbol: 'ETH-USDT', withdrawn: false },
      { symbol: 'SOL-USDT', withdrawn: false },
    ])
  })

  test.each([
    ['DOWN', [heartbeat({ state: 'DOWN' }), heartbeat()], 1],
    ['3 s without a heartbeat', [heartbeat()], 4],
  ] as const)(
    '%s takes back a session’s stored quotes, also after a restart, until quoted again',
    async (_, beats, seconds) => {
      const other = micros(MOMENT - 1)
      const slot = { topic: TOPIC, partition: 3 }
      const ticks = [
        tick(heartbeat(), { ordinal: 1 }),
        tick(quote(), { ordinal: 2, symbol: 'BTC-USDT' }),
        tick(quote(), { ordinal: 3, symbol: 'ETH-USDT' }),
        tick(quote(), { ordinal: 1, symbol: 'SOL-USDT', session: other }),
        ...beats.map((beat, n) =>
          tick(beat, { ordinal: 4 + n, receiveTime: micros(MOMENT + (seconds + n) * 1_000_000) }),
        ),
        tick(quote(), { ordinal: 9, symbol: 'ETH-USDT' }),
      ]
      const log = records(ticks)
      for (const [from, to] of [
        [0, 4],
        [4, log.length],
      ] as const) {
        const { stage } = rigOf(sink, database, logOf(log))
        await stage.assigned(slot)
        await stage.batch(slot, log.slice(from, to), { end: log.length, ...ALIVE })
      }
      expect(await all('select symbol, withdrawn from latest_quotes order by 1')).toEqual([
        { symbol: 'BTC-USDT', withdrawn: true },
        { symbol: 'ETH-USDT', withdrawn: false },
        { symbol: 'SOL-USDT', withdrawn: false },
      ])
    },
  )

  test('a trade that comes again under another ordinal counts once in its minute', async () => {
    const [first, second] = [trade({ id: 'a', price: 10, size: 2 }), trade({ id: 'b', price: 11, size: 1 })]
    const before = [tick(first, { ordinal: 1 }), tick(first, { ordinal: 2 })]
    await store(...before)
    await store(...before, tick(first, { ordinal: 3 }), tick(second, { ordinal: 4 }))
    expect(await all('select trades::int, volume::float8, quote_volume::float8 from trade_minutes')).toEqual([
      { trades: 2, volume: 3, quote_volume: 31 },
    ])
  })

  test('WITHDRAWN takes a quote back but is no gap', async () => {
    await store(tick(quote(), { ordinal: 1 }), tick(gap({ reason: 'WITHDRAWN' }), { ordinal: 2 }))
    expect(await all('select withdrawn from latest_quotes')).toEqual([{ withdrawn: true }])
    expect(await all('select * from gaps')).toEqual([])
  })

  describe.each([
    ['in one batch', [9]],
    ['in batches of their own', [1]],
  ])('a backfill %s', (_, sizes) => {
    const from = micros(MOMENT - 5_000_000)
    const bounds = { from, to: MOMENT }
    const session = micros(MOMENT + 7)
    const back = { feed: 'BACKFILL', session, receiveTime: micros(MOMENT + 9_000_000) } as const
    const missed = (ordinal: number, id: string, second: number) =>
      tick(trade({ id }), { ...back, ordinal, eventTime: micros(MOMENT - second * 1_000_000) })
    const run = async (...ticks: readonly Tick[]) => {
      const log = records(ticks)
      await play(rigOf(sink, database, logOf(log)).stage, log, sizes)
    }

    test('closes its gap and no other, and touches no quote', async () => {
      await run(
        tick(gap(bounds), { ordinal: 1 }),
        tick(gap({ ...bounds, reason: 'STALL' }), { ordinal: 2, symbol: '' }),
        tick(gap({ ...bounds, reason: 'SEQUENCE' }), { ordinal: 3 }),
        tick(gap(bounds), { ordinal: 4, symbol: 'ETH-USDT' }),
        tick(quote(), { ordinal: 5 }),
        tick(gap({ ...bounds, backfilled: true }), { ...back, ordinal: 0 }),
        tick(gap({ ...bounds, reason: 'STALL', backfilled: true }), { ...back, ordinal: 1, symbol: '' }),
      )
      expect(await all('select symbol, reason, backfilled from gaps order by ordinal')).toEqual([
        { symbol: 'BTC-USDT', reason: 'DISCONNECT', backfilled: true },
        { symbol: null, reason: 'STALL', backfilled: true },
        { symbol: 'BTC-USDT', reason: 'SEQUENCE', backfilled: false },
        { symbol: 'ETH-USDT', reason: 'DISCONNECT', backfilled: false },
      ])
      expect(await all('select withdrawn from latest_quotes')).toEqual([{ withdrawn: false }])
      expect(await all('select * from sessions')).toEqual([])
    })

    test('stores a trade once that the stream brought too, and counts it once in its minute', async () => {
      const live = tick(trade({ id: 'b' }), { ordinal: 2, eventTime: micros(MOMENT - 2_000_000) })
      await run(missed(0, 'a', 3), missed(1, 'b', 2), live, missed(2, 'c', 1))
      expect(await all('select trade_id, feed from trades order by event_time')).toEqual([
        { trade_id: 'a', feed: 'BACKFILL' },
        { trade_id: 'b', feed: 'BACKFILL' },
        { trade_id: 'c', feed: 'BACKFILL' },
      ])
      expect(await all(MINUTES)).toEqual(await all(MINUTES_RECOMPUTED))
      expect(await all('select sum(trades)::int as n from trade_minutes')).toEqual([{ n: 3 }])
    })
  })

  test('takes sessions and exchanges from partition 0 alone, newest heartbeat in log order', async () => {
    const beats = [
      tick(heartbeat({ state: 'UP', lastSequence: 5 }), { ordinal: 1 }),
      tick(heartbeat({ state: 'DOWN', lastSequence: 9 }), { ordinal: 2, receiveTime: micros(MOMENT + 1_000_000) }),
    ]
    await store(...beats)
    expect(await all('select exchange, state, last_sequence::int as last from exchanges')).toEqual([
      { exchange: 'binance', state: 'DOWN', last: 9 },
    ])
    expect(
      await all('select state, extract(epoch from last_heartbeat - first_heartbeat)::int as seconds from sessions'),
    ).toEqual([{ state: 'DOWN', seconds: 1 }])
    await clear()
    const elsewhere = { topic: TOPIC, partition: 3 }
    const { stage } = rigOf(sink, database, logOf(records(beats)))
    await stage.assigned(elsewhere)
    await stage.batch(elsewhere, records(beats), { end: 2, ...ALIVE })
    expect(await all('select * from exchanges')).toEqual([])
    expect(await all('select part, next_offset::int as n from ingest.offsets')).toEqual([{ part: 3, n: 2 }])
  })

  test('notes a symbol once, with its parts', async () => {
    await store(
      tick(trade(), { ordinal: 1, symbol: 'NEW-USD' }),
      tick(quote(), { ordinal: 2, symbol: 'NEW-USD' }),
      tick(quote(), { ordinal: 3, symbol: 'NEW-USD-PERP' }),
    )
    expect(await all('select symbol, base, quote, perpetual, configured from symbols order by 1')).toEqual([
      { symbol: 'NEW-USD', base: 'NEW', quote: 'USD', perpetual: false, configured: false },
      { symbol: 'NEW-USD-PERP', base: 'NEW', quote: 'USD', perpetual: true, configured: false },
    ])
  })

  test('what is older in the log never replaces or withdraws a newer quote', async () => {
    await store(tick(quote({ bid: 1, ask: 2 }), { ordinal: 1 }), tick(quote({ bid: 3, ask: 4 }), { ordinal: 2 }))
    await own.pool.query('update latest_quotes set log_offset = 1000, partition = $1', [SLOT.partition])
    await own.pool.query('update ingest.offsets set next_offset = 0, tail_crc = null, tail_timestamp = null')
    await own.pool.query('truncate ingest.origins')
    await store(tick(quote({ bid: 5, ask: 6 }), { ordinal: 3 }))
    await store(
      tick(quote({ bid: 5, ask: 6 }), { ordinal: 3 }),
      tick(gap({ reason: 'STALL' }), { ordinal: 4, symbol: '' }),
    )
    expect(await all('select bid::text, withdrawn from latest_quotes')).toEqual([{ bid: '3', withdrawn: false }])
  })
})
