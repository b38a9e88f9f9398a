import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { candlesSink } from '../../consumers/candles-sink.ts'
import type { Database } from '../../consumers/database.ts'
import { opportunitiesSink } from '../../consumers/opportunities-sink.ts'
import type { OriginMemory } from '../../consumers/origin-memory.ts'
import type { Sink } from '../../consumers/sink.ts'
import { systemEventsSink } from '../../consumers/system-events-sink.ts'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived } from '../../core/processor.ts'
import { MICROS_PER_SECOND, micros } from '../../core/time.ts'
import { openPool } from '../../io/postgres.ts'
import { eventOf } from '../../processors/market/wire.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { candle, leg, life, opportunity, origin } from '../support/derived.ts'
import { MINUTE } from '../support/logged.ts'
import { TOPIC, jsonDecoder, logOf, play, recordOf, rigOf } from './rig.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'derived')
  database = openPool(own.url, 'ingest_rw', silentLog)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})
const clear = () =>
  own.pool.query(
    'truncate ingest.offsets, ingest.derived_origins, candles_1s, candles_1m, opportunities, opportunity_records, system_events',
  )
beforeEach(() => clear())

const records = (values: readonly unknown[]) => values.map((value, offset) => recordOf(offset, value))
const rows = async (query: string) => (await own.pool.query<Record<string, unknown>>(query)).rows
const after = (seconds: number) => micros(MINUTE + seconds * MICROS_PER_SECOND)

/** Stores a log's values, in one run or restarted after so many. */
async function store<Value, Memory>(
  sink: Sink<Value, Memory>,
  values: readonly Value[],
  { restart = 0, sizes = [100], on = database }: { restart?: number; sizes?: readonly number[]; on?: Database } = {},
): Promise<{ readonly fresh: number; readonly duplicate: number; readonly letters: number }> {
  const log = records(values)
  const former = log.slice(0, restart)
  const first = rigOf(sink, on, logOf(former, 0))
  if (former.length > 0) await play(first.stage, former, sizes)
  const second = rigOf(sink, on, logOf(log, 0))
  if (log.length > former.length) await play(second.stage, log, sizes)
  return {
    fresh: first.counts.fresh + second.counts.fresh,
    duplicate: first.counts.duplicate + second.counts.duplicate,
    letters: first.letters.length + second.letters.length,
  }
}

describe('candles sink', () => {
  const sink = candlesSink(TOPIC, jsonDecoder())

  test('puts seconds and minutes into their tables, with the end of each and the tick that closed it', async () => {
    const second = candle({ interval: '1s', openTime: after(59), exchange: '*', origin: origin({ offset: 4 }) })
    await store(sink, [second, candle({ feed: 'SIMULATED', origin: origin({ offset: 4, ordinal: 1, partition: 3 }) })])
    const COLUMNS = `exchange, symbol, open_time, close_time, open::text, high::text, low::text, close::text, volume::text,
                     quote_volume::text, vwap::text, trades::int, feed, partition, log_offset::int, origin_part, origin_offset::int`
    const figures = { open: '10', high: '12', low: '9', close: '11', volume: '4', quote_volume: '43', vwap: '10.75' }
    expect(await rows(`select ${COLUMNS} from candles_1s`)).toEqual([
      {
        exchange: '*',
        symbol: 'BTC-USDT',
        ...figures,
        trades: 3,
        feed: 'LIVE',
        partition: 0,
        log_offset: 0,
        open_time: new Date('2026-11-20T10:15:59Z'),
        close_time: new Date('2026-11-20T10:16:00Z'),
        origin_part: 0,
        origin_offset: 4,
      },
    ])
    expect(await rows(`select ${COLUMNS} from candles_1m`)).toEqual([
      {
        exchange: 'binance',
        symbol: 'BTC-USDT',
        ...figures,
        trades: 3,
        feed: 'SIMULATED',
        partition: 0,
        log_offset: 1,
        open_time: new Date('2026-11-20T10:15:00Z'),
        close_time: new Date('2026-11-20T10:16:00Z'),
        origin_part: 3,
        origin_offset: 4,
      },
    ])
  })

  /** The same minute, told again by a run that began elsewhere, after a first one of another input partition. */
  const TWICE = [
    candle({ origin: origin({ offset: 9 }) }),
    candle({ close: 9, origin: origin({ offset: 12, version: 2 }) }),
  ]
  const CLOSES = 'select close::text from candles_1m'

  test('a candle is final: of two the first on the log stays', async () => {
    await store(sink, TWICE)
    expect(await rows(CLOSES)).toEqual([{ close: '11' }])
  })

  test('the twin in which the last one wins is refused: the sinks may not change a candle', async () => {
    const lastWins = rewriting((text) =>
      text.replaceAll(
        'on conflict do nothing',
        'on conflict (exchange, symbol, open_time) do update set close = excluded.close',
      ),
    )
    await expect(store(sink, TWICE, { on: lastWins })).rejects.toMatchObject({ code: '42501' })
  })
})

describe('opportunities sink', () => {
  const sink = opportunitiesSink(TOPIC, jsonDecoder())
  const update = (n: number, change: Partial<Derived<Opportunity>> = {}) =>
    opportunity({
      phase: 'UPDATE',
      at: after(n),
      edgeBps: 10 + n,
      life: life({ durationMs: n * 1000, updates: n - 1, peakBps: 10 + n }),
      origin: origin({ offset: n }),
      ...change,
    })
  const close = (n: number) =>
    opportunity({
      ...update(n, { phase: 'CLOSE', edgeBps: 2, profit: -0.1, reason: 'edge' }),
      executableAfter: [
        { delayMs: 50, edgeBps: 11.5, executable: true },
        { delayMs: 500, edgeBps: undefined, executable: false },
      ],
    })
  const LIFE = [opportunity({ edgeBps: 10 }), update(1), update(2), close(3)]

  test('an opportunity has one row with its newest state, and a record of each moment of its life', async () => {
    await store(sink, LIFE)
    expect(
      await rows(`
        select opportunity_id, kind, phase, base, buy_exchange, buy_symbol, sell_exchange, sell_symbol, opened_at, updated_at, closed_at,
               ends_by, feed, gross_bps, edge_bps, open_edge_bps, peak_bps, time_weighted_bps, size::text, notional::text,
               profit::text, peak_profit::text, profit_time::text, numeraire, costs_epoch::int, reason, restricted, updates::int,
               duration_ms, executable_after, ttl_ms::int, partition, log_offset::int, processor, origin_version, origin_part,
               origin_offset::int, origin_ordinal, legs->0->>'exchange' as leg, legs->1->'evidence'->>'offset' as evidence
          from opportunities`),
    ).toEqual([
      {
        opportunity_id: 'x:0:1:0',
        kind: 'CROSS_EXCHANGE',
        phase: 'CLOSE',
        base: 'BTC',
        feed: 'LIVE',
        buy_exchange: 'binance',
        buy_symbol: 'BTC-USDT',
        sell_exchange: 'kraken',
        sell_symbol: 'BTC-USD',
        opened_at: new Date('2026-11-20T10:15:00Z'),
        updated_at: new Date('2026-11-20T10:15:03Z'),
        closed_at: new Date('2026-11-20T10:15:03Z'),
        // 10:15 cut at the next full ten minutes of the hour.
        ends_by: new Date('2026-11-20T10:20:00Z'),
        gross_bps: 30,
        edge_bps: 2,
        open_edge_bps: 10,
        peak_bps: 13,
        time_weighted_bps: 9.5,
        size: '2',
        notional: '200',
        profit: '-0.1',
        peak_profit: '3',
        profit_time: '2.5',
        numeraire: 'USD',
        costs_epoch: 1,
        reason: 'edge',
        restricted: false,
        updates: 2,
        duration_ms: 3000,
        ttl_ms: 600_000,
        // What is undefined in the record is absent in the JSON.
        executable_after: [
          { delayMs: 50, edgeBps: 11.5, executable: true },
          { delayMs: 500, executable: false },
        ],
        partition: 0,
        log_offset: 3,
        processor: 'market',
        origin_version: 1,
        origin_part: 0,
        origin_offset: 3,
        origin_ordinal: 0,
        leg: 'binance',
        evidence: '7',
      },
    ])
    expect(
      await rows(
        'select phase, edge_bps as edge, log_offset::int as at from opportunity_records order by origin_offset, origin_ordinal',
      ),
    ).toEqual([
      { phase: 'OPEN', edge: 10, at: 0 },
      { phase: 'UPDATE', edge: 11, at: 1 },
      { phase: 'UPDATE', edge: 12, at: 2 },
      { phase: 'CLOSE', edge: 2, at: 3 },
    ])
  })

  test('at OPEN its peak is its edge, it lasts nothing, and it ends at the next multiple of its ttl', async () => {
    await store(sink, [opportunity({ at: after(601), legs: [leg()] })])
    expect(
      await rows(
        'select peak_bps, peak_profit::text as peak, duration_ms, updates::int, time_weighted_bps as mean, ends_by, closed_at, sell_exchange from opportunities',
      ),
    ).toEqual([
      {
        peak_bps: 10,
        peak: '0.2',
        duration_ms: 0,
        updates: 0,
        mean: 10,
        closed_at: null,
        sell_exchange: null,
        ends_by: new Date('2026-11-20T10:30:00Z'),
      },
    ])
  })

  /** Lives side by side with late repeats of a paused processor between them, as any log may hold them. */
  const arbitraryLog = fc
    .record({
      lengths: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      isClosed: fc.boolean(),
      repeats: fc.array(fc.record({ at: fc.nat(40), of: fc.nat(40) }), { maxLength: 12 }),
    })
    .map(({ lengths, isClosed, repeats }) => {
      let offset = 0
      const longest = Math.max(...lengths)
      const clean: Derived<Opportunity>[] = []
      for (let step = 0; step < longest; step += 1)
        for (const [index, length] of lengths.entries()) {
          if (step >= length) continue
          const isLast = isClosed && step > 0 && step === length - 1
          const one = step === 0 ? opportunity({ at: after(0) }) : isLast ? close(step) : update(step)
          clean.push({ ...one, opportunityId: `x:0:${index}:0`, origin: origin({ offset: offset++, ordinal: index }) })
        }
      const all = [...clean]
      for (const { at, of } of repeats) {
        const one = clean[of % clean.length]
        // A repeat comes after its first copy.
        const first = all.findIndex((other) => other === one)
        if (one !== undefined) all.splice(first + 1 + (at % (all.length - first)), 0, one)
      }
      return { clean, all }
    })
  const STATE =
    'select opportunity_id, phase, edge_bps, open_edge_bps, updated_at, closed_at, origin_offset::int from opportunities order by 1'
  const HISTORY =
    'select opportunity_id, origin_offset::int, phase, edge_bps from opportunity_records order by 1, origin_offset'
  const told = async () => ({ state: await rows(STATE), history: await rows(HISTORY) })

  test('repeats of a paused processor change nothing, whatever the batches and restarts', () =>
    fc.assert(
      fc.asyncProperty(
        arbitraryLog,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        fc.nat(20),
        async ({ clean, all }, sizes, restart) => {
          await clear()
          await store(sink, clean)
          const undisturbed = await told()
          await clear()
          const counts = await store(sink, all, { restart: Math.min(restart, all.length), sizes })
          expect(await told()).toEqual(undisturbed)
          expect(counts).toEqual({ fresh: clean.length, duplicate: all.length - clean.length, letters: 0 })
        },
      ),
      { numRuns: 25 },
    ))

  /** A processor that slept since its first UPDATE wakes up after the CLOSE, and the sink restarts before it speaks. */
  const WAKING = [...LIFE, ...LIFE.slice(1, 2)]
  const phaseAfter = async (
    one: Sink<Derived<Opportunity>, OriginMemory>,
    on: Database = database,
  ): Promise<readonly unknown[]> => {
    await clear()
    await store(one, WAKING, { restart: LIFE.length, on })
    return (await rows('select phase from opportunities')).map(({ phase }) => phase)
  }
  const forgetful: typeof sink = { ...sink, recall: () => Promise.resolve(new Map()) }
  const withoutGuard = () =>
    rewriting((text) =>
      text.replace('where (o.origin_offset, o.origin_ordinal) < (excluded.origin_offset, excluded.origin_ordinal)', ''),
    )

  test('an older UPDATE never overwrites: the sieve drops it, and without the sieve’s memory the row refuses it', async () => {
    expect(await phaseAfter(sink)).toEqual(['CLOSE'])
    expect(await phaseAfter(sink, withoutGuard())).toEqual(['CLOSE'])
    expect(await phaseAfter(forgetful)).toEqual(['CLOSE'])
  })

  test('the twin without both is caught: a closed one lives again', async () => {
    expect(await phaseAfter(forgetful, withoutGuard())).not.toEqual(['CLOSE'])
  })
})

test('findings of a processor are system events, each stored once however often it is repeated', async () => {
  const sink = systemEventsSink(TOPIC, jsonDecoder())
  const finding = {
    kind: 'CROSSED',
    exchange: 'okx',
    symbol: 'BTC-USDT',
    at: MINUTE,
    message: 'x',
    details: {},
  } as const
  const [first, second] = [7, 8].map((offset) => eventOf(finding, origin({ offset, ordinal: 3, partition: 2 })))
  await store(
    sink,
    [first, second, first, second].filter((one) => one !== undefined),
  )
  expect(
    await rows(
      "select service, instance, sequence::int, kind, exchange, details->>'finding' as finding from system_events order by sequence",
    ),
  ).toEqual([
    {
      service: 'market',
      instance: 'market partition 2',
      sequence: 700_003,
      kind: 'QUALITY',
      exchange: 'okx',
      finding: 'CROSSED',
    },
    {
      service: 'market',
      instance: 'market partition 2',
      sequence: 800_003,
      kind: 'QUALITY',
      exchange: 'okx',
      finding: 'CROSSED',
    },
  ])
})

/** The database with each statement's text changed; a change that hits nothing is a mistake of the test. */
function rewriting(change: (text: string) => string): Database {
  const query = (statement: { readonly text: string; readonly name?: string; readonly values?: unknown[] }) => {
    if (statement.name === undefined) return database.query(statement)
    const text = change(statement.text)
    if (text === statement.text) throw new Error('the statement has changed: mend the twin')
    return database.query({ ...statement, name: `${statement.name}-twin`, text })
  }
  return new Proxy(database, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) })
}
