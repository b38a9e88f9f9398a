import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Database } from '../../consumers/database.ts'
import { matchesSink } from '../../consumers/matches-sink.ts'
import type { OriginMemory } from '../../consumers/origin-memory.ts'
import type { Sink } from '../../consumers/sink.ts'
import { matchIdOf, type Match } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import { MICROS_PER_SECOND, micros } from '../../core/time.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { origin } from '../support/derived.ts'
import { MINUTE } from '../support/logged.ts'
import { evidence, match } from '../support/matches.ts'
import { TOPIC, jsonDecoder, logOf, play, recordOf, rigOf } from './rig.ts'
import { sinkContract } from './sink-contract.ts'

const numbered = (n: number, change: Partial<Derived<Match>> = {}): Derived<Match> =>
  match({ origin: origin({ offset: n, ordinal: 1 }), ...change })

sinkContract({
  name: 'matches',
  sink: matchesSink,
  value: (n) => numbered(n),
  // Neither text nor jsonb of PostgreSQL holds a NUL.
  poison: (n) => numbered(n, { fields: { note: `\u0000 ${n}` } }),
  unbelievable: (n) => numbered(n, { ruleId: '' }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>('select match_id as key from matches')
    return rows.map(({ key }) => key)
  },
  keyOf: (value) => matchIdOf(value, value.origin),
  tables: ['matches', 'ingest.derived_origins'],
})

describe('a row of matches', () => {
  let own: TestDatabase
  let database: ReturnType<typeof openPool>
  const sink = matchesSink(TOPIC, jsonDecoder())

  beforeAll(async () => {
    own = await createTestDatabase(inject('stack').database, 'matches')
    database = openPool(own.url, 'ingest_rw', silentLog)
  })
  afterAll(async () => {
    await database.end()
    await own.drop()
  })
  beforeEach(() => own.pool.query('truncate ingest.offsets, ingest.derived_origins, matches'))

  const rows = async (query: string) => (await own.pool.query<Record<string, unknown>>(query)).rows
  /** Stores a log, restarted after so many; answers how many repeats were dropped. */
  async function store(
    one: Sink<Derived<Match>, OriginMemory>,
    values: readonly Derived<Match>[],
    { restart = 0, on = database }: { readonly restart?: number; readonly on?: Database } = {},
  ): Promise<number> {
    const log = values.map((value, offset) => recordOf(offset, value))
    const former = rigOf(one, on, logOf(log.slice(0, restart), 0))
    if (restart > 0) await play(former.stage, log.slice(0, restart), [100])
    const later = rigOf(one, on, logOf(log, 0))
    await play(later.stage, log, [100])
    return former.counts.duplicate + later.counts.duplicate
  }

  test('holds all that the record says', async () => {
    await store(sink, [
      match({
        ruleVersion: 3,
        shadow: true,
        phase: 'RESOLVED',
        reason: 'renew',
        severity: 'critical',
        fields: { changeBps: 52.25, note: 'a "b"\\', isFirst: true, z: null },
        inputs: { mean: 1e300 },
        evidence: [evidence(), evidence({ stream: 'best', offset: 9, exchange: undefined })],
        suppressed: 2 ** 40,
        origin: origin({ version: 4, partition: 3, offset: 2 ** 33, ordinal: 5 }),
      }),
    ])
    expect(
      await rows(`
        select match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, reason, severity, key, base, exchange,
               symbol, at, feed, fields, inputs, evidence, suppressed::text, partition, log_offset::int, processor,
               origin_version, origin_part, origin_offset::text, origin_ordinal, stored_at > now() - interval '1 min' as is_new
          from matches`),
    ).toEqual([
      {
        match_id: 'price-spike@3:3:8589934592:5',
        rule_id: 'price-spike',
        rule_version: 3,
        rule_set_hash: '9f86d081',
        shadow: true,
        type: 'PRICE_SPIKE',
        phase: 'RESOLVED',
        reason: 'renew',
        severity: 'critical',
        key: { exchange: 'binance', symbol: 'BTC-USDT' },
        base: 'BTC',
        exchange: 'binance',
        symbol: 'BTC-USDT',
        at: new Date('2026-11-20T10:15:00Z'),
        feed: 'LIVE',
        fields: { changeBps: 52.25, note: 'a "b"\\', isFirst: true, z: null },
        inputs: { mean: 1e300 },
        evidence: [
          { stream: 'trade', offset: 7, at: 1_795_169_700_000_000, exchange: 'binance', symbol: 'BTC-USDT' },
          { stream: 'best', offset: 9, at: 1_795_169_700_000_000, symbol: 'BTC-USDT' },
        ],
        suppressed: '1099511627776',
        partition: 0,
        log_offset: 0,
        processor: 'market',
        origin_version: 4,
        origin_part: 3,
        origin_offset: '8589934592',
        origin_ordinal: 5,
        is_new: true,
      },
    ])
  })

  test('has null where the record says nothing', async () => {
    await store(sink, [match({ exchange: undefined, symbol: undefined, evidence: [], inputs: {} })])
    expect(
      await rows('select reason, exchange, symbol, evidence, inputs, suppressed::int as held from matches'),
    ).toEqual([{ reason: null, exchange: null, symbol: null, evidence: [], inputs: {}, held: 0 }])
  })

  /** A processor that slept since its first match wakes up, and the sink restarts before it speaks. */
  const at = (n: number) => numbered(n, { at: micros(MINUTE + n * MICROS_PER_SECOND) })
  const WAKING = [at(1), at(2), at(3), { ...at(1), type: 'REPEATED' }, { ...at(2), type: 'REPEATED' }, at(4)]
  const typesAfter = async (one: typeof sink, on: Database = database) => {
    await store(one, WAKING, { restart: 3, on })
    return (await rows('select type from matches order by at')).map(({ type }) => type)
  }
  const ALL = Array.from({ length: 4 }, () => 'PRICE_SPIKE')
  const forgetful: typeof sink = { ...sink, recall: () => Promise.resolve(new Map()) }

  test('stays as it was: the sieve drops repeats, and without its memory the row stands', async () => {
    expect(await store(sink, WAKING, { restart: 3 })).toBe(2)
    expect((await rows('select type from matches')).map(({ type }) => type)).toEqual(ALL)
  })

  test('stays as it was without the memory of the sieve', async () => {
    expect(await typesAfter(forgetful)).toEqual(ALL)
  })

  /** Two input partitions side by side, with late repeats of a paused processor between. */
  const arbitraryLog = fc
    .record({
      partitions: fc.array(fc.nat(1), { minLength: 1, maxLength: 15 }),
      repeats: fc.array(fc.record({ at: fc.nat(40), of: fc.nat(40) }), { maxLength: 12 }),
    })
    .map(({ partitions, repeats }) => {
      const clean = partitions.map((partition, n) =>
        match({ origin: origin({ partition, offset: Math.floor(n / 2), ordinal: n % 2 }), at: micros(MINUTE + n) }),
      )
      const all = [...clean]
      for (const { at: where, of } of repeats) {
        const one = clean[of % clean.length]
        // A repeat comes after its first copy.
        const first = all.findIndex((other) => other === one)
        if (one !== undefined) all.splice(first + 1 + (where % (all.length - first)), 0, one)
      }
      return { clean, all }
    })

  test('stands once whatever was repeated, in whatever batches, and wherever the sink restarts', () =>
    fc.assert(
      fc.asyncProperty(arbitraryLog, fc.nat(20), async ({ clean, all }, restart) => {
        await own.pool.query('truncate ingest.offsets, ingest.derived_origins, matches')
        const duplicates = await store(sink, all, { restart: Math.min(restart, all.length) })
        expect(duplicates).toBe(all.length - clean.length)
        expect((await rows('select match_id as id from matches order by at')).map(({ id }) => id)).toEqual(
          clean.map((one) => matchIdOf(one, one.origin)),
        )
      }),
      { numRuns: 25 },
    ))

  test('may not be changed: the twin without memory in which the last one wins is refused', async () => {
    const lastWins = rewriting((text) =>
      text.replace('on conflict do nothing', 'on conflict (match_id) do update set type = excluded.type'),
    )
    await expect(typesAfter(forgetful, lastWins)).rejects.toMatchObject({ code: '42501' })
  })

  /** The database with the sink's statement changed; a change that hits nothing is a mistake of the test. */
  function rewriting(change: (text: string) => string): Database {
    const query = (statement: { readonly text: string; readonly name?: string; readonly values?: unknown[] }) => {
      if (statement.name === undefined) return database.query(statement)
      const text = change(statement.text)
      if (text === statement.text) throw new Error('the statement has changed: mend the twin')
      return database.query({ ...statement, name: `${statement.name}-twin`, text })
    }
    return new Proxy(database, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) })
  }
})
