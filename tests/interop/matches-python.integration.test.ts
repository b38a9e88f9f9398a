import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { ruleAlert, type Alert } from '../../core/alert.ts'
import { toMillis } from '../../core/time.ts'
import type { Outgoing } from '../../io/kafka/port.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry } from '../../io/registry.ts'
import { alertCodec, matchCodec } from '../../schemas/matches.ts'
import { catalogue } from '../../schemas/topics.ts'
import { origin } from '../support/derived.ts'
import { freshTopic, kafkaOptions, uniqueName } from '../support/kafka.ts'
import { MINUTE } from '../support/logged.ts'
import { evidence, match } from '../support/matches.ts'
import { askPython, interopPython } from '../support/python.ts'

const { brokers, registry: registryUrl } = inject('stack')
const SCRIPT = fileURLToPath(new URL('client.py', import.meta.url))
const python = await interopPython()
const topics = catalogue(1, `${uniqueName('interop')}.`)
const place = origin({ partition: 3, offset: 2 ** 33, ordinal: 4 })

const fired = match({
  fields: { changeBps: 52.25, note: 'Sprung, Ä', isFirst: true, z: null },
  evidence: [evidence(), evidence({ offset: 2 ** 33, exchange: undefined })],
  origin: place,
})
const alert: Alert = {
  source: 'RULE',
  alertKey: 'rule price-spike {"exchange":"binance","symbol":"BTC-USDT"}',
  phase: 'FIRED',
  reason: undefined,
  resolves: true,
  severity: 'critical',
  type: 'PRICE_SPIKE',
  title: 'Price spike',
  at: MINUTE,
  feed: 'LIVE',
  ruleId: 'price-spike',
  ruleVersion: 1,
  key: fired.key,
  exchange: 'binance',
  symbol: 'BTC-USDT',
  fields: fired.fields,
  evidence: [],
  suppressed: 0,
  action: { kind: 'command', command: 'pause-exchange', arguments: { exchange: 'binance', minutes: 5 } },
}
const PLACE = { processor: 'market', version: 1, partition: 3, offset: 8_589_934_592, ordinal: 4 }
const FIELDS = { changeBps: 52.25, note: 'Sprung, Ä', isFirst: true, z: null }
const KEY = { exchange: 'binance', symbol: 'BTC-USDT' }
const AT = 1_795_169_700_000_000

describe.skipIf(python === undefined)('a Python client (librdkafka, fastavro)', () => {
  const registry = openRegistry(registryUrl)
  async function append(...records: readonly Omit<Outgoing, 'partition' | 'timestampMs'>[]): Promise<void> {
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
    await writer.append(records.map((one) => ({ ...one, partition: 0, timestampMs: toMillis(MINUTE) })))
    await writer.close(1000)
  }
  const read = (topic: string, reader?: object): Promise<unknown> =>
    askPython(python ?? '', SCRIPT, 'records', { brokers: brokers.join(','), registry: registryUrl, topic, reader })

  test('reads a match by the schema of the registry', async () => {
    const topic = await freshTopic(brokers, topics.matches)
    await registry.register([topics.matches])
    const encode = await registry.encoder(topic, matchCodec)
    await append({ topic, key: Buffer.from('BTC'), value: encode(fired) })
    expect(await read(topic)).toEqual([
      {
        key: 'BTC',
        timestampMs: 1_795_169_700_000,
        value: {
          matchId: 'price-spike@1:3:8589934592:4',
          ruleId: 'price-spike',
          ruleVersion: 1,
          ruleSetHash: '9f86d081',
          shadow: false,
          type: 'PRICE_SPIKE',
          phase: 'FIRED',
          reason: null,
          severity: 'warning',
          key: KEY,
          base: 'BTC',
          exchange: 'binance',
          symbol: 'BTC-USDT',
          at: AT,
          feed: 'LIVE',
          fields: FIELDS,
          inputs: { mean: 100.5 },
          evidence: [
            { stream: 'trade', offset: 7, at: AT, exchange: 'binance', symbol: 'BTC-USDT' },
            { stream: 'trade', offset: 8_589_934_592, at: AT, exchange: null, symbol: 'BTC-USDT' },
          ],
          suppressed: 0,
          origin: PLACE,
        },
      },
    ])
  })

  test('reads alerts of rules and of services, also by a schema of before', async () => {
    const topic = await freshTopic(brokers, topics.alerts)
    await registry.register([topics.alerts])
    const encode = await registry.encoder(topic, alertCodec)
    const key = Buffer.from(alert.alertKey)
    const ofService = { source: 'SERVICE', ruleId: undefined, ruleVersion: undefined, action: undefined } as const
    await append(
      { topic, key, value: encode(ruleAlert(alert, place)) },
      { topic, key, value: encode({ ...alert, ...ofService, alertId: 'sentinel x MISS 1', origin: undefined }) },
    )
    const first = {
      alertId: 'price-spike@1:3:8589934592:3',
      source: 'RULE',
      alertKey: alert.alertKey,
      phase: 'FIRED',
      reason: null,
      resolves: true,
      severity: 'critical',
      type: 'PRICE_SPIKE',
      title: 'Price spike',
      at: AT,
      feed: 'LIVE',
      ruleId: 'price-spike',
      ruleVersion: 1,
      key: KEY,
      exchange: 'binance',
      symbol: 'BTC-USDT',
      fields: FIELDS,
      evidence: [],
      suppressed: 0,
      action: {
        kind: 'COMMAND',
        target: null,
        command: 'pause-exchange',
        arguments: { exchange: 'binance', minutes: 5 },
      },
      origin: PLACE,
    }
    const second = {
      ...first,
      alertId: 'sentinel x MISS 1',
      source: 'SERVICE',
      ruleId: null,
      ruleVersion: null,
      action: null,
      origin: null,
    }
    expect(await values(topic)).toEqual([first, second])
    // A reader that knows fewer severities, no actions, and a field that was taken away since.
    expect(await values(topic, olderAlert())).toEqual(
      [first, second].map((value) => {
        const { action: _, ...rest } = value
        return { ...rest, severity: 'info', note: 'none' }
      }),
    )
  })

  const values = async (topic: string, reader?: object): Promise<readonly unknown[]> =>
    z
      .array(z.object({ value: z.unknown() }))
      .parse(await read(topic, reader))
      .map(({ value }) => value)

  function olderAlert(): object {
    const field = z.looseObject({ name: z.string() })
    const alertSchema = z
      .looseObject({ fields: z.array(field) })
      .parse(JSON.parse(readFileSync(new URL('../../schemas/Alert.avsc', import.meta.url), 'utf8')))
    const fields = alertSchema.fields
      .filter(({ name }) => name !== 'action')
      .map((one) =>
        one.name === 'severity'
          ? { ...one, type: { type: 'enum', name: 'Severity', symbols: ['info', 'warning'], default: 'info' } }
          : one,
      )
    return { ...alertSchema, fields: [...fields, { name: 'note', type: 'string', default: 'none' }] }
  }
})
