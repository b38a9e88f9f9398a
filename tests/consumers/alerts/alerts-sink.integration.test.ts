import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { alertsSink } from '../../../consumers/alerts/alerts-sink.ts'
import type { WrittenAlert } from '../../../core/alert.ts'
import { micros } from '../../../core/time.ts'
import { openPool } from '../../../io/postgres.ts'
import { alert, serviceAlert } from '../../support/alerts.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts'
import { origin } from '../../support/derived.ts'
import { jsonDecoder, logOf, play, recordOf, rigOf, TOPIC } from '../rig.ts'
import { sinkContract } from '../sink-contract.ts'

const CHANNELS = ['log', 'desk']
const sinkOf = (topic: string, decoder: ReturnType<typeof jsonDecoder<WrittenAlert>>) =>
  alertsSink(topic, decoder, CHANNELS)

for (const [name, nth] of [
  ['alerts of rules', alert],
  ['alerts of services', serviceAlert],
] as const) {
  sinkContract({
    name,
    sink: sinkOf,
    value: (n) => nth(n),
    // PostgreSQL's text holds no NUL, nor does its jsonb.
    poison: (n) => nth(n, n % 2 === 0 ? { title: '\u0000' } : { fields: { text: '\u0000' } }),
    unbelievable: (n) => nth(n, { type: '' }),
    async stored(pool) {
      const { rows } = await pool.query<{ key: string }>(
        `select o.alert_id as key from ingest.alert_outbox o join alerts using (alert_id) where channel = 'desk'`,
      )
      return rows.map(({ key }) => key)
    },
    keyOf: ({ alertId }) => alertId,
    tables: ['alerts', 'ingest.alert_outbox', 'ingest.derived_origins'],
  })
}

describe('the alerts sink', () => {
  let own: TestDatabase
  let database: ReturnType<typeof openPool>
  beforeAll(async () => {
    own = await createTestDatabase(inject('stack').database, 'alerts')
    database = openPool(own.url, 'ingest_rw', silentLog)
  })
  afterAll(async () => {
    await database.end()
    await own.drop()
  })
  beforeEach(() =>
    own.pool.query('truncate ingest.offsets, ingest.derived_origins, alerts, ingest.alert_outbox restart identity'),
  )

  const store = async (alerts: readonly WrittenAlert[], sizes: readonly number[] = [100]) => {
    const records = alerts.map((value, n) => recordOf(n, value))
    const rig = rigOf(sinkOf(TOPIC, jsonDecoder()), database, logOf(records))
    await play(rig.stage, records, sizes)
    return rig
  }
  const rows = async (text: string) => (await own.pool.query<Record<string, unknown>>(text)).rows

  const story = { alertKey: 'rule spike {}' }
  const fired = (n: number) => alert(n, story)
  const resolved = (n: number) => alert(n, { ...story, phase: 'RESOLVED' })

  test.each([[[100]], [[1]], [[2, 1, 100]]])(
    'a RESOLVED resolves what fired before it in its story, in batches of %j',
    async (sizes) => {
      await store([fired(0), fired(1), resolved(2), fired(3), alert(4), resolved(5), fired(6)], sizes)
      expect(
        await rows(`select log_offset::int as n, state, (extract(epoch from resolved_at) * 1000000)::bigint::text as at
                      from alerts order by log_offset`),
      ).toEqual([
        { n: 0, state: 'resolved', at: String(alert(2).at) },
        { n: 1, state: 'resolved', at: String(alert(2).at) },
        { n: 2, state: 'resolved', at: String(alert(2).at) },
        { n: 3, state: 'resolved', at: String(alert(5).at) },
        { n: 4, state: 'open', at: null },
        { n: 5, state: 'resolved', at: String(alert(5).at) },
        { n: 6, state: 'open', at: null },
      ])
    },
  )

  // 15 minutes are 900,000 ms; the n-th alert is of n microseconds after the first.
  const PASS = 900_000_000
  test.each([[[100]], [[1]], [[2, 1, 3, 100]]])(
    'what never is resolved passes, and what a renewal ended does, whatever comes after that, in batches of %j',
    async (sizes) => {
      const at = (n: number, us: number) => ({ at: micros(alert(n).at + us) })
      const renewed = (n: number, change: Partial<WrittenAlert> = {}) =>
        alert(n, { ...story, phase: 'RESOLVED', reason: 'renew', ...change })
      await store(
        [
          alert(0, { ...story, resolves: false }),
          fired(1),
          renewed(2),
          fired(3),
          alert(4, { ...story, ...at(4, PASS) }),
          // After 0 and 1 have passed, before 3.
          alert(5, { ...story, phase: 'RESOLVED', ...at(5, PASS) }),
          fired(6),
          renewed(7, at(7, PASS)),
          renewed(8, at(8, 2 * PASS)),
          alert(9, { alertKey: 'another', resolves: false }),
        ],
        sizes,
      )
      expect(
        await rows(`select log_offset::int as n, state, (extract(epoch from resolved_at) * 1000000)::float8 as resolved,
                           (extract(epoch from expires_at) * 1000000)::float8 as expires from alerts order by log_offset`),
      ).toEqual([
        { n: 0, state: 'open', resolved: null, expires: alert(0).at + PASS },
        { n: 1, state: 'open', resolved: null, expires: alert(2).at + PASS },
        { n: 2, state: 'resolved', resolved: alert(2).at, expires: null },
        { n: 3, state: 'resolved', resolved: alert(5).at + PASS, expires: null },
        { n: 4, state: 'resolved', resolved: alert(5).at + PASS, expires: null },
        { n: 5, state: 'resolved', resolved: alert(5).at + PASS, expires: null },
        { n: 6, state: 'open', resolved: null, expires: alert(7).at + 2 * PASS },
        { n: 7, state: 'resolved', resolved: alert(7).at + PASS, expires: null },
        { n: 8, state: 'resolved', resolved: alert(8).at + 2 * PASS, expires: null },
        { n: 9, state: 'open', resolved: null, expires: alert(9).at + PASS },
      ])
    },
  )

  test('readers see as passed what has, and among what is open nothing of it', async () => {
    const now = micros(Date.now() * 1000)
    const away = (minutes: number) => ({ at: micros(now - minutes * 60_000_000), resolves: false })
    await store([alert(0, away(14)), alert(1, away(16)), alert(2, { at: away(16).at }), alert(3, away(16))])
    await own.pool.query(`update alerts set state = 'acknowledged' where log_offset = 3`)
    expect(
      await rows('select log_offset::int as n, alert_state(state, expires_at) as state from alerts order by 1'),
    ).toEqual([
      { n: 0, state: 'open' },
      { n: 1, state: 'passed' },
      { n: 2, state: 'open' },
      { n: 3, state: 'passed' },
    ])
    expect(await rows('select alert_id from open_alerts order by at desc')).toEqual([
      { alert_id: alert(0).alertId },
      { alert_id: alert(2).alertId },
    ])
  })

  test('stores what the alert says, word for word', async () => {
    const action = { kind: 'webhook', target: 'desk' } as const
    await store([alert(7, { action })])
    expect(await rows('select * from alerts')).toMatchObject([
      {
        alert_id: 'spike@1:0:7:0',
        alert_key: 'rule spike {"symbol":"S7-USD"}',
        source: 'RULE',
        phase: 'FIRED',
        reason: null,
        resolves: true,
        severity: 'warning',
        type: 'PRICE_SPIKE',
        title: 'Price spike',
        feed: 'LIVE',
        rule_id: 'spike',
        rule_version: 1,
        key: { symbol: 'S7-USD' },
        exchange: 'kraken',
        symbol: 'S7-USD',
        fields: { jumpBps: 120.5, side: 'BUY', isNew: true, mean: null },
        evidence: [{ stream: 'trade', offset: 7, exchange: 'kraken' }],
        suppressed: '0',
        action,
        state: 'open',
        partition: 0,
        log_offset: '0',
      },
    ])
  })

  test('puts one row for each channel into the outbox, and one for the action of what fired', async () => {
    const webhook = { kind: 'webhook', target: 'bot' } as const
    const command = { kind: 'command', command: 'pause-exchange', arguments: { exchange: 'kraken' } } as const
    await store([
      alert(0, { action: webhook }),
      alert(1, { action: command }),
      alert(2, { phase: 'RESOLVED', action: webhook }),
    ])
    expect(
      await rows(
        `select kind, channel, alert_id, outcome, attempts from ingest.alert_outbox order by kind desc, outbox_id`,
      ),
    ).toEqual([
      ...[0, 1, 2].flatMap((n) =>
        CHANNELS.map((channel) => ({
          kind: 'message',
          channel,
          alert_id: alert(n).alertId,
          outcome: null,
          attempts: 0,
        })),
      ),
      { kind: 'action', channel: 'bot', alert_id: alert(0).alertId, outcome: null, attempts: 0 },
      { kind: 'action', channel: 'pause-exchange', alert_id: alert(1).alertId, outcome: null, attempts: 0 },
    ])
  })

  test('drops repeats of a rule by origin, whatever their id, and those of a service by id', async () => {
    const { counts } = await store([
      alert(5),
      alert(4, { alertId: 'another', origin: origin({ offset: 5, ordinal: 1 }) }),
      serviceAlert(1),
      serviceAlert(1),
      serviceAlert(2),
    ])
    expect(counts).toMatchObject({ in: 5, duplicate: 1, stored: 3 })
    expect(await rows('select count(*)::int as count from ingest.alert_outbox')).toEqual([{ count: 6 }])
  })
})
