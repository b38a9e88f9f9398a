import fc from 'fast-check'
import type { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Database } from '../../consumers/database.ts'
import type { Sink } from '../../consumers/sink.ts'
import type { Decoder } from '../../io/registry.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { ALIVE, SLOT, TOPIC, jsonDecoder, logOf, play, recordOf, rigOf } from './rig.ts'

/** What the suite must know of a sink. */
export type SinkCase<Value, Memory> = {
  readonly name: string
  sink(topic: string, decoder: Decoder<Value>): Sink<Value, Memory>
  /** The n-th value; each has a key of its own. */
  value(n: number): Value
  /** The same, but PostgreSQL will not take it. */
  poison(n: number): Value
  /** What the domain check will not believe. */
  unbelievable(n: number): Value
  /** Keys of the stored rows, as `keyOf` says them. */
  stored(pool: Pool): Promise<readonly string[]>
  keyOf(value: Value): string
  /** Tables to empty between tests. */
  readonly tables: readonly string[]
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

/** What every sink promises (reliability.md section 4), on a real PostgreSQL. */
export function sinkContract<Value, Memory>(one: SinkCase<Value, Memory>): void {
  describe(`${one.name} sink`, () => {
    let own: TestDatabase
    let database: ReturnType<typeof openPool>
    const sink = one.sink(TOPIC, jsonDecoder())
    const recordsOf = (count: number) => numbers(count).map((n) => recordOf(n, one.value(n)))
    const keysOf = (ns: readonly number[]) => ns.map((n) => one.keyOf(one.value(n))).toSorted()
    const stored = async () => [...(await one.stored(own.pool))].toSorted()
    const offsetRow = async () => {
      const { rows } = await own.pool.query<{ next: string }>(
        'select next_offset as next from ingest.offsets where consumer = $1 and topic = $2 and part = $3',
        [sink.consumer, SLOT.topic, SLOT.partition],
      )
      return rows.map(({ next }) => Number(next))
    }

    const clear = () => own.pool.query(`truncate ingest.offsets, ingest.origins, ${one.tables.join(', ')}`)

    beforeAll(async () => {
      own = await createTestDatabase(inject('stack').database, 'sink')
      database = openPool(own.url, 'ingest_rw', silentLog)
    })
    afterAll(async () => {
      await database.end()
      await own.drop()
    })
    beforeEach(() => clear())

    test('stores each record once and its offset row says the last one plus one, whatever the batches', () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), async (sizes) => {
          await clear()
          const records = recordsOf(120)
          const { stage, counts } = rigOf(sink, database, logOf(records), { maxRows: 50 })
          expect(await play(stage, records, sizes)).toBe(120)
          expect(await stored()).toEqual(keysOf(numbers(120)))
          expect(await offsetRow()).toEqual([120])
          expect(counts).toMatchObject({ in: 120, fresh: 120, duplicate: 0, fault: 0, fenced: 0 })
        }),
        { numRuns: 10 },
      ))

    test('goes on where another instance has ended', async () => {
      const records = recordsOf(100)
      await play(rigOf(sink, database, logOf(records.slice(0, 60))).stage, records.slice(0, 60))
      const second = rigOf(sink, database, logOf(records))
      expect(await second.stage.assigned(SLOT)).toBe(60)
      await play(second.stage, records)
      expect(second.counts.in).toBe(40)
      expect(await stored()).toEqual(keysOf(numbers(100)))
    })

    test('stores nothing twice when the log is read again from its first record', async () => {
      const records = recordsOf(100)
      await play(rigOf(sink, database, logOf(records)).stage, records)
      await own.pool.query('update ingest.offsets set next_offset = 0, tail_timestamp = null, tail_crc = null')
      await play(rigOf(sink, database, logOf(records)).stage, records, [37])
      expect(await stored()).toEqual(keysOf(numbers(100)))
      expect(await offsetRow()).toEqual([100])
    })

    test('passes over holes that compaction left', async () => {
      const records = recordsOf(50).filter(({ offset }) => offset % 7 !== 3)
      await play(rigOf(sink, database, logOf(records, 0)).stage, records, [10])
      expect(await stored()).toEqual(keysOf(numbers(50).filter((n) => n % 7 !== 3)))
      expect(await offsetRow()).toEqual([50])
    })

    test('three instances that fight for a slot store each record once, and the slower are fenced', async () => {
      const records = recordsOf(400)
      const rivals = [1, 2, 3].map(() => rigOf(sink, database, logOf(records), { maxRows: 5 }))
      const starts = await Promise.all(rivals.map(({ stage }) => stage.assigned(SLOT)))
      expect(starts).toEqual([0, 0, 0])
      await Promise.all(rivals.map(({ stage }) => play(stage, records, [20], ALIVE, 0)))
      expect(await stored()).toEqual(keysOf(numbers(400)))
      expect(await offsetRow()).toEqual([400])
      expect(rivals.reduce((sum, { counts }) => sum + counts.fenced, 0)).toBeGreaterThan(0)
      expect(rivals.flatMap(({ letters }) => letters)).toEqual([])
    })

    test('goes back where the database lost its last moments', async () => {
      const records = recordsOf(90)
      const { stage, counts } = rigOf(sink, database, logOf(records))
      await play(stage, records.slice(0, 60), [30])
      // synchronous_commit is off: after a crash of the server rows and offset are as they were a moment ago.
      await clear()
      await play(rigOf(sink, database, logOf(records)).stage, records.slice(0, 30), [30])
      const asked = await stage.batch(SLOT, records.slice(60), { end: 90, ...ALIVE })
      expect(asked).toBe(30)
      expect(counts.fenced).toBe(1)
      await stage.batch(SLOT, records.slice(30), { end: 90, ...ALIVE })
      expect(await stored()).toEqual(keysOf(numbers(90)))
    })

    test('stops at once when the slot is no longer its own', async () => {
      const records = recordsOf(100)
      let asked = 0
      const turn = { alive: () => Promise.resolve((asked += 1) <= 4) }
      const { stage } = rigOf(sink, database, logOf(records), { maxRows: 10 })
      const next = await play(stage, records, [100], turn)
      expect(await offsetRow()).toEqual([next])
      expect(next).toBeLessThan(100)
      expect(await stored()).toEqual(keysOf(numbers(next)))
    })

    test('puts a record that PostgreSQL refuses, and no other, into the dead letters', async () => {
      const records = numbers(100).map((n) => recordOf(n, n === 61 ? one.poison(n) : one.value(n)))
      const { stage, letters, counts } = rigOf(sink, database, logOf(records))
      await play(stage, records)
      expect(await stored()).toEqual(keysOf(numbers(100).filter((n) => n !== 61)))
      expect(await offsetRow()).toEqual([100])
      expect(letters.map(({ topic, value }) => ({ topic, value }))).toEqual([
        { topic: `${TOPIC}.dead-letters`, value: records[61]?.value },
      ])
      expect(
        Object.fromEntries((letters[0]?.headers ?? []).map(([name, value]) => [name, value.toString()])),
      ).toMatchObject({
        'dlq-topic': TOPIC,
        'dlq-partition': '0',
        'dlq-offset': '61',
        'dlq-stage': 'sink',
        'dlq-error': expect.stringMatching(/^22/),
      })
      expect(counts.refused).toBe(1)
    })

    test.each([
      ['PostgreSQL refuses', (n: number) => one.poison(n)],
      ['cannot be believed', (n: number) => one.unbelievable(n)],
    ] as const)('a record that %s is in the dead letters before its offset has passed', async (_, bad) => {
      const records = numbers(100).map((n) => recordOf(n, n === 61 ? bad(n) : one.value(n)))
      const { stage, letters } = rigOf(sink, dyingPast(61, database, offsetRow), logOf(records))
      await expect(play(stage, records)).rejects.toThrow('killed')
      expect(letters.map(({ value }) => value)).toEqual([records[61]?.value])
      await play(rigOf(sink, database, logOf(records)).stage, records)
      expect(await stored()).toEqual(keysOf(numbers(100).filter((n) => n !== 61)))
    })

    test('stops when PostgreSQL refuses over a tenth of a batch: that is our fault, not the data’s', async () => {
      const records = numbers(200).map((n) => recordOf(n, n % 5 === 0 ? one.poison(n) : one.value(n)))
      const { stage } = rigOf(sink, database, logOf(records))
      await expect(play(stage, records, [200])).rejects.toMatchObject({ code: 'DATABASE_REFUSED' })
    })

    test('puts what cannot be read or believed into the dead letters and goes on', async () => {
      const records = numbers(30).map((n) =>
        recordOf(n, n === 7 ? 'broken' : n === 8 ? one.unbelievable(n) : one.value(n)),
      )
      const { stage, letters, counts } = rigOf(sink, database, logOf(records))
      await play(stage, records)
      expect(letters.map(({ value }) => value)).toEqual([records[7]?.value, records[8]?.value])
      expect(await stored()).toEqual(keysOf(numbers(30).filter((n) => n !== 7 && n !== 8)))
      expect(counts).toMatchObject({ in: 30, fresh: 28, fault: 2 })
    })

    test('a terminated connection is waited out: no record is lost, none becomes a letter', async () => {
      const records = recordsOf(100)
      const { stage, letters, outages } = rigOf(sink, terminating(database, own.pool, 7), logOf(records), {
        maxRows: 5,
      })
      await play(stage, records)
      expect(outages).toContain('57P01')
      expect(letters).toEqual([])
      expect(await stored()).toEqual(keysOf(numbers(100)))
      expect(await offsetRow()).toEqual([100])
    })

    test('the twin that takes a terminated connection for bad data makes letters', async () => {
      const records = recordsOf(100)
      const twin = badDataForOutages(terminating(database, own.pool, 7))
      const { stage, letters } = rigOf(sink, twin, logOf(records), { maxRows: 1 })
      await play(stage, records).catch(() => undefined)
      expect(letters.length).toBeGreaterThan(0)
    })

    test('connections that are terminated at any moment cost no record', async () => {
      const records = recordsOf(600)
      const { stage, letters } = rigOf(sink, database, logOf(records), { maxRows: 5 })
      const killing = killBackends(own.pool)
      await play(stage, records, [50])
      await killing.stop()
      expect(letters).toEqual([])
      expect(await stored()).toEqual(keysOf(numbers(600)))
      expect(await offsetRow()).toEqual([600])
    })

    test('a statement whose answer is lost counts once', async () => {
      const records = recordsOf(100)
      const { stage, counts, outages } = rigOf(sink, losingAnswers(database, 7), logOf(records), { maxRows: 10 })
      await play(stage, records)
      expect(await stored()).toEqual(keysOf(numbers(100)))
      expect(outages.length).toBeGreaterThan(0)
      expect(counts.fenced).toBe(0)
    })

    test('refuses a log that is not the one it has read', async () => {
      const records = recordsOf(50)
      await play(rigOf(sink, database, logOf(records)).stage, records)
      const shorter = rigOf(sink, database, logOf(records.slice(0, 20)))
      await expect(shorter.stage.assigned(SLOT)).rejects.toMatchObject({ code: 'LOG_CHANGED' })
      const another = records.map(({ offset }) => recordOf(offset, one.value(offset + 1000)))
      await expect(rigOf(sink, database, logOf(another)).stage.assigned(SLOT)).rejects.toMatchObject({
        code: 'LOG_CHANGED',
      })
      const restamped = records.map((record) => ({ ...record, timestampMs: record.timestampMs + 1 }))
      await expect(rigOf(sink, database, logOf(restamped)).stage.assigned(SLOT)).rejects.toMatchObject({
        code: 'LOG_CHANGED',
      })
    })

    test('refuses a log whose unread records retention took, and goes on where it took only read ones', async () => {
      const records = recordsOf(80)
      await play(rigOf(sink, database, logOf(records.slice(0, 50))).stage, records.slice(0, 50))
      const trimmed = rigOf(sink, database, logOf(records.slice(60), 60))
      await expect(trimmed.stage.assigned(SLOT)).rejects.toMatchObject({ code: 'LOG_TRIMMED' })
      expect(await rigOf(sink, database, logOf(records.slice(50), 50)).stage.assigned(SLOT)).toBe(50)
    })
  })
}

/** Terminates the sinks' connections every few milliseconds. */
function killBackends(pool: Pool): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crosstide ingest_rw' and datname = current_database() and random() < 0.7",
      )
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
  }
  const running = loop()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Every n-th statement waits in the server until its connection is terminated there. */
const terminating = (database: Database, owner: Pool, every: number): Database => {
  let calls = 0
  return wrapped(database, async (run) => {
    calls += 1
    if (calls % every !== 0) return run()
    const waiting = database.query('select pg_sleep(30) as terminated')
    waiting.catch(() => undefined)
    for (let ended = 0; ended === 0;) {
      const { rowCount } = await owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where query like 'select pg_sleep(30) as terminated' and state = 'active' and datname = current_database()`,
      )
      ended = rowCount ?? 0
    }
    return waiting
  })
}

const badDataForOutages = (database: Database): Database =>
  wrapped(database, (run) =>
    run().catch((error: unknown) => {
      throw Object.assign(new Error('taken for bad data'), { code: '22000', cause: error })
    }),
  )

/** Every n-th answer is lost after the statement has committed. */
const losingAnswers = (database: Database, every: number): Database => {
  let calls = 0
  return wrapped(database, async (run) => {
    const answer = await run()
    calls += 1
    if (calls % every === 0) throw Object.assign(new Error('Connection terminated unexpectedly'))
    return answer
  })
}

/** The process dies as soon as the offset row has passed the record, before anything else can happen. */
const dyingPast = (offset: number, database: Database, offsetRow: () => Promise<readonly number[]>): Database =>
  wrapped(database, async (run) => {
    const answer = await run()
    if ((await offsetRow()).some((next) => next > offset)) throw new Error('killed')
    return answer
  })

/** `pool.query` has many signatures; a proxy keeps them all. */
function wrapped(database: Database, around: (run: () => Promise<unknown>) => Promise<unknown>): Database {
  return new Proxy(database, {
    get: (target, name) =>
      name === 'query'
        ? (...parameters: Parameters<Database['query']>) => around(() => Promise.resolve(target.query(...parameters)))
        : Reflect.get(target, name),
  })
}
