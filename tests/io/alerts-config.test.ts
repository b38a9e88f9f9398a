import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAlerts, readSecrets, type AlertsConfig } from '../../io/alerts-config.ts'
import { loadAlerts, parseConfig } from '../../io/config.ts'

const fields = (value: unknown): readonly string[] => {
  const read = readAlerts(value)
  return 'problems' in read ? read.problems.map(({ field }) => field.join('.')) : []
}
const config = (value: unknown): AlertsConfig => {
  const read = readAlerts(value)
  if ('alerts' in read) return read.alerts
  throw new Error('problems')
}
const slack = { kind: 'slack', name: 'desk', urlEnv: 'SLACK_URL' }
const hook = { kind: 'webhook', name: 'hook', url: 'https://example.org/x', secretEnv: 'HOOK_SECRET' }

describe('the configuration of alerts', () => {
  test('is a log alone, if nothing is said', () => {
    expect(config({})).toEqual({
      channels: [{ kind: 'log', name: 'log', minSeverity: 'info' }],
      targets: {},
      passMs: 900_000,
      groupWaitMs: 1000,
      resolveWaitMs: 15_000,
      repeatMs: 14_400_000,
      actionsPerMinute: 6,
    })
  })

  test.each([
    ['an unknown key', { colour: 1 }, ['']],
    ['a channel of an unknown kind', { channels: [{ kind: 'pigeon', name: 'p' }] }, ['channels.0.kind']],
    ['an address that is a secret, in the file', { channels: [{ ...slack, url: 'https://x' }] }, ['channels.0']],
    ['two of one name', { channels: [slack, { ...hook, name: 'desk' }] }, ['channels']],
    ['a name that is none', { channels: [{ ...slack, name: 'Desk 1' }] }, ['channels.0.name']],
    ['neither address nor variable', { channels: [{ ...hook, url: undefined }] }, ['channels.0']],
    ['both', { channels: [{ ...hook, urlEnv: 'A' }] }, ['channels.0']],
    ['an address with a login', { channels: [{ ...hook, url: 'https://a:b@c' }] }, ['channels.0.url']],
    ['a webhook without secret', { channels: [{ ...hook, secretEnv: undefined }] }, ['channels.0.secretEnv']],
    ['a variable of our own', { channels: [{ ...slack, urlEnv: 'CROSSTIDE_X' }] }, ['channels.0.urlEnv']],
    ['a secret instead of its variable', { channels: [{ ...slack, urlEnv: 'https://x' }] }, ['channels.0.urlEnv']],
    ['a target that is none', { targets: { bot: { url: 'ftp://x', secretEnv: 'A' } } }, ['targets.bot.url']],
    ['times out of range', { repeatMs: -1, groupWaitMs: 1.5 }, ['groupWaitMs', 'repeatMs']],
    ['a severity', { channels: [{ ...slack, minSeverity: 'fatal' }] }, ['channels.0.minSeverity']],
  ])('refuses %s, by its field', (_, value, expected) => expect(fields(value)).toEqual(expected))

  test('is part of the file, with its fields in the list of problems, and concerns no other role', async () => {
    const file = { exchanges: { kraken: { symbols: ['BTC-USD'] } }, alerts: { channels: [{ kind: 'log', name: '!' }] } }
    expect(() => parseConfig(file, 'the file')).toThrow(/alerts\.channels\.0\.name/)
    expect(parseConfig({ ...file, alerts: {} }, 'the file')).not.toHaveProperty('alerts')
    expect((await loadAlerts('crosstide.config.json')).channels).toMatchObject([{ kind: 'log' }])
  })
})

describe('secrets', () => {
  const alerts = config({ channels: [slack, hook], targets: { bot: { urlEnv: 'BOT_URL', secretEnv: 'HOOK_SECRET' } } })

  test('come from the variables that are named, or from the files that those name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crosstide-'))
    try {
      await writeFile(join(folder, 'secret'), 'of a file\n')
      const environment = {
        SLACK_URL: 'https://a',
        HOOK_SECRET_FILE: join(folder, 'secret'),
        BOT_URL: 'https://b',
        X: 'y',
      }
      expect(Object.fromEntries(await readSecrets(alerts, environment))).toEqual({
        SLACK_URL: 'https://a',
        HOOK_SECRET: 'of a file',
        BOT_URL: 'https://b',
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('that are missing are all named at once', async () => {
    await expect(readSecrets(alerts, { BOT_URL: '' })).rejects.toMatchObject({
      code: 'BAD_ENVIRONMENT',
      message: expect.stringMatching(/SLACK_URL[^]*HOOK_SECRET[^]*BOT_URL/),
    })
  })
})
