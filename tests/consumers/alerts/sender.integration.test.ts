import { SMTPServer } from 'smtp-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import type { WrittenAlert } from '../../../core/alert.ts'
import { acknowledge, addSilence, endSilence, silencesInForce } from '../../../io/alerts.ts'
import { isSignedBy } from '../../../io/outgoing/signature.ts'
import { openPool } from '../../../io/postgres.ts'
import { alert } from '../../support/alerts.ts'
import { alertsConfig, outboxOf, startAlerts, storeAlerts } from '../../support/alerts-rig.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts'
import { startReceiver, type Receiver } from '../../support/receiver.ts'

let own: TestDatabase
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'alerts')
})
afterAll(() => own.drop())

const ends: (() => Promise<unknown>)[] = []
beforeEach(() =>
  own.pool.query(
    'truncate ingest.offsets, ingest.derived_origins, alerts, ingest.alert_outbox, silences restart identity',
  ),
)
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const receiver = async (...answer: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const started = await startReceiver(...answer)
  ends.push(() => started.close())
  return started
}
const hook = (name: string, { url }: Pick<Receiver, 'url'>, change: object = {}) => ({
  kind: 'webhook',
  name,
  url: `${url}/hook`,
  secretEnv: 'HOOK_SECRET',
  allowLoopback: true,
  ...change,
})
const secrets = new Map([['HOOK_SECRET', 'hook-secret']])
const start = (...[config, change]: [object, object?]) => {
  const started = startAlerts(own, alertsConfig(config), { secrets, ...change })
  ends.unshift(() => started.stop())
  return started
}
const store = (alerts: readonly WrittenAlert[], ...channels: readonly string[]) => storeAlerts(own, alerts, channels)
const eventually = <T>(check: () => Promise<T> | T): Promise<T> => vi.waitFor(check, { timeout: 30_000, interval: 20 })
const outcomes = async (channel: string) =>
  (await outboxOf(own)).filter((row) => row.channel === channel).map(({ outcome }) => outcome)
const idsIn = ({ arrived }: Receiver): readonly (readonly string[])[] =>
  arrived.map(({ body }) => JSON.parse(body).alerts.map(({ alertId }: { readonly alertId: string }) => alertId))

describe('a sender', { timeout: 60_000 }, () => {
  test('sends each alert once, signed, with its id, and says when it was', async () => {
    const desk = await receiver()
    const { metrics } = start({ channels: [hook('desk', desk)] })
    await store([alert(0), alert(1, { ruleId: 'other' })], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'sent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId], [alert(1).alertId]])
    const [first] = desk.arrived
    expect(
      isSignedBy('hook-secret', String(first?.headers['x-crosstide-signature']), first?.body ?? '', Date.now() / 1000),
    ).toBe(true)
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      version: 1,
      mayBeRepeat: false,
      alerts: [{ alertId: 'spike@1:0:0:0', phase: 'FIRED', severity: 'warning', ruleId: 'spike', symbol: 'S0-USD' }],
    })
    const { rows } = await own.pool.query<{ sent: boolean }>(
      'select sent_at is not null and attempts = 1 and uncertain = 0 as sent from ingest.alert_outbox',
    )
    expect(rows).toEqual([{ sent: true }, { sent: true }])
    expect(await metrics.text()).toContain('crosstide_alerts_sent_total{channel="desk",result="sent",role="test"} 2')
  })

  test('obeys 429 and Retry-After, and does not try sooner', async () => {
    const times: number[] = []
    const desk = await receiver((response, nth) => {
      times.push(performance.now())
      if (nth === 0) response.writeHead(429, { 'retry-after': '2' }).end()
      else response.end('ok')
    })
    start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    // Back-off alone would be a second at most.
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1900)
    expect(await outboxOf(own)).toMatchObject([{ attempts: 2, uncertain: 0, reason: 'status 429' }])
  })

  test.each([
    ['closes the connection before it answers', 1, (nth: number) => nth === 0 && 'destroy'],
    ['answers 500', 1, (nth: number) => nth === 0 && 500],
    ['answers 503', 0, (nth: number) => nth === 0 && 503],
  ] as const)(
    'tries again where the other side %s, and says how many attempts may have counted',
    async (_, uncertain, how) => {
      const desk = await receiver((response, nth) => {
        const what = how(nth)
        if (what === 'destroy') response.destroy()
        else response.writeHead(what === false ? 200 : what).end()
      })
      start({ channels: [hook('desk', desk)] })
      await store([alert(0)], 'desk')
      await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
      expect(await outboxOf(own)).toMatchObject([{ attempts: 2, uncertain }])
      expect(JSON.parse(desk.arrived[1]?.body ?? '')).toMatchObject({ mayBeRepeat: uncertain > 0 })
    },
  )

  test('does not try again what is refused for good, and says so', async () => {
    const desk = await receiver((response) => void response.writeHead(400).end('no such hook-secret'))
    const { events } = start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['refused']))
    expect(await outboxOf(own)).toMatchObject([{ attempts: 1, reason: 'status 400: no such [redacted]' }])
    await eventually(() =>
      expect(events).toMatchObject([{ kind: 'FAULT', details: { channel: 'desk', result: 'refused' } }]),
    )
  })

  test('a channel that hangs, one that is gone and one that refuses keep no other from its alerts', async () => {
    const [hanging, refusing, well] = [
      await receiver(() => undefined),
      await receiver((response) => void response.writeHead(500).end()),
      await receiver(),
    ]
    const gone = await startReceiver()
    await gone.close()
    start({
      channels: [hook('hanging', hanging), hook('refusing', refusing), hook('gone', gone), hook('well', well)],
    })
    const all = Array.from({ length: 20 }, (_, n) => alert(n, { ruleId: `rule-${n}` }))
    await store(all, 'hanging', 'refusing', 'gone', 'well')
    await eventually(async () => expect(new Set(await outcomes('well'))).toEqual(new Set(['sent'])))
    expect(well.arrived.length).toBe(20)
    expect((await outcomes('hanging')).filter((one) => one === 'sent')).toEqual([])
  })

  test('gives up after its attempts, with a FAULT on record', async () => {
    const desk = await receiver((response) => void response.writeHead(503).end())
    const { events, alerts } = start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(() => expect(desk.arrived.length).toBeGreaterThan(0))
    // Half an hour of waiting, left out.
    await own.pool.query('update ingest.alert_outbox set attempts = 15, next_attempt_at = null')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['failed']))
    await eventually(() => expect(events).toMatchObject([{ kind: 'FAULT', message: expect.stringContaining('desk') }]))
    expect(alerts.problems()).toEqual([])
  })

  test('says so where a channel has failed for a minute, until it does not', async () => {
    let [ahead, status] = [0, 503]
    const desk = await receiver((response) => void response.writeHead(status).end('too busy'))
    const { alerts } = start({ channels: [hook('desk', desk)] }, { steadyMs: () => performance.now() + ahead })
    await store([alert(0)], 'desk')
    await eventually(async () => expect(await outboxOf(own)).toMatchObject([{ reason: 'status 503: too busy' }]))
    expect(alerts.problems()).toEqual([])
    await eventually(() => {
      ahead += 61_000
      expect(alerts.problems()).toEqual([
        expect.stringMatching(/^alert channel desk has failed for \d+ s: status 503: too busy$/),
      ])
    })
    status = 200
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    await eventually(() => expect(alerts.problems()).toEqual([]))
  })

  test('dedupes, groups, and tells the end of what it told', async () => {
    const desk = await receiver()
    start({ channels: [hook('desk', desk)], groupWaitMs: 300, resolveWaitMs: 100 })
    const key = { alertKey: 'story' }
    await store([alert(0, key), alert(1, key), alert(2)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'repeat', 'sent']))
    await store(
      [alert(3, { ...key, phase: 'RESOLVED' }), alert(4, { alertKey: 'never told', phase: 'RESOLVED' })],
      'desk',
    )
    await eventually(async () => expect((await outcomes('desk')).slice(3)).toEqual(['sent', 'unsent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId, alert(2).alertId], [alert(3).alertId]])
  })

  test('tells at once what gets worse, on each channel from its severity on', async () => {
    const [desk, phone] = [await receiver(), await receiver()]
    start({ channels: [hook('desk', desk), hook('phone', phone, { minSeverity: 'critical' })] })
    const story = (n: number, severity: 'warning' | 'critical') => alert(n, { alertKey: 'story', severity })
    await store([story(0, 'warning')], 'desk', 'phone')
    await eventually(async () => expect((await outboxOf(own)).map(({ outcome }) => outcome)).toEqual(['sent', 'minor']))
    await store([story(1, 'critical'), story(2, 'warning'), story(3, 'critical')], 'desk', 'phone')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'sent', 'repeat', 'repeat']))
    await eventually(async () => expect(await outcomes('phone')).toEqual(['minor', 'sent', 'repeat', 'repeat']))
    expect([desk, phone].map(idsIn)).toEqual([[[alert(0).alertId], [alert(1).alertId]], [[alert(1).alertId]]])
  })

  test('tells what never is resolved again, once it has passed', async () => {
    const desk = await receiver()
    start({ channels: [hook('desk', desk)], passMs: 900_000 })
    const story = (n: number) => alert(n, { alertKey: 'story', resolves: false })
    const passes = (minutes: number) =>
      own.pool.query('update ingest.alert_outbox set attempted_at = attempted_at - make_interval(mins => $1)', [
        minutes,
      ])
    await store([story(0)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    await passes(14)
    await store([story(1)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'repeat']))
    await passes(1)
    await store([story(2)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'repeat', 'sent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId], [alert(2).alertId]])
  })

  test('says nothing of a renewal after which the story fires again, and of another its end, in time', async () => {
    const desk = await receiver()
    start({ channels: [hook('desk', desk)], passMs: 900_000 })
    const story = (n: number, change: Partial<WrittenAlert> = {}) => alert(n, { alertKey: 'story', ...change })
    const renewed = { phase: 'RESOLVED', reason: 'renew' } as const
    await store([story(0), story(1, renewed)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', null]))
    await store([story(2)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'folded', 'repeat']))
    await store([story(3, renewed)], 'desk')
    await own.pool.query(`update ingest.alert_outbox set created_at = created_at - interval '15 minutes'`)
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'folded', 'repeat', 'sent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId], [alert(3).alertId]])
  })

  test('is kept from nothing by thousands of renewals that wait', async () => {
    const desk = await receiver()
    const stories = Array.from({ length: 1001 }, (_, n) => n)
    await store(
      stories.map((n) => alert(n)),
      'desk',
    )
    await own.pool.query(`update ingest.alert_outbox set outcome = 'sent', attempted_at = now() - interval '1 hour'`)
    const renewed = { phase: 'RESOLVED', reason: 'renew' } as const
    await store(
      stories.map((n) => alert(2000 + n, { alertKey: alert(n).alertKey, ...renewed })),
      'desk',
    )
    await store([alert(5000)], 'desk')
    start({ channels: [hook('desk', desk)], passMs: 900_000 })
    await eventually(() => expect(idsIn(desk)).toEqual([[alert(5000).alertId]]))
  })

  test('of two processes one sends a channel; the other takes over when it ends', async () => {
    const desk = await receiver()
    const config = { channels: [hook('desk', desk)] }
    const [first, second] = [start(config), start(config)]
    const allSent = () => eventually(async () => expect(new Set(await outcomes('desk'))).toEqual(new Set(['sent'])))
    await store(
      Array.from({ length: 30 }, (_, n) => alert(n, { ruleId: `r${n}` })),
      'desk',
    )
    await allSent()
    await first.stop()
    await store([alert(100)], 'desk')
    await allSent()
    await second.stop()
    await store([alert(101)], 'desk')
    const ids = idsIn(desk).flat()
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBe(31)
  })

  test('goes on with another connection where its own is ended, and nothing arrives twice', async () => {
    const desk = await receiver()
    start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    await own.pool.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
          and database = (select oid from pg_database where datname = current_database())`,
    )
    await store([alert(1)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'sent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId], [alert(1).alertId]])
  })

  test('that loses its connection between sending and noting sends again, and says so', async () => {
    const desk = await receiver(async (response, nth) => {
      if (nth === 0)
        await own.pool.query(
          `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
              and database = (select oid from pg_database where datname = current_database())`,
        )
      response.end()
    })
    start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    expect(await outboxOf(own)).toMatchObject([{ attempts: 2, uncertain: 1 }])
    expect(desk.arrived.map(({ body }) => JSON.parse(body).mayBeRepeat)).toEqual([false, true])
  })

  test('told to end, waits for the answer to what it has begun, begins nothing more', async () => {
    let answer = (): void => undefined
    const desk = await receiver((response) => {
      answer = () => void response.end()
    })
    const first = start({ channels: [hook('desk', desk)] }, { graceMs: 30_000 })
    await store([alert(0), alert(1, { ruleId: 'other' })], 'desk')
    await eventually(() => expect(desk.arrived.length).toBe(1))
    const stopped = first.stop()
    answer()
    await stopped
    expect(await outboxOf(own)).toMatchObject([
      { outcome: 'sent', attempts: 1, uncertain: 0 },
      { outcome: null, attempts: 0 },
    ])
  })

  test('ends soon though a channel hangs, and the next process knows that nobody knows', async () => {
    const desk = await receiver((response, nth) => void (nth > 0 && response.end()))
    const first = start({ channels: [hook('desk', desk)] })
    await store([alert(0)], 'desk')
    await eventually(() => expect(desk.arrived.length).toBe(1))
    await first.stop()
    expect(await outboxOf(own)).toMatchObject([{ outcome: null, attempts: 1, uncertain: 1 }])
    start({ channels: [hook('desk', desk)] })
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent']))
    expect(idsIn(desk)).toEqual([[alert(0).alertId], [alert(0).alertId]])
  })
})

describe('silences and acknowledgements', () => {
  const audits: Parameters<Parameters<typeof acknowledge>[3]>[0][] = []
  const audit = (event: (typeof audits)[number]) => void audits.push(event)
  let database: ReturnType<typeof openPool>
  // As the API will.
  beforeAll(() => {
    database = openPool(own.url, 'api_rw', silentLog, 1)
  })
  afterAll(() => database.end())
  beforeEach(() => void audits.splice(0))

  test('what is silenced is not sent, and the alert says by what', async () => {
    const desk = await receiver()
    const id = await addSilence(
      database,
      {
        matcher: { ruleId: 'spike', symbol: 'S1-USD' },
        from: new Date(Date.now() - 1000),
        until: new Date(Date.now() + 3_600_000),
        author: 'alice',
        comment: 'maintenance',
      },
      audit,
    )
    start({ channels: [hook('desk', desk)] })
    await store([alert(0), alert(1)], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'silenced']))
    const { rows } = await own.pool.query('select silenced_by from alerts order by log_offset')
    expect(rows).toEqual([{ silenced_by: null }, { silenced_by: String(id) }])
    expect(await endSilence(database, id, 'bob', audit)).toBe(true)
    expect(await endSilence(database, id, 'bob', audit)).toBe(false)
    expect(await silencesInForce(database)).toEqual([])
    await store([alert(2, { symbol: 'S1-USD' })], 'desk')
    await eventually(async () => expect(await outcomes('desk')).toEqual(['sent', 'silenced', 'sent']))
    expect(audits.map(({ details }) => [details['audit'], details['by']])).toEqual([
      ['silence_added', 'alice'],
      ['silence_ended', 'bob'],
    ])
  })

  test('an open alert is acknowledged once, by name; what is over or unknown is not', async () => {
    await store([alert(0), alert(1), alert(2, { alertKey: alert(1).alertKey, phase: 'RESOLVED' })], 'desk')
    const by = (n: number, who: string) => acknowledge(database, alert(n).alertId, who, audit)
    expect([await by(0, 'alice'), await by(0, 'bob'), await by(1, 'bob'), await by(9, 'bob')]).toEqual([
      'done',
      'before',
      'before',
      'unknown-alert',
    ])
    const { rows } = await own.pool.query('select state, acked_by from alerts order by log_offset')
    expect(rows).toEqual([
      { state: 'acknowledged', acked_by: 'alice' },
      { state: 'resolved', acked_by: null },
      { state: 'resolved', acked_by: null },
    ])
    expect(audits).toMatchObject([{ kind: 'COMMAND', details: { audit: 'alert_acknowledged', by: 'alice' } }])
    await store([alert(3, { alertKey: alert(0).alertKey, phase: 'RESOLVED' })], 'desk')
    const after = await own.pool.query('select state, acked_by from alerts order by log_offset limit 1')
    expect(after.rows).toEqual([{ state: 'resolved', acked_by: 'alice' }])
  })

  test('PostgreSQL takes no silence of everything, nor one that ends before it begins', async () => {
    const silence = { matcher: {}, from: new Date(1000), until: new Date(2000), author: 'a', comment: '' }
    await expect(addSilence(database, silence, audit)).rejects.toMatchObject({ code: '23514' })
    const backwards = { ...silence, matcher: { type: 'X' }, until: new Date(0) }
    await expect(addSilence(database, backwards, audit)).rejects.toMatchObject({ code: '23514' })
    expect(audits).toEqual([])
  })
})

describe('actions', { timeout: 60_000 }, () => {
  const webhook = { kind: 'webhook', target: 'bot' } as const
  const targetOf = ({ url }: Receiver) => ({ bot: { url, secretEnv: 'HOOK_SECRET', allowLoopback: true } })

  test('a webhook of the configuration is called once, silenced or not, and that is on record', async () => {
    const bot = await receiver()
    const { events } = start({ channels: [], targets: targetOf(bot) })
    await own.pool.query(
      `insert into silences (matcher, starts_at, ends_at, author, comment) values ('{"ruleId":"spike"}', now(), now() + interval '1 day', 'a', '')`,
    )
    await store([alert(0, { action: webhook })])
    await eventually(async () => expect(await outcomes('bot')).toEqual(['sent']))
    expect(idsIn(bot)).toEqual([[alert(0).alertId]])
    await eventually(() =>
      expect(events).toMatchObject([
        {
          kind: 'COMMAND',
          details: { audit: 'alert_action', alertId: alert(0).alertId, by: 'rule spike@1', result: 'sent' },
        },
      ]),
    )
  })

  test('of a rule beyond so many in a minute they are not done, other rules’ are', async () => {
    const bot = await receiver()
    const { events } = start({ channels: [], targets: targetOf(bot), actionsPerMinute: 2 })
    const all = [0, 1, 2, 3].map((n) => alert(n, { action: webhook }))
    await store([...all, alert(4, { ruleId: 'calm', action: webhook })])
    await eventually(async () => expect(await outcomes('bot')).toEqual(['sent', 'sent', 'limited', 'limited', 'sent']))
    expect(bot.arrived.length).toBe(3)
    expect(events.map(({ details }) => details?.['result'] ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'limited',
      'limited',
      'sent',
      'sent',
      'sent',
    ])
  })

  test('what cannot be done is refused with its reason', async () => {
    const { events } = start({ channels: [] })
    const command = { kind: 'command', command: 'pause-exchange', arguments: { exchange: 'kraken' } } as const
    await store([alert(0, { action: webhook }), alert(1, { action: command })])
    await eventually(async () =>
      expect((await outboxOf(own)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['refused', 'no target bot in the configuration of alerts'],
        ['refused', 'no command pause-exchange can be done here'],
      ]),
    )
    expect(events.map(({ kind }) => kind)).toEqual(['COMMAND', 'COMMAND'])
  })
})

describe('mail', { timeout: 60_000 }, () => {
  type Mail = { readonly from: string; readonly to: readonly string[]; readonly text: string }
  async function mailServer(refuse: (nth: number) => number | undefined = () => undefined) {
    const mails: Mail[] = []
    let nth = 0
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const code = refuse((nth += 1) - 1)
          if (code !== undefined) return done(Object.assign(new Error('not now'), { responseCode: code }))
          const { mailFrom, rcptTo } = session.envelope
          const from = mailFrom === false ? '' : mailFrom.address
          mails.push({ from, to: rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString() })
          return done()
        })
      },
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    ends.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const channel = {
      kind: 'email',
      name: 'mail',
      smtpEnv: 'SMTP_URL',
      from: 'crosstide@example.org',
      to: ['desk@example.org', 'boss@example.org'],
      allowLoopback: true,
    }
    return { mails, channel, secrets: new Map([['SMTP_URL', `smtp://127.0.0.1:${port}`]]) }
  }

  test('goes to all, names the alert in subject and Message-ID', async () => {
    const { mails, channel, secrets: own_ } = await mailServer()
    start({ channels: [channel] }, { secrets: own_ })
    await store([alert(0, { feed: 'SIMULATED' })], 'mail')
    await eventually(async () => expect(await outcomes('mail')).toEqual(['sent']))
    expect(mails).toMatchObject([{ from: 'crosstide@example.org', to: ['desk@example.org', 'boss@example.org'] }])
    expect(mails[0]?.text).toContain('Subject: [crosstide] WARNING: Price spike, S0-USD on kraken (SIMULATED)')
    expect(mails[0]?.text).toContain('Message-ID: <spike-1-0-0-0@crosstide>')
    expect(mails[0]?.text).toContain('id spike@1:0:0:0')
  })

  test('above ten a minute comes as a digest', async () => {
    const { mails, channel, secrets: own_ } = await mailServer()
    await store(
      Array.from({ length: 25 }, (_, n) => alert(n, { ruleId: `r${n}` })),
      'mail',
    )
    start({ channels: [channel] }, { secrets: own_ })
    await eventually(async () => expect(new Set(await outcomes('mail'))).toEqual(new Set(['sent'])))
    expect(mails.length).toBe(10)
    expect(mails[9]?.text).toContain('16 alerts')
  })

  test('is sent again where the server was busy, and not where it refuses', async () => {
    const { mails, channel, secrets: own_ } = await mailServer((nth) => [451, undefined, 554][nth])
    start({ channels: [channel] }, { secrets: own_ })
    await store([alert(0)], 'mail')
    await eventually(async () => expect(await outcomes('mail')).toEqual(['sent']))
    await store([alert(1)], 'mail')
    await eventually(async () => expect(await outcomes('mail')).toEqual(['sent', 'refused']))
    expect(mails.length).toBe(1)
    expect((await outboxOf(own)).map(({ attempts, uncertain }) => [attempts, uncertain])).toEqual([
      [2, 0],
      [1, 0],
    ])
  })
})
