import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { refreshViews } from '../../consumers/refresher.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let writer: ReturnType<typeof openPool>
let reader: ReturnType<typeof openPool>

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'rules')
  writer = openPool(own.url, 'ingest_rw', silentLog, 1)
  reader = openPool(own.url, 'api_ro', silentLog, 1)
})
afterAll(async () => {
  await writer.end()
  await reader.end()
  await own.drop()
})
beforeEach(() => own.pool.query('truncate matches, alerts, trade_minutes, ingest.view_refreshes cascade'))

type Written = {
  readonly rule?: string
  readonly version?: number
  readonly phase?: string
  readonly shadow?: boolean
  readonly suppressed?: number
  readonly feed?: string
}
let written = 0
/** A match so many minutes ago. */
const match = (minutesAgo: number, { rule = 'a', version = 1, phase = 'FIRED', ...more }: Written = {}) =>
  own.pool.query(
    `insert into matches (match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, severity, key, base, at, feed, fields, inputs,
            evidence, suppressed, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal)
     values ($1, $2, $3, '', $4, 'T', $5, 'info', '{}', 'BTC', now() - $6 * interval '1 minute', $7, '{}', '{}', '[]', $8, 0, 0, 'market', 1, 0, 0, 0)`,
    [written++, rule, version, more.shadow ?? false, phase, minutesAgo, more.feed ?? 'LIVE', more.suppressed ?? 0],
  )
const alert = (minutesAgo: number, phase: string, rule: string | null = 'a') =>
  own.pool.query(
    `insert into alerts (alert_id, alert_key, source, phase, severity, type, title, at, feed, rule_id, rule_version, key, fields, evidence,
            suppressed, state, partition, log_offset)
     values ($1, 'k', 'RULE', $2, 'info', 'T', 't', now() - $3 * interval '1 minute', 'LIVE', $4::text,
             case when $4::text is not null then 1 end, '{}', '{}', '[]', 0, 'open', 0, 0)`,
    [written++, phase, minutesAgo, rule],
  )
const stats = async (columns: string) => {
  await refreshViews(writer, 0)
  const { rows } = await reader.query<Record<string, unknown>>(
    `select rule_id || '@' || rule_version as rule, ${columns} from rule_stats order by rule_id, rule_version`,
  )
  return rows
}

describe('rule_stats', () => {
  test('counts by phase within the hour and the day, what was held back, and what was tried in the shadow', async () => {
    await match(10, { suppressed: 3 })
    await match(5, { phase: 'RESOLVED' })
    await match(59, { phase: 'TIMEOUT' })
    await match(61, { suppressed: 4, feed: 'SIMULATED' })
    await match(62, { phase: 'RESOLVED' })
    await match(90, { shadow: true })
    await match(24 * 60 + 1, { suppressed: 99, phase: 'TIMEOUT' })
    expect(
      await stats(`fired_1h::int as f1, resolved_1h::int as r1, timeout_1h::int as t1, fired_24h::int as f24, resolved_24h::int as r24,
                   timeout_24h::int as t24, shadow_24h::int as shadow, suppressed_24h::int as held, feed, as_of > now() - interval '10 s' as is_new`),
    ).toEqual([
      { rule: 'a@1', f1: 1, r1: 1, t1: 1, f24: 3, r24: 2, t24: 1, shadow: 1, held: 7, feed: 'SIMULATED', is_new: true },
    ])
  })

  test('has a row for each version, and tells when one last fired that has been quiet for days', async () => {
    await match(30, { version: 2 })
    await match(20, { version: 2, phase: 'RESOLVED' })
    await match(40, { version: 2 })
    await match(3 * 24 * 60)
    await match(5 * 24 * 60)
    await match(2 * 24 * 60, { rule: 'b', version: 7, phase: 'RESOLVED' })
    await match(1, { rule: 'c', phase: 'TIMEOUT' })
    const minutes = 'round(extract(epoch from now() - last_fired) / 60)::int as fired_ago'
    expect(await stats(`fired_24h::int as fired, ${minutes}, feed`)).toEqual([
      { rule: 'a@1', fired: 0, fired_ago: 3 * 24 * 60, feed: null },
      { rule: 'a@2', fired: 2, fired_ago: 30, feed: 'LIVE' },
      // b has fired nothing that is kept, and nothing within the day.
      { rule: 'c@1', fired: 0, fired_ago: null, feed: 'LIVE' },
    ])
  })

  test('counts the alerts that fired, not those that resolved, nor those of services', async () => {
    await match(10)
    await alert(10, 'FIRED')
    await alert(9, 'RESOLVED')
    await alert(70, 'FIRED')
    await alert(24 * 60 + 1, 'FIRED')
    await alert(10, 'FIRED', null)
    expect(await stats('alerts_1h::int as hour, alerts_24h::int as day')).toEqual([{ rule: 'a@1', hour: 1, day: 2 }])
  })

  test('of recorded traffic the day is that of its newest minute, not ours', async () => {
    await own.pool.query(`
      insert into trade_minutes (exchange, symbol, minute, open, high, low, close, volume, quote_volume, feed, trades, open_time, open_offset,
                                 close_time, close_offset, receive_time)
      values ('binance', 'BTC-USDT', date_trunc('minute', now() - interval '5 days'), 1, 1, 1, 1, 1, 1, 'RECORDED', 1, now(), 1, now(), 1, now())`)
    await match(5 * 24 * 60 + 30, { feed: 'RECORDED' })
    await match(6 * 24 * 60 + 30, { feed: 'RECORDED' })
    expect(await stats('fired_1h::int as hour, fired_24h::int as day, feed')).toEqual([
      { rule: 'a@1', hour: 1, day: 1, feed: 'RECORDED' },
    ])
  })

  // 40,000 of one rule within 30 days: versions are found from one to the next, the day by its time.
  test('reads the day by the index, and of the days before one row a version', async () => {
    await own.pool.query(`
      insert into matches (match_id, rule_id, rule_version, rule_set_hash, shadow, type, phase, severity, key, base, at, feed, fields, inputs,
             evidence, suppressed, partition, log_offset, processor, origin_version, origin_part, origin_offset, origin_ordinal)
      select 'many' || n, 'a', 1, '', false, 'T', 'FIRED', 'info', '{}', 'BTC', now() - n * interval '1 minute', 'LIVE', '{}', '{}', '[]', 0,
             0, 0, 'market', 1, 0, n, 0
        from generate_series(1, 40000) n;
      analyze matches`)
    await refreshViews(writer, 0)
    const { rows: definition } = await own.pool.query<{ text: string }>(
      "select pg_get_viewdef('rule_stats'::regclass) as text",
    )
    const { rows: plan } = await own.pool.query(`explain (analyze, timing off, format json) ${definition[0]?.text}`)
    const touched = [...JSON.stringify(plan).matchAll(/"Relation Name":"matches".*?"Actual Rows":([\d.]+)/g)]
    expect(touched.length).toBeGreaterThan(2)
    expect(JSON.stringify(plan)).not.toMatch(/"Node Type":"Seq Scan"[^{}]*"Relation Name":"matches"/)
    for (const [, rows] of touched) expect(Number(rows)).toBeLessThanOrEqual(24 * 60)
  })
})
