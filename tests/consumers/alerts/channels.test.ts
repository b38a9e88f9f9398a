import { afterEach, describe, expect, test } from 'vitest'
import { openChannels, type Channel } from '../../../consumers/alerts/channels.ts'
import type { Item } from '../../../consumers/alerts/item.ts'
import { createLog } from '../../../io/log.ts'
import { alertsConfig } from '../../support/alerts-rig.ts'
import { silentLog } from '../../support/database.ts'
import { startReceiver, type Receiver } from '../../support/receiver.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
const receiver = async (...answer: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const started = await startReceiver(...answer)
  open.push(started)
  return started
}

const item = (change: Partial<Item> = {}): Item => ({
  outboxId: 1,
  alertId: 'spike@1:0:7:0',
  alertKey: 'rule spike {}',
  source: 'RULE',
  phase: 'FIRED',
  reason: undefined,
  resolves: true,
  severity: 'critical',
  type: 'PRICE_SPIKE',
  title: 'Spike <!channel> @everyone & co',
  atMicros: Date.UTC(2026, 10, 21, 18, 29, 42, 123) * 1000 + 45,
  feed: 'SIMULATED',
  ruleId: 'spike',
  ruleVersion: 1,
  key: { symbol: 'BTC-USD' },
  exchange: undefined,
  symbol: 'BTC-USD',
  fields: { jump: 1.5 },
  evidence: [],
  suppressed: 0,
  action: undefined,
  uncertain: 0,
  createdMs: 0,
  attempts: 0,
  notBeforeMs: undefined,
  ...change,
})

/** Secrets as they look, all of which no text may hold. */
const SECRETS = {
  SLACK_URL: '/services/T0SECRET/B0SECRET/XsecretXsecretX',
  TELEGRAM_TOKEN: '123456:AAsecret-token_of-bot',
  HOOK_SECRET: 'hmac-secret-of-the-hook',
  SMTP_URL: 'smtp://mailer:pass%2Fword-secret@127.0.0.1:1',
}
function channelOf(value: object, at: string, given: Readonly<Record<string, string>> = {}): Channel {
  const config = alertsConfig({ channels: [value], pageUrl: 'https://page.example/' })
  const secrets = new Map(Object.entries({ ...SECRETS, SLACK_URL: `${at}${SECRETS.SLACK_URL}`, ...given }))
  const [channel] = openChannels({ config, secrets, log: silentLog, nowMs: () => 1_795_285_782_999 })
  if (channel === undefined) throw new Error('none')
  open.push(channel)
  return channel
}
const CHANNELS: Readonly<Record<string, (at: string) => object>> = {
  slack: () => ({ kind: 'slack', name: 'slack', urlEnv: 'SLACK_URL', allowLoopback: true }),
  discord: () => ({ kind: 'discord', name: 'discord', urlEnv: 'SLACK_URL', allowLoopback: true }),
  telegram: (apiUrl) => ({
    kind: 'telegram',
    name: 'telegram',
    tokenEnv: 'TELEGRAM_TOKEN',
    chatId: '-100123',
    apiUrl,
    allowLoopback: true,
  }),
  webhook: (at) => ({ kind: 'webhook', name: 'hook', url: `${at}/in`, secretEnv: 'HOOK_SECRET', allowLoopback: true }),
}
const never = new AbortController().signal

// By hand.
const TEXT = `CRITICAL: Spike <!channel> @everyone & co, BTC-USD (SIMULATED)
jump 1.5
2026-11-21 18:29:42.123 UTC
https://page.example/?rule=spike&match=spike@1:0:7:0
id spike@1:0:7:0`

describe('what arrives', () => {
  const arrivedAt = async (name: string, items: readonly Item[] = [item()]) => {
    const server = await receiver()
    const channel = channelOf(CHANNELS[name]?.(server.url) ?? {}, server.url)
    expect(await channel.deliver(items, never)).toEqual({ kind: 'sent' })
    const [one] = server.arrived
    return { ...one, json: JSON.parse(one?.body ?? '') }
  }

  test('at Slack: text without marks and without calls to people', async () => {
    const { path, json } = await arrivedAt('slack')
    expect(path).toBe(SECRETS.SLACK_URL)
    expect(json).toEqual({
      text: TEXT.replace('<!channel>', '&lt;!channel&gt;').replaceAll(/&(?!lt|gt)/g, '&amp;'),
      mrkdwn: false,
      unfurl_links: false,
    })
  })

  test('at Discord: content that calls nobody, at most 2,000 characters', async () => {
    expect((await arrivedAt('discord')).json).toEqual({ content: TEXT, allowed_mentions: { parse: [] } })
    const long = item({ fields: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`n${n}`, 'x'.repeat(60)])) })
    const { json } = await arrivedAt(
      'discord',
      Array.from({ length: 9 }, () => long),
    )
    expect(json.content.length).toBeLessThanOrEqual(2000)
    expect(json.content.endsWith('id spike@1:0:7:0')).toBe(true)
  })

  test('at Telegram: plain text for its chat, the token in the path', async () => {
    const { path, json } = await arrivedAt('telegram')
    expect(path).toBe('/bot123456:AAsecret-token_of-bot/sendMessage')
    expect(json).toEqual({ chat_id: '-100123', text: TEXT, link_preview_options: { is_disabled: true } })
  })

  test('at a webhook: the alert in JSON, signed', async () => {
    const { headers, json, body } = await arrivedAt('webhook')
    expect(json).toEqual({
      version: 1,
      text: TEXT,
      mayBeRepeat: false,
      alerts: [
        {
          alertId: 'spike@1:0:7:0',
          alertKey: 'rule spike {}',
          source: 'RULE',
          phase: 'FIRED',
          resolves: true,
          severity: 'critical',
          type: 'PRICE_SPIKE',
          title: 'Spike <!channel> @everyone & co',
          at: '2026-11-21T18:29:42.123045Z',
          feed: 'SIMULATED',
          ruleId: 'spike',
          ruleVersion: 1,
          key: { symbol: 'BTC-USD' },
          symbol: 'BTC-USD',
          fields: { jump: 1.5 },
          evidence: [],
          suppressed: 0,
        },
      ],
    })
    expect(headers?.['x-crosstide-signature']).toMatch(/^t=1795285782,v1=[0-9a-f]{64}$/)
    expect(body).not.toContain(SECRETS.HOOK_SECRET)
  })

  test('in the log: one line an alert, with its fields', async () => {
    const lines: unknown[] = []
    const log = createLog('test', 'silent')
    Object.assign(log, { info: (...parts: readonly unknown[]) => lines.push(parts) })
    const [channel] = openChannels({ config: alertsConfig({}), secrets: new Map(), log, nowMs: Date.now })
    expect(await channel?.deliver([item(), item({ alertId: 'b' })], never)).toEqual({ kind: 'sent' })
    expect(lines).toMatchObject([
      [{ alertId: 'spike@1:0:7:0', severity: 'critical', feed: 'SIMULATED', fields: { jump: 1.5 } }, 'alert_told'],
      [{ alertId: 'b' }, 'alert_told'],
    ])
  })
})

describe('what is asked for is obeyed', () => {
  test.each([
    ['Discord, in the header', 'discord', { 'retry-after': '2' }, '{"retry_after":1.5}', 2000],
    ['Discord, in the body', 'discord', {}, '{"message":"limited","retry_after":0.65}', 650],
    ['Telegram, in the body', 'telegram', {}, '{"ok":false,"parameters":{"retry_after":35}}', 35_000],
    ['Slack', 'slack', { 'retry-after': '30' }, '', 30_000],
  ] as const)('%s', async (_, name, headers, body, afterMs) => {
    const { url } = await receiver((response) => void response.writeHead(429, headers).end(body))
    const channel = channelOf(CHANNELS[name]?.(url) ?? {}, url)
    expect(await channel.deliver([item()], never)).toMatchObject({ kind: 'failed', afterMs })
  })
})

describe('no secret is told', () => {
  const parts = Object.values(SECRETS).flatMap((secret) => [secret, ...secret.split(/[/:@]/)])
  const words = [...parts.filter((part) => part.length > 8 && part !== '127.0.0.1'), 'pass/word-secret']

  // The other side repeats all that it was sent and more, as a proxy's error page does.
  test.each([200, 302, 400, 401, 404, 429, 500, 503])('whatever is answered with %i', async (status) => {
    const told: unknown[] = []
    for (const make of Object.values(CHANNELS)) {
      const { url } = await receiver((response, _, { path, headers }) => {
        const { 'x-crosstide-signature': _signature, ...rest } = headers
        response.writeHead(status).end(JSON.stringify({ path, rest, also: SECRETS }))
      })
      told.push(await channelOf(make(url), url).deliver([item()], never))
    }
    const text = JSON.stringify(told)
    expect(words.filter((word) => text.includes(word))).toEqual([])
    expect(told.length).toBe(4)
  })

  test('wherever in the answer it stands', async () => {
    for (let before = 150; before < 200; before += 1) {
      const { url } = await receiver((response) => {
        response.writeHead(400).end(`${'.'.repeat(before)}${SECRETS.HOOK_SECRET}`)
      })
      const told = JSON.stringify(await channelOf(CHANNELS['webhook']?.(url) ?? {}, url).deliver([item()], never))
      expect(told).not.toContain(SECRETS.HOOK_SECRET.slice(0, 4))
    }
  })

  test.each(Object.keys(CHANNELS))('where %s is not reached', async (name) => {
    const { url, port } = await receiver()
    expect(port).toBeGreaterThan(0)
    const [closed, wrong] = ['http://127.0.0.1:1', url.replace('http:', 'https:')]
    const told = [
      await channelOf(CHANNELS[name]?.(closed) ?? {}, closed).deliver([item()], never),
      await channelOf(CHANNELS[name]?.(wrong) ?? {}, wrong).deliver([item()], never),
    ]
    expect(told).toMatchObject([{ kind: 'failed' }, { kind: 'failed' }])
    expect(words.filter((word) => JSON.stringify(told).includes(word))).toEqual([])
  })

  test('where the mail server is not there', async () => {
    const mail = { kind: 'email', name: 'm', smtpEnv: 'SMTP_URL', from: 'a@example.org', to: ['b@example.org'] }
    const told = await channelOf({ ...mail, allowLoopback: true }, '').deliver([item()], never)
    expect(told).toMatchObject({ kind: 'failed' })
    expect(words.filter((word) => JSON.stringify(told).includes(word))).toEqual([])
  })

  test.each([
    ['SLACK_URL', 'slack', 'secret-and-no-address'],
    ['TELEGRAM_TOKEN', 'telegram', 'secret/../token'],
  ])('where %s holds none', (variable, name, value) => {
    const make = CHANNELS[name] ?? (() => ({}))
    let message = ''
    try {
      channelOf(make('http://127.0.0.1:1'), '', { [variable]: value })
    } catch (error) {
      message = JSON.stringify([String(error), error])
    }
    expect(message).toContain(variable)
    expect(message).not.toContain(value)
  })
})

test('a channel lets out to nothing inside where that is not allowed', async () => {
  const inside = await receiver()
  const made = Object.values(CHANNELS).map((make) => ({ ...make(inside.url), allowLoopback: false }))
  for (const value of made) {
    expect(await channelOf(value, inside.url).deliver([item()], never)).toMatchObject({ kind: 'refused' })
    const tls = inside.url.replace('http:', 'https:')
    const encrypted = JSON.parse(JSON.stringify(value).replaceAll(inside.url, tls))
    expect(await channelOf(encrypted, tls).deliver([item()], never)).toMatchObject({ kind: 'refused' })
  }
  expect(inside.connections()).toBe(0)
})
