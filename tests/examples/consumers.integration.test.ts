import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { freshTopic, kafkaOptions, topicSpec } from '../support/kafka.ts'
import { interopPython } from '../support/python.ts'
import { gap, quote, tick, trade } from '../support/ticks.ts'

const { brokers, registry: registryUrl } = inject('stack')
const run = promisify(execFile)
const fileOf = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registryUrl }
const spec = topicSpec({ schema: 'Tick', partitions: 2 })
const python = await interopPython()

const first = tick(trade({ id: '1', price: 100, size: 1 }), { ordinal: 0 })
/** By partition; the second trade of BTC comes twice, as a producer that sends again leaves it. */
const LOG = [
  [
    first,
    tick(quote(), { ordinal: 1 }),
    tick(trade({ id: '2', price: 200, size: 3 }), { ordinal: 2 }),
    tick(trade({ id: '2', price: 200, size: 3 }), { ordinal: 2 }),
    first,
    tick(gap(), { ordinal: 3 }),
    tick(trade({ id: '3', price: 400, size: 4 }), { ordinal: 4, exchange: 'kraken' }),
  ],
  [tick(trade({ id: '4', price: 50, size: 2 }), { ordinal: 2, symbol: 'ETH-USDT' })],
]
/** (100 + 200 * 3) / 4 = 175; (700 + 400 * 4) / 8 = 287.5. */
const WANTED = [
  { exchange: 'binance', symbol: 'BTC-USDT', vwap: 100 },
  { exchange: 'binance', symbol: 'BTC-USDT', vwap: 175 },
  { exchange: 'kraken', symbol: 'BTC-USDT', vwap: 287.5 },
  { exchange: 'binance', symbol: 'ETH-USDT', vwap: 50 },
]

/** Partitions come in any order. */
async function linesOf(command: string, file: string): Promise<readonly unknown[]> {
  const { stdout } = await run(command, [fileOf(file), spec.name, '4'], { env, timeout: 50_000 })
  const lines = stdout.trimEnd().split('\n').toSorted()
  return lines.map((line) => JSON.parse(line))
}
const sorted = (lines: readonly unknown[]) => lines.map((line) => JSON.stringify(line)).toSorted()

beforeAll(async () => {
  await freshTopic(brokers, spec)
  const registry = openRegistry(registryUrl)
  await registry.register([spec])
  const encode = await registry.encoder(spec.name, tickCodec)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  await writer.append(
    LOG.flatMap((ticks, partition) =>
      ticks.map((one) => ({
        topic: spec.name,
        partition,
        key: Buffer.from('BTC'),
        value: encode(one),
        timestampMs: Date.now(),
      })),
    ),
  )
  await writer.close(2000)
})

describe('the example consumers', () => {
  test('TypeScript: prints each trade once, whatever comes twice', async () =>
    expect(sorted(await linesOf(process.execPath, 'consumer.ts'))).toEqual(sorted(WANTED)))

  test.skipIf(python === undefined)('Python: prints the same', async () =>
    expect(sorted(await linesOf(python ?? '', 'consumer.py'))).toEqual(sorted(WANTED)),
  )

  test.each(['consumer.py', 'consumer.ts'])('%s stays within 20 to 40 lines', (file) => {
    const lines = readFileSync(fileOf(file), 'utf8').trimEnd().split('\n').length
    expect(lines >= 20 && lines <= 40).toBe(true)
  })
})
