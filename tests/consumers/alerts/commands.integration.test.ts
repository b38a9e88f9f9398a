import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { bootstrap } from '../../../cli/bootstrap.ts'
import { commands } from '../../../consumers/alerts/commands.ts'
import type { WrittenAlert } from '../../../core/alert.ts'
import { parseConfig } from '../../../io/config.ts'
import { readConfiguration } from '../../../io/configuration.ts'
import type { Ranges, Writer } from '../../../io/kafka/port.ts'
import { openRanges } from '../../../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../../../io/kafka/writer.ts'
import { openPool } from '../../../io/postgres.ts'
import { openRegistry } from '../../../io/registry.ts'
import { catalogue } from '../../../schemas/topics.ts'
import { alert } from '../../support/alerts.ts'
import { alertsConfig, outboxOf, startAlerts, storeAlerts } from '../../support/alerts-rig.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../../support/database.ts'
import { kafkaOptions } from '../../support/kafka.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const kafka = kafkaOptions(brokers)
const topics = catalogue(2, `test-${randomUUID().slice(0, 8)}.`)
const file = parseConfig(
  {
    partitions: 2,
    exchanges: { kraken: { symbols: ['BTC-USD', 'USDT-USD'] }, binance: { symbols: ['BTC-USDT'] } },
    conversions: ['USDT-USD'],
  },
  'test',
)

let own: TestDatabase
let ranges: Ranges
let writer: Writer
let pool: ReturnType<typeof openPool>
beforeAll(async () => {
  own = await createEmptyDatabase(server, 'command')
  await bootstrap({
    kafka,
    registry: openRegistry(registryUrl),
    databaseUrl: own.url,
    config: file,
    log: silentLog,
    topics,
  })
  ranges = await openRanges(kafka)
  writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
  pool = openPool(own.url, 'ingest_rw', silentLog, 2)
})
afterAll(async () => {
  await pool.end()
  await writer.close(2000)
  await ranges.close()
  await own.drop()
})
beforeEach(() =>
  own.pool.query('truncate ingest.offsets, ingest.derived_origins, alerts, ingest.alert_outbox restart identity'),
)

const inEffect = async () => {
  const { found } = await readConfiguration(ranges, topics.control, silentLog)
  return {
    exchanges: Object.keys(found?.config.exchanges ?? {}),
    conversions: found?.config.conversions,
    by: found?.by,
    epoch: found?.epoch,
  }
}
const command = (n: number, name: string, told: Readonly<Record<string, string>>): WrittenAlert =>
  alert(n, { action: { kind: 'command', command: name, arguments: told } })

async function outcomesOf(alerts: readonly WrittenAlert[]) {
  const log = silentLog
  const started = startAlerts(own, alertsConfig({ channels: [] }), {
    command: commands({
      pool,
      ranges,
      control: topics.control,
      append: (records) => writer.append(records),
      log,
      file,
    }),
  })
  try {
    await storeAlerts(own, alerts, [])
    await vi.waitFor(async () => expect((await outboxOf(own)).filter(({ outcome }) => outcome === null)).toEqual([]), {
      timeout: 30_000,
      interval: 50,
    })
    return { rows: (await outboxOf(own)).map(({ outcome, reason }) => [outcome, reason]), events: started.events }
  } finally {
    await started.stop()
  }
}

describe('a rule’s command', { timeout: 60_000 }, () => {
  test('pauses an exchange by the configuration that producers follow, once, and resumes it as the file has it', async () => {
    const { rows, events } = await outcomesOf([
      command(0, 'pause-exchange', { exchange: 'kraken' }),
      command(1, 'pause-exchange', { exchange: 'kraken' }),
    ])
    expect(rows).toEqual([
      ['sent', null],
      ['sent', null],
    ])
    expect(await inEffect()).toEqual({
      exchanges: ['binance'],
      conversions: [],
      by: 'rule spike, alert spike@1:0:0:0',
      epoch: 2,
    })
    const { rows: configured } = await own.pool.query('select exchange, configured from exchanges order by 1')
    expect(configured).toEqual([
      { exchange: 'binance', configured: true },
      { exchange: 'kraken', configured: false },
    ])
    expect(events).toMatchObject([
      {
        kind: 'COMMAND',
        message: 'action of rule spike, command pause-exchange: sent',
        details: { audit: 'alert_action', by: 'rule spike@1', result: 'sent' },
      },
      {},
    ])
    expect((await outcomesOf([command(2, 'resume-exchange', { exchange: 'kraken' })])).rows.at(-1)).toEqual([
      'sent',
      null,
    ])
    expect(await inEffect()).toMatchObject({ exchanges: ['kraken', 'binance'], conversions: ['USDT-USD'], epoch: 3 })
  })

  test('that cannot be done is refused with its reason and changes nothing', async () => {
    const before = await inEffect()
    const { rows } = await outcomesOf([
      command(0, 'resume-exchange', { exchange: 'okx' }),
      command(1, 'pause-exchange', {}),
      command(2, 'format-disk', { exchange: 'kraken' }),
      alert(3, { action: { kind: 'webhook', target: 'nobody' } }),
    ])
    expect(rows).toEqual([
      ['refused', 'okx is not in the configuration file'],
      ['refused', 'pause-exchange names no exchange'],
      ['refused', 'no command format-disk; there are pause-exchange and resume-exchange'],
      ['refused', 'no target nobody in the configuration of alerts'],
    ])
    expect(await inEffect()).toEqual(before)
  })
})
