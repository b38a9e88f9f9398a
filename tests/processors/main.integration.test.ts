import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { micros } from '../../core/time.ts'
import type { Tick } from '../../core/tick.ts'
import { freePort } from '../../dev/ports.ts'
import type { Incoming, Ranges, Slot, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry, type Decoder } from '../../io/registry.ts'
import type { Candle } from '../../core/candle.ts'
import type { Derived } from '../../core/processor.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { candleCodec } from '../../schemas/derived.ts'
import { catalogue } from '../../schemas/topics.ts'
import { allOf, kafkaOptions, ownBroker, uniqueName, type OwnBroker } from '../support/kafka.ts'
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.ts'
import { tick, trade } from '../support/ticks.ts'

const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))
const TICK_SCHEMA = new URL('../../schemas/Tick.avsc', import.meta.url)
const topics = catalogue(6)
const WAIT_MS = 60_000

/** `crosstide run processors market`, as a user starts it. */
type Role = { readonly child: ChildProcess; readonly opsPort: number; readonly exited: Promise<number | null> }

let broker: OwnBroker
let registry: RegistryProxy
let ranges: Ranges
let writer: Writer
let encode: (value: Tick) => Buffer
let candles: Decoder<Derived<Candle>>
const roles: Role[] = []

beforeAll(async () => {
  broker = await ownBroker()
  registry = await startRegistryProxy(inject('stack').registry)
  const kafka = kafkaOptions(broker.brokers)
  const admin = await openTopics(kafka)
  await admin.ensure(Object.values(topics))
  await admin.close()
  const client = openRegistry(registry.url)
  await client.register(Object.values(topics))
  encode = await client.encoder(topics.ticks.name, tickCodec)
  candles = client.decoder(candleCodec)
  ranges = await openRanges(kafka)
  writer = await openWriter({ ...PROCESSOR_WRITER, ...kafka })
  roles.push(await startRole(), await startRole())
  await until(async () => (await Promise.all(roles.map(slotsOf))).every((slots) => slots === 3))
})

afterAll(async () => {
  for (const { child } of roles) child.kill('SIGKILL')
  await writer?.close(1000)
  await ranges?.close()
  await registry?.stop()
  await broker?.remove()
})

async function startRole(): Promise<Role> {
  const opsPort = await freePort()
  const child = spawn(process.execPath, [COMMAND, 'run', 'processors', 'market'], {
    env: {
      ...process.env,
      KAFKA_BROKERS: broker.brokers.join(','),
      SCHEMA_REGISTRY_URL: registry.url,
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      CROSSTIDE_OPS_PORT: String(opsPort),
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { child, opsPort, exited: new Promise((resolve) => child.once('exit', resolve)) }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(100))
    if (await isSo().catch(() => false)) return
  throw new Error('it did not come to that in time')
}

const metricsOf = async ({ opsPort }: Role): Promise<string> =>
  (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
const slotsOf = async (role: Role): Promise<number> =>
  [...(await metricsOf(role)).matchAll(/^crosstide_processor_lag_records\{.*slot=/gm)].length
const readiness = async ({ opsPort }: Role): Promise<string> =>
  (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).text()

const slotOf = (partition: number): Slot => ({ topic: topics.ticks.name, partition })
const append = (partition: number, values: readonly Buffer[]) =>
  writer.append(
    values.map((value) => ({ ...slotOf(partition), key: Buffer.from('BTC'), value, timestampMs: Date.now() })),
  )

let ordinal = 0
/** A trade so many seconds ago. */
const tradeAt = (secondsAgo: number, price = 100): Tick => {
  const time = micros((Date.now() - secondsAgo * 1000) * 1000)
  ordinal += 1
  return tick(trade({ price, id: String(ordinal) }), { eventTime: time, receiveTime: time, ordinal })
}

/** Input offsets that made candles of 1 s, of a partition. */
async function causes(partition: number): Promise<readonly number[]> {
  const found: number[] = []
  for (const { value } of await allOf(ranges, { topic: topics.candles.name, partition })) {
    let read = candles.decode(value)
    if (read.kind === 'unknown-schema' && (await candles.learn(read.id))) read = candles.decode(value)
    if (read.kind === 'value') found.push(read.value.origin.offset)
  }
  return found
}

const header = ({ headers = [] }: Incoming, name: string): string =>
  String(headers.find(([one]) => one === name)?.[1] ?? '')

describe('crosstide run processors market, twice', { timeout: 150_000 }, () => {
  test('keeps what nobody can read with its coordinate, and goes on with the next record', async () => {
    const whole = encode(tradeAt(5))
    const poison = [
      Buffer.concat([Buffer.from([9]), whole.subarray(1)]),
      whole.subarray(0, whole.length - 3),
      Buffer.concat([whole, Buffer.from([0])]),
      encode(tradeAt(5, Number.NaN)),
    ]
    await append(0, [encode(tradeAt(10)), ...poison, encode(tradeAt(0))])
    // Closed by the record after the poison: it is read.
    await until(async () => (await causes(0)).includes(5))
    const letters = (await allOf(ranges, { topic: topics.ticksDeadLetters.name, partition: 0 })).filter(
      (letter) => header(letter, 'dlq-partition') === '0',
    )
    expect(letters.map((letter) => [header(letter, 'dlq-stage'), header(letter, 'dlq-offset')])).toEqual(
      [1, 2, 3, 4].map((offset) => ['processor', String(offset)]),
    )
    expect(letters.map(({ value }) => value?.toString('hex'))).toEqual(poison.map((value) => value.toString('hex')))
    expect(letters.map((letter) => header(letter, 'dlq-error'))).toEqual([
      expect.stringContaining('magic'),
      expect.stringContaining('truncated'),
      expect.stringContaining('trailing'),
      expect.stringContaining('price'),
    ])
  })

  test('waits where a schema is unknown, says so, goes on elsewhere, and reads it once the registry knows it', async () => {
    const schema = { ...JSON.parse(readFileSync(TICK_SCHEMA, 'utf8')), doc: uniqueName('tick') }
    const answer = await fetch(`${registry.url}/subjects/${uniqueName('ticks')}-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    })
    const { id } = z.object({ id: z.number() }).parse(await answer.json())
    registry.hidden.add(id)
    // Made in the order of the log: a lower ordinal would be a repeat.
    const known = encode(tradeAt(10))
    const unknown = Buffer.from(encode(tradeAt(0)))
    unknown.writeInt32BE(id, 1)
    await append(1, [known, unknown])
    await append(2, [encode(tradeAt(10)), encode(tradeAt(0))])
    await until(async () => (await Promise.all(roles.map(readiness))).join('').includes(`waiting for schema ${id}`))
    await until(async () => (await causes(2)).includes(1))
    expect(await causes(1)).toEqual([])
    registry.hidden.clear()
    await until(async () => (await causes(1)).includes(1))
    await until(async () => !(await Promise.all(roles.map(readiness))).join('').includes('waiting'))
  })

  test('measures lag, records, step time, outputs, what was late or suppressed, snapshots and restores', async () => {
    const text = await metricsOf(roles[0] ?? raise('no role'))
    for (const what of ['processed', 'late', 'duplicate', 'ignored', 'fault', 'emitted', 'suppressed'])
      expect(text).toContain(`processor_records_total{processor="market",what="${what}"`)
    for (const name of [
      'processor_lag_records{',
      'processor_step_seconds_count{',
      'processor_restore_seconds_count{',
      '# TYPE crosstide_processor_snapshot_bytes histogram',
      '# TYPE crosstide_processor_snapshot_seconds histogram',
      '# TYPE crosstide_processor_stopped_tasks_total counter',
      '# TYPE crosstide_processor_rebalances_total counter',
    ])
      expect(text).toContain(name)
  })

  test('shares the partitions; when one stops in order, the other goes on from its snapshots', async () => {
    const [first = raise('no role'), second = raise('no role')] = roles
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    await until(async () => (await slotsOf(second)) === 6)
    // Saved in order by the one that stopped.
    await until(async () => /processor_restore_seconds_count\{[^}]*from="snapshot"/.test(await metricsOf(second)))
    // A candle is closed by what comes two seconds after it.
    await until(async () => {
      for (const partition of [0, 1, 2]) await append(partition, [encode(tradeAt(0))])
      return (await Promise.all([0, 1, 2].map(causes))).every((offsets) => offsets.some((offset) => offset > 5))
    })
    expect(await readiness(second)).toContain('"ready":true')
  })
})

function raise(message: string): never {
  throw new Error(message)
}
