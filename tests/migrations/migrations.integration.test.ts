import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openPool, type DatabaseRole } from '../../io/postgres.ts'
import { migrate } from '../../migrations/main.ts'
import { createEmptyDatabase, createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'migrations')
})
afterAll(() => own.drop())

const column = async (query: string): Promise<readonly unknown[]> =>
  (await own.pool.query<Record<string, unknown>>(query)).rows.flatMap((row) => Object.values(row))

async function as<T>(role: DatabaseRole, use: (pool: ReturnType<typeof openPool>) => Promise<T>): Promise<T> {
  const pool = openPool(own.url, role, silentLog, 1)
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

/** SQLSTATE of a statement that must fail. */
const refusal = (role: DatabaseRole, statement: string): Promise<unknown> =>
  as(role, (pool) =>
    pool.query(statement).then(
      () => 'allowed',
      (error: { readonly code?: string }) => error.code,
    ),
  )

describe('migrations', () => {
  test('every table, view and column has a comment', async () => {
    await own.pool.query(
      "select ingest.add_partition('trades', current_date), ingest.add_partition('quotes', current_date)",
    )
    expect(
      await column(`
        select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('public', 'ingest') and c.relkind in ('r', 'p', 'v', 'm') and obj_description(c.oid) is null`),
    ).toEqual([])
    expect(
      await column(`
        select n.nspname || '.' || c.relname || '.' || a.attname
          from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
         where n.nspname in ('public', 'ingest') and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
           and col_description(c.oid, a.attnum) is null`),
    ).toEqual([])
  })

  test('a second run changes nothing, and several at a time are safe', async () => {
    const state = () =>
      column(
        `select string_agg(oid::text, ',' order by oid) from pg_class where relnamespace in ('public'::regnamespace, 'ingest'::regnamespace)`,
      )
    const before = await state()
    await Promise.all([1, 2, 3].map(() => migrate(own.url, silentLog)))
    expect(await state()).toEqual(before)
  })

  test('databases on one server can be made at the same time', async () => {
    const empty = await Promise.all([1, 2, 3].map(() => createEmptyDatabase(inject('stack').database, 'migrations')))
    try {
      await Promise.all(empty.map(({ url }) => migrate(url, silentLog)))
      const counts = await Promise.all(empty.map(({ pool }) => pool.query('select * from public.latest_prices')))
      expect(counts.map(({ rowCount }) => rowCount)).toEqual([0, 0, 0])
    } finally {
      await Promise.all(empty.map((one) => one.drop()))
    }
  })

  test('a view whose text has changed is made anew', async () => {
    await own.pool.query("update ingest.view_sources set hash = 'former' where view = 'sink_positions'")
    await as('migrator', (pool) =>
      pool.query('drop view sink_positions; create view sink_positions as select 1 as former'),
    )
    await migrate(own.url, silentLog)
    expect(
      await column("select attname from pg_attribute where attrelid = 'sink_positions'::regclass and attnum = 1"),
    ).toEqual(['consumer'])
  })

  test('a day’s rows that lie in DEFAULT move to its partition', async () => {
    await own.pool.query(`
      insert into trades (exchange, symbol, trade_id, event_time, price, size, feed, receive_time, session, ordinal, sequence, partition, log_offset)
      values ('binance', 'BTC-USD', '1', '2020-05-05 23:59:59.999999Z', 1, 1, 'LIVE', now(), 1, 1, 1, 0, 0),
             ('binance', 'BTC-USD', '2', '2020-05-06 00:00:00Z', 1, 1, 'LIVE', now(), 1, 2, 1, 0, 1)`)
    await own.pool.query("select ingest.add_partition('trades', '2020-05-05')")
    expect(await column('select trade_id from trades_20200505')).toEqual(['1'])
    expect(await column('select trade_id from trades_default')).toEqual(['2'])
  })
})

describe('roles', () => {
  const insert = "insert into exchanges (exchange) values ('x')"

  test('api_ro reads schema public, its views too', async () => {
    await as('api_ro', async (pool) => {
      const { rows } = await pool.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('p', 'v', 'm') or relname = 'latest_quotes'`,
      )
      for (const { name } of rows) await pool.query(`select * from ${name} limit 1`)
      expect(rows.length).toBeGreaterThan(8)
    })
  })

  test('api_ro cannot write, not even in a transaction that it makes writable', async () => {
    expect(await refusal('api_ro', insert)).toBe('25006')
    expect(await refusal('api_ro', `begin read write; ${insert}`)).toBe('42501')
    expect(await refusal('api_ro', 'begin read write; create table public.mine (a int)')).toBe('42501')
    expect(await refusal('api_ro', "begin read write; select ingest.add_partition('trades', '2020-01-01')")).toBe(
      '42501',
    )
  })

  test('api_ro does not see the machinery', async () => {
    expect(await refusal('api_ro', 'select * from ingest.offsets')).toBe('42501')
  })

  test('ingest_rw cannot change or drop what the sinks only append to', async () => {
    expect(await refusal('ingest_rw', 'update trades set price = 1')).toBe('42501')
    expect(await refusal('ingest_rw', 'delete from trades')).toBe('42501')
    expect(await refusal('ingest_rw', 'drop table trades')).toBe('42501')
    expect(await refusal('ingest_rw', "select ingest.drop_partition('pg_class', '2020-01-01')")).toBe('P0001')
    expect(await refusal('ingest_rw', "select ingest.refresh_view('pg_class')")).toBe('P0001')
  })

  test('a login as the role itself has its settings', async () => {
    expect(await column("select unnest(rolconfig) from pg_roles where rolname = 'api_ro' order by 1")).toEqual([
      'default_transaction_read_only=on',
      'statement_timeout=2s',
    ])
    expect(
      await column("select rolname from pg_roles where rolname in ('api_ro', 'ingest_rw', 'migrator') and rolcanlogin"),
    ).toHaveLength(3)
  })

  test('the owner of a database who is no superuser can bootstrap and become each role', async () => {
    const name = `owner_${process.pid}_${Date.now()}`
    const empty = await createEmptyDatabase(inject('stack').database, 'owned')
    try {
      const database = new URL(empty.url).pathname.slice(1)
      await empty.pool.query(`create role ${name} login createrole password 'owner'`)
      // On a server whose roles another made, its administrator hands them on.
      await empty.pool.query(`grant migrator, ingest_rw, api_ro, api_rw to ${name} with admin option`)
      await empty.pool.query(`alter database ${database} owner to ${name}`)
      const url = new URL(empty.url)
      url.username = name
      url.password = 'owner'
      await migrate(url.href, silentLog)
      const pool = openPool(url.href, 'ingest_rw', silentLog, 1)
      const { rows } = await pool.query('select current_user::text as role, count(*)::int as rows from trades')
      await pool.end()
      expect(rows).toEqual([{ role: 'ingest_rw', rows: 0 }])
    } finally {
      await empty.pool.query(`reassign owned by ${name} to postgres`).catch(() => undefined)
      await empty.pool.query(`drop owned by ${name}`).catch(() => undefined)
      await empty.drop()
      await own.pool.query(`drop role if exists ${name}`)
    }
  })
})
