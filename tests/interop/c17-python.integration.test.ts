import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { lz4, snappyCodec, zstd } from '../../io/kafka/codecs.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry, type Registry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { allOf, freshTopic, kafkaOptions, topicSpec } from '../support/kafka.ts'
import { askPython, interopPython } from '../support/python.ts'
import { MOMENT, tick, trade } from '../support/ticks.ts'

const { brokers, registry: registryUrl } = inject('stack')
const SCRIPT = fileURLToPath(new URL('client.py', import.meta.url))
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const COUNT = 300
const python = await interopPython()

const ticks: readonly Tick[] = Array.from({ length: COUNT }, (_, n) =>
  tick(trade({ id: String(n), price: 91_234.5 + n / 4, size: 1 / (n + 1) }), {
    symbol: n % 2 === 0 ? 'BTC-USDT' : 'ETH-USDT',
    eventTime: micros(MOMENT + n),
    receiveTime: micros(MOMENT + 1000 * n),
    ordinal: n,
  }),
)
const stampOf = ({ receiveTime }: Tick): number => Math.floor(receiveTime / 1000)

describe.skipIf(python === undefined)('C17: a Python client (librdkafka, fastavro)', () => {
  const spec = topicSpec({ schema: 'Tick', partitions: CODECS.length })
  const base = { brokers: brokers.join(','), registry: registryUrl, topic: spec.name }
  let registry: Registry
  let encode: (value: Tick) => Buffer
  beforeAll(async () => {
    registry = openRegistry(registryUrl)
    await registry.register([spec])
    encode = await registry.encoder(spec.name, tickCodec)
  })

  test('reads what we write with every codec: the same bytes, keys, times, and the same ticks', async () => {
    await freshTopic(brokers, spec)
    const used = [snappyCodec, lz4, zstd].map((codec) => vi.spyOn(codec, 'compress'))
    for (const [partition, compression] of CODECS.entries()) {
      const writer = await openWriter({ ...PROCESSOR_WRITER, compression, ...kafkaOptions(brokers) })
      await writer.append(
        ticks.map((one) => ({
          topic: spec.name,
          partition,
          key: Buffer.from(one.symbol),
          value: encode(one),
          timestampMs: stampOf(one),
        })),
      )
      await writer.close(1000)
    }
    for (const spy of used) expect(spy).toHaveBeenCalled()
    const found = await askPython(python ?? '', SCRIPT, 'read', { ...base, partitions: CODECS.length })
    const wanted = CODECS.flatMap((_, partition) =>
      ticks.map((one, offset) => ({
        partition,
        offset,
        key: one.symbol,
        timestampMs: stampOf(one),
        value: encode(one).toString('hex'),
        exchange: one.exchange,
        symbol: one.symbol,
        eventTime: one.eventTime,
        name: 'crosstide.Trade',
        price: one.payload.kind === 'trade' ? one.payload.price : undefined,
        size: one.payload.kind === 'trade' ? one.payload.size : undefined,
      })),
    )
    expect(found).toEqual(wanted)
  })

  test('writes what we read with every codec: the bytes we would have written', async () => {
    const topic = await freshTopic(brokers, { partitions: CODECS.length })
    const plain = ticks.map(({ origin: _origin, payload: { kind: _kind, ...payload }, ...rest }) => ({
      ...rest,
      origin: null,
      payload,
    }))
    const schemaId = encode(ticks[0] ?? tick()).readInt32BE(1)
    const job = { ...base, topic, schemaId, codecs: CODECS, ticks: plain }
    expect(await askPython(python ?? '', SCRIPT, 'write', job)).toBe(COUNT)
    const used = [snappyCodec, lz4, zstd].map((codec) => vi.spyOn(codec, 'decompress'))
    const ranges = await openRanges(kafkaOptions(brokers))
    for (const partition of CODECS.keys()) {
      const records = await allOf(ranges, { topic, partition })
      expect(records).toEqual(
        ticks.map((one, offset) => ({
          offset,
          key: Buffer.from(one.symbol),
          value: encode(one),
          timestampMs: stampOf(one),
        })),
      )
    }
    await ranges.close()
    for (const spy of used) expect(spy).toHaveBeenCalled()
  })
})
