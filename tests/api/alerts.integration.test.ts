import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { LOCAL } from '../../api/access.ts'
import { DOCUMENTS, problem } from '../../api/documents.ts'
import { selectAlerts, selectLatestAlert } from '../../api/queries/alerts.ts'
import { micros, toIso, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec } from '../../schemas/codec.ts'
import { alert, serviceAlert } from '../support/alerts.ts'
import { storeAlerts } from '../support/alerts-rig.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { evidence } from '../support/matches.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'

const KEY = 'a-key-that-may-write-01234567'
const OTHER = 'another-key-that-may-write-01'
const READER = 'a-key-that-may-only-read-0123'
const hash = (key: string): string => createHash('sha256').update(key).digest('hex')

let rig: ApiRig
let start: Micros
const at = (seconds: number): Micros => micros(start + seconds * 1_000_000)
const idOf = (n: number): string => `spike@1:0:${n}:0`
/** Story `n` fires `n` seconds after the start. */
const fired = (n: number, change: Parameters<typeof alert>[1] = {}) =>
  alert(n, { at: at(n), feed: 'SIMULATED', ...change })

beforeAll(async () => {
  const keys = [
    { name: 'alice', hash: hash(KEY), scope: 'write' as const },
    { name: 'bob', hash: hash(OTHER), scope: 'write' as const },
    { name: 'reader', hash: hash(READER) },
  ]
  const requestsPerMinute = { loopback: 60_000, others: 60_000, writes: 1000 }
  rig = await startApiRig({ access: { ...LOCAL, keys }, requestsPerMinute })
  start = micros(now() - 3_600_000_000)
  await storeAlerts(
    rig.database,
    [
      fired(1),
      fired(2, { severity: 'critical', exchange: 'binance', symbol: 'ETH-USDT' }),
      serviceAlert(3, { at: at(3), feed: 'SIMULATED' }),
      fired(4, { alertKey: alert(1).alertKey, phase: 'RESOLVED' }),
      fired(5, { action: { kind: 'webhook', target: 'bot' } }),
    ],
    ['desk', 'log'],
  )
})
afterAll(() => rig.stop())

type Given = { readonly key?: string; readonly body?: unknown }

async function send(method: string, path: string, { key = KEY, body }: Given = {}) {
  const response = await fetch(`${rig.url}${path}`, {
    method,
    headers: {
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const answer: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: answer }
}
const get = (path: string) => send('GET', path)
const codeOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  problem.parse(body).code,
]
const list = z.looseObject({ alerts: z.array(z.looseObject({ alertId: z.string() })) })
const ids = async (query: string): Promise<readonly string[]> =>
  list.parse((await get(`/api/v1/alerts?${query}`)).body).alerts.map(({ alertId }) => alertId)
const SERVICE = 'healer/here/SILENT/3'

describe('GET /api/v1/alerts', () => {
  test('lists each alert as it was written, the newest first, as it is documented', async () => {
    const { body } = await get('/api/v1/alerts')
    expect(DOCUMENTS.alerts.safeParse(body).error).toBeUndefined()
    expect(list.parse(body).alerts.map(({ alertId }) => alertId)).toEqual([idOf(5), idOf(4), SERVICE, idOf(2), idOf(1)])
  })

  test.each([
    ['state=open', [idOf(5), SERVICE, idOf(2)]],
    ['state=resolved', [idOf(4), idOf(1)]],
    ['state=resolved&phase=FIRED', [idOf(1)]],
    ['state=acknowledged', []],
    ['ruleId=spike', [idOf(5), idOf(4), idOf(2), idOf(1)]],
    ['ruleId=none', []],
    ['symbol=eth-usdt', [idOf(2)]],
    ['exchange=Binance', [idOf(2)]],
    ['severity=critical', [idOf(2)]],
    ['ruleId=spike&state=open&severity=critical&symbol=ETH-USDT&exchange=binance&phase=FIRED', [idOf(2)]],
    ['limit=2', [idOf(5), idOf(4)]],
  ])('is filtered: %s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  test('a range holds its start and not its end', async () => {
    expect(await ids(`from=${toIso(at(2))}&to=${toIso(at(4))}`)).toEqual([SERVICE, idOf(2)])
  })

  test('pages neither repeat nor leave out an alert', async () => {
    const found: string[] = []
    let path: string | undefined = '/api/v1/alerts?limit=2&state=open'
    for (let page = 0; path !== undefined && page < 9; page++) {
      const { headers, body }: Awaited<ReturnType<typeof get>> = await get(path)
      found.push(...list.parse(body).alerts.map(({ alertId }) => alertId))
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(found).toEqual([idOf(5), SERVICE, idOf(2)])
  })

  test.each([
    ['state=closed', 'state'],
    ['severity=high', 'severity'],
    ['type=SPIKE', 'type: unknown'],
    ['from=2026-11-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: before from'],
    ['from=2026-01-20T10:00:00Z&to=2026-11-19T10:00:00Z', 'to: more than'],
  ])('%s is refused by name', async (query, named) => {
    const { status, body } = await get(`/api/v1/alerts?${query}`)
    expect(status).toBe(400)
    expect(problem.parse(body)).toMatchObject({ code: 'BAD_PARAMETER', detail: expect.stringContaining(named) })
  })

  test('is read by an index: of the open ones, the rule, the symbol, the exchange, else of the time', async () => {
    await rig.database.pool.query(`
      insert into alerts (alert_id, alert_key, source, phase, severity, type, title, at, feed, rule_id, rule_version, key, exchange, symbol,
             fields, evidence, suppressed, state, partition, log_offset)
      select 'many' || n, 'many', 'RULE', 'FIRED', 'info', 'T', 'T', now() - interval '2 days', 'LIVE', 'many', 1, '{}', 'okx', 'LTC-USDT',
             '{}', '[]', 0, 'resolved', 0, 0
        from generate_series(1, 20000) n;
      analyze alerts`)
    const filter = { state: undefined, phase: undefined, severity: undefined }
    const others = { ruleId: undefined, symbol: undefined, exchange: undefined }
    const plans = ['']
    const explaining = {
      async query(text: string, values: unknown[]) {
        const { rows } = await rig.database.pool.query(`explain ${text}`, values)
        plans.push(JSON.stringify(rows))
        return { rows: [] }
      },
    }
    for (const [index, one] of [
      // Two of what is not resolved alone.
      [/alerts_(open|story)\b/, { state: 'open' }],
      [/alerts_rule\b/, { ruleId: 'spike' }],
      [/alerts_symbol\b/, { symbol: 'BTC-USDT' }],
      [/alerts_exchange\b/, { exchange: 'kraken' }],
      [/alerts_at\b/, {}],
    ] as const) {
      const range = { from: at(-86_400 * 3), to: at(3600), after: undefined, limit: 2 }
      await selectAlerts(explaining, { ...filter, ...others, ...one, ...range })
      expect(plans.at(-1)).toMatch(index)
      expect(plans.at(-1)).toContain('alert_outbox_alert')
    }
    await rig.database.pool.query("delete from alerts where alert_key = 'many'")
  })
})

describe('GET /api/v1/alerts/{id}', () => {
  test('tells all: what it tells, the records it rests on, and what became of it on each channel', async () => {
    await storeAlerts(
      rig.database,
      [fired(6, { evidence: [evidence({ offset: 4, at: at(4), exchange: undefined })], suppressed: 3 })],
      ['desk', 'log'],
    )
    const { pool } = rig.database
    await pool.query(
      `update ingest.alert_outbox set outcome = 'sent', attempts = 2, uncertain = 1, attempted_at = $2, sent_at = $2, settled_at = $3
        where alert_id = $1 and channel = 'desk'`,
      [idOf(6), toIso(at(7)), toIso(at(8))],
    )
    await pool.query("update ingest.alert_outbox set outcome = 'silenced' where alert_id = $1 and channel = 'log'", [
      idOf(6),
    ])
    await pool.query('update alerts set silenced_by = 7 where alert_id = $1', [idOf(6)])
    const { body } = await get(`/api/v1/alerts/${idOf(6)}`)
    expect(DOCUMENTS.alert.safeParse(body).error).toBeUndefined()
    expect(body).toMatchObject({
      alert: {
        alertId: idOf(6),
        alertKey: 'rule spike {"symbol":"S6-USD"}',
        source: 'RULE',
        phase: 'FIRED',
        severity: 'warning',
        type: 'PRICE_SPIKE',
        title: 'Price spike',
        at: toIso(at(6)),
        ruleId: 'spike',
        ruleVersion: 1,
        key: { symbol: 'S6-USD' },
        fields: { jumpBps: 120.5, side: 'BUY', isNew: true, mean: null },
        evidence: [{ stream: 'trade', partition: 0, offset: 4, at: toIso(at(4)), symbol: 'BTC-USDT' }],
        suppressed: 3,
        state: 'open',
        silencedBy: 7,
        deliveries: [
          {
            channel: 'desk',
            outcome: 'sent',
            attempts: 2,
            uncertain: 1,
            sentAt: toIso(at(7)),
            settledAt: toIso(at(8)),
          },
          { channel: 'log', kind: 'message', outcome: 'silenced', attempts: 0, uncertain: 0 },
        ],
        origin: { offset: 6, ordinal: 1 },
      },
    })
    expect(await selectLatestAlert(pool)).toBe(toIso(at(6)))
  })

  test('an action is among what became of it, and one that was resolved says when', async () => {
    const acting = DOCUMENTS.alert.parse((await get(`/api/v1/alerts/${idOf(5)}`)).body).alert
    expect(acting.action).toEqual({ kind: 'webhook', target: 'bot' })
    expect(acting.deliveries.map(({ kind, channel, outcome }) => [kind, channel, outcome])).toEqual([
      ['message', 'desk', 'waiting'],
      ['message', 'log', 'waiting'],
      ['action', 'bot', 'waiting'],
    ])
    const over = DOCUMENTS.alert.parse((await get(`/api/v1/alerts/${idOf(1)}`)).body).alert
    expect([over.state, over.resolvedAt]).toEqual(['resolved', toIso(at(4))])
  })

  test('one of a service is found by its id, an unknown one is a 404', async () => {
    const { body } = await get(`/api/v1/alerts/${encodeURIComponent(SERVICE)}`)
    expect(DOCUMENTS.alert.parse(body).alert).toMatchObject({ alertId: SERVICE, source: 'SERVICE' })
    expect(codeOf(await get(`/api/v1/alerts/${idOf(99)}`))).toEqual([404, 'UNKNOWN_ALERT'])
    expect(codeOf(await get('/api/v1/alerts/%00'))).toEqual([400, 'BAD_PARAMETER'])
  })
})

describe('POST /api/v1/alerts/{id}/ack', () => {
  const ack = (n: number, given: Given = {}) => send('POST', `/api/v1/alerts/${idOf(n)}/ack`, given)
  const shown = (body: unknown) => DOCUMENTS.alert.parse(body).alert

  test('says who has seen it, and what they said; again or by another changes nothing', async () => {
    const first = await ack(2, { body: { comment: 'looking – ok' } })
    expect(first.status).toBe(200)
    const { ackedAt } = shown(first.body)
    const acked = { state: 'acknowledged', ackedBy: 'alice', ackedAt, ackComment: 'looking – ok' }
    expect(ackedAt).toBeDefined()
    for (const { status, body } of [await ack(2), await ack(2, { key: OTHER, body: { comment: 'me too' } })]) {
      expect(status).toBe(200)
      expect(shown(body)).toMatchObject(acked)
    }
    expect(await ids('state=acknowledged')).toEqual([idOf(2)])
  })

  test('of what is over and nobody had seen is refused; of what was seen before it was over is not', async () => {
    expect(codeOf(await ack(1))).toEqual([409, 'CONFLICT'])
    await storeAlerts(rig.database, [fired(10), fired(12)], [])
    expect((await ack(10)).status).toBe(200)
    await storeAlerts(rig.database, [fired(13, { alertKey: alert(10).alertKey, phase: 'RESOLVED' })], [])
    const { status, body } = await ack(10, { key: OTHER })
    expect([status, shown(body)]).toMatchObject([
      200,
      { state: 'resolved', ackedBy: 'alice', resolvedAt: toIso(at(13)) },
    ])
    expect(codeOf(await ack(99))).toEqual([404, 'UNKNOWN_ALERT'])
  })

  test('of what has passed by itself is taken, and does not bring it back', async () => {
    await storeAlerts(rig.database, [fired(30, { resolves: false }), fired(31, { resolves: false, at: now() })], [])
    expect(await ids('state=passed')).toEqual([idOf(30)])
    expect((await ids('state=open'))[0]).toBe(idOf(31))
    // 15 min after it fired.
    const acked = { state: 'passed', resolves: false, expiresAt: toIso(at(30 + 900)), ackedBy: 'alice' }
    const { status, body } = await ack(30)
    expect([status, shown(body)]).toMatchObject([200, acked])
    expect([await ids('state=passed'), await ids('state=acknowledged')]).toEqual([[idOf(30)], [idOf(2)]])
  })

  test('takes a key that may write, and a body that is understood', async () => {
    expect(codeOf(await ack(12, { key: '' }))).toEqual([401, 'UNAUTHORIZED'])
    expect(codeOf(await ack(12, { key: READER }))).toEqual([403, 'FORBIDDEN'])
    for (const body of [{ comment: 1 }, { by: 'me' }, { comment: 'a\0b' }, { comment: '\ud800' }, []])
      expect(codeOf(await ack(12, { body }))).toEqual([400, 'BAD_PARAMETER'])
    expect(codeOf(await ack(12, { body: '{' }))).toEqual([400, 'BAD_REQUEST'])
    expect(shown((await get(`/api/v1/alerts/${idOf(12)}`)).body).state).toBe('open')
  })

  test('is on record, once', async () => {
    const ranges = await openRanges(kafkaOptions(inject('stack').brokers))
    const decoder = openRegistry(inject('stack').registry).decoder(systemEventCodec)
    try {
      const events = async () => {
        const records = await allOf(ranges, { topic: rig.topics.system.name, partition: 0 })
        return Promise.all(
          records.map(async ({ value }) => {
            const decoded = decoder.decode(value)
            if (decoded.kind === 'unknown-schema') await decoder.learn(decoded.id)
            const again = decoder.decode(value)
            return again.kind === 'value' ? again.value : undefined
          }),
        )
      }
      const acks = async () => (await events()).flatMap((one) => (one?.details['alertId'] === idOf(2) ? [one] : []))
      await expect.poll(acks, { timeout: 10_000 }).toMatchObject([
        {
          kind: 'COMMAND',
          details: { audit: 'alert_acknowledged', by: 'alice', comment: 'looking – ok' },
        },
      ])
    } finally {
      await ranges.close()
    }
  })
})

describe('silences', () => {
  const path = '/api/v1/silences'
  const matcher = { ruleId: 'spike', symbol: 'S1-USD' }
  const hour = (n: number): string => toIso(micros(now() + n * 3_600_000_000))
  const add = (body: unknown, key = KEY) => send('POST', path, { key, body })
  const shown = (body: unknown) => DOCUMENTS.silence.parse(body).silence

  test('one is made, found where the answer says, and ended once', async () => {
    const made = await add({ matcher: { ...matcher, symbol: 's1-usd' }, endsAt: hour(1), comment: 'maintenance' })
    expect(made.status).toBe(201)
    const { silenceId, ...silence } = shown(made.body)
    expect(silence).toMatchObject({ matcher, state: 'active', author: 'alice', comment: 'maintenance' })
    const place = `${path}/${silenceId}`
    expect(made.headers.get('location')).toBe(place)
    expect(shown((await get(place)).body)).toEqual({ silenceId, ...silence })
    const end = (key: string) => send('DELETE', place, { key })
    expect([(await end(OTHER)).status, (await end(KEY)).status]).toEqual([204, 204])
    expect(shown((await get(place)).body)).toMatchObject({ state: 'ended', endedBy: 'bob' })
    expect(codeOf(await send('DELETE', `${path}/999`))).toEqual([404, 'UNKNOWN_SILENCE'])
    expect(codeOf(await get(`${path}/999`))).toEqual([404, 'UNKNOWN_SILENCE'])
  })

  test('they are listed the newest first, in pages, by what they are now', async () => {
    const numbers: number[] = []
    for (const [startsAt, endsAt] of [
      [undefined, hour(1)],
      [hour(1), hour(2)],
      [undefined, hour(3)],
    ])
      numbers.push(shown((await add({ matcher: { type: 'X' }, startsAt, endsAt })).body).silenceId)
    const [one, later, two] = numbers
    const listed = async (query: string) => {
      const { headers, body } = await get(`${path}?${query}`)
      const { silences } = DOCUMENTS.silences.parse(body)
      const next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]?.split('?')[1]
      return { found: silences.map(({ silenceId }) => silenceId), next }
    }
    expect((await listed('state=active')).found).toEqual([two, one])
    expect((await listed('state=pending')).found).toEqual([later])
    const first = await listed('state=active&limit=1')
    expect([first.found, (await listed(first.next ?? '')).found]).toEqual([[two], [one]])
    // One that has not begun is over as soon as it is ended.
    await send('DELETE', `${path}/${later}`)
    expect((await listed('state=pending')).found).toEqual([])
    expect((await listed('state=ended')).found[0]).toBe(later)
  })

  test.each([
    ['everything', { matcher: {}, endsAt: '2099-01-01T00:00:00Z' }, 'matcher'],
    ['what no alert has', { matcher: { venue: 'x' }, endsAt: '2099-01-01T00:00:00Z' }, 'venue: unknown'],
    ['no text', { matcher: { type: 'a\0' }, endsAt: '2099-01-01T00:00:00Z' }, 'matcher.type'],
    ['half a character', { matcher: { type: '\ud800' }, endsAt: '2099-01-01T00:00:00Z' }, 'matcher.type'],
    ['for ever', { matcher }, 'endsAt'],
    ['the past', { matcher, startsAt: '2019-01-01T00:00:00Z', endsAt: '2020-01-01T00:00:00Z' }, 'endsAt'],
    ['backwards', { matcher, startsAt: '2098-01-01T00:00:00Z', endsAt: '2097-01-01T00:00:00Z' }, 'endsAt'],
    ['no millisecond', { matcher, startsAt: '2098-01-01T00:00:00Z', endsAt: '2098-01-01T00:00:00.0001Z' }, 'endsAt'],
  ])('a silence of %s is refused by name', async (_, body, named) => {
    const { status, body: answer } = await add(body)
    expect([status, problem.parse(answer)]).toMatchObject([
      400,
      { code: 'BAD_PARAMETER', detail: expect.stringContaining(named) },
    ])
  })

  test('take a key that may write', async () => {
    const body = { matcher, endsAt: hour(1) }
    expect(codeOf(await add(body, READER))).toEqual([403, 'FORBIDDEN'])
    expect(codeOf(await add(body, ''))).toEqual([401, 'UNAUTHORIZED'])
    expect(codeOf(await send('DELETE', `${path}/1`, { key: READER }))).toEqual([403, 'FORBIDDEN'])
  })
})
