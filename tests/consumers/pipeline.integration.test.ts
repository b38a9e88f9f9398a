import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import type { Tick } from '../../core/tick.ts'
import { parseConfig } from '../../io/config.ts'
import type { Incoming, KafkaOptions, Ranges, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { checkLogId, logIdOfDatabase } from '../../io/log-id.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue, deadLettersOf, type Catalogue } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { runTicksSink } from '../support/ticks-sink.ts'
import { quote, tick, trade } from '../support/ticks.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const run = randomUUID().slice(0, 8)
const kafka: KafkaOptions = { brokers, clientId: `test-${run}`, log: silentLog }
const registry = openRegistry(registryUrl)
const config = parseConfig(
  { partitions: 3, exchanges: { kraken: { symbols: ['BTC-USD', 'USDT-USD'] } }, conversions: ['USDT-USD'] },
  'test',
)

/** The catalogue under names of this run. */
function ownTopics(): Catalogue {
  const all = catalogue(3)
  const own = `test-${run}.ticks`
  const named = Object.fromEntries(
    Object.entries(all).map(([key, spec]) => [key, { ...spec, name: `test-${run}.${key.toLowerCase()}` }]),
  )
  return {
    ...all,
    ...named,
    ticks: { ...all.ticks, name: own },
    ticksDeadLetters: { ...all.ticksDeadLetters, name: deadLettersOf(own) },
  }
}

let own: TestDatabase
let ranges: Ranges
let writer: Writer
let encode: (value: Tick) => Buffer
const topics = ownTopics()
const deps = () => ({ kafka, registry, databaseUrl: own.url, config, log: silentLog, topics })

beforeAll(async () => {
  own = await createEmptyDatabase(server, 'pipeline')
  await bootstrap(deps())
  ranges = await openRanges(kafka)
  writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  encode = await registry.encoder(topics.ticks.name, tickCodec)
})
afterAll(async () => {
  await writer.close(2000)
  await ranges.close()
  await own.drop()
})

const send = (ticks: readonly Tick[]) =>
  writer.append(
    ticks.map((one) => ({
      topic: topics.ticks.name,
      partition: one.ordinal % 3,
      key: Buffer.from('BTC'),
      value: encode(one),
      timestampMs: Date.now(),
    })),
  )

const startSink = () =>
  runTicksSink({
    kafka,
    groupId: `crosstide.test-${run}`,
    topic: topics.ticks.name,
    databaseUrl: own.url,
    registry,
    ranges,
    writer,
  })

const count = async (query: string) =>
  Number((await own.pool.query<{ n: string }>(`select count(*) as n from ${query}`)).rows[0]?.n)
const offsets = async () =>
  (
    await own.pool.query<{ part: number; next: number }>(
      'select part, next_offset::int as next from ingest.offsets order by 1',
    )
  ).rows

async function until(condition: () => Promise<boolean>, deadlineMs = 30_000): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('waited too long')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('bootstrap', () => {
  test('is idempotent, reports no difference, and binds log and database to each other', async () => {
    const before = await logIdOfDatabase(own.pool)
    expect(await bootstrap(deps())).toEqual([])
    expect(await checkLogId(ranges, topics.control, own.pool)).toBe(before)
    expect(await count('symbols where configured')).toBe(2)
    expect((await own.pool.query('select symbol, base, conversion from symbols order by 1')).rows).toEqual([
      { symbol: 'BTC-USD', base: 'BTC', conversion: false },
      { symbol: 'USDT-USD', base: 'USDT', conversion: true },
    ])
    expect(await count("pg_inherits where inhparent = 'trades'::regclass")).toBe(10)
  })

  test('refuses a database that was filled from another log, and one that the log does not know', async () => {
    const other = await createEmptyDatabase(server, 'pipeline')
    try {
      await expect(bootstrap({ ...deps(), databaseUrl: other.url })).rejects.toMatchObject({
        code: 'DATABASE_MISMATCH',
      })
      await other.pool.query('insert into ingest.log (log_id) values (gen_random_uuid())')
      await expect(bootstrap({ ...deps(), databaseUrl: other.url })).rejects.toThrow(/crosstide reset/)
      await expect(checkLogId(ranges, topics.control, other.pool)).rejects.toMatchObject({ code: 'DATABASE_MISMATCH' })
    } finally {
      await other.drop()
    }
  })
})

describe('the ticks sink on Kafka', () => {
  test('stores what the log holds, across a restart, and its offset rows equal the ends of the log', async () => {
    const ticks = Array.from({ length: 3000 }, (_, n) =>
      tick(n % 3 === 0 ? trade({ id: String(n) }) : quote(), { ordinal: n, symbol: `A${n % 3}-USD` }),
    )
    await send(ticks.slice(0, 1500))
    const first = startSink()
    await until(async () => (await count('trades')) > 100)
    await first.stop()
    await send(ticks.slice(1500))
    const second = startSink()
    await until(async () => (await count('trades')) + (await count('quotes')) >= 3000)
    await second.stop()
    expect([await count('trades'), await count('quotes')]).toEqual([1000, 2000])
    expect(await offsets()).toEqual([0, 1, 2].map((part) => ({ part, next: 1000 })))
  })

  test('two members share the slots, and what one leaves the other takes over', async () => {
    const before = (await count('trades')) + (await count('quotes'))
    const ticks = Array.from({ length: 900 }, (_, n) => tick(trade({ id: `shared ${n}` }), { ordinal: 10_000 + n }))
    const members = [startSink(), startSink()]
    await send(ticks.slice(0, 450))
    await until(async () => (await count('trades')) + (await count('quotes')) >= before + 450)
    await members[0]?.stop()
    await send(ticks.slice(450))
    await until(async () => (await count('trades')) + (await count('quotes')) >= before + 900)
    await members[1]?.stop()
    expect((await count('trades')) + (await count('quotes'))).toBe(before + 900)
  })

  test('bytes that are no tick stand in the dead letters, raw, with where they came from', async () => {
    const value = Buffer.from('no tick at all')
    await writer.append([
      { topic: topics.ticks.name, partition: 1, key: Buffer.from('?'), value, timestampMs: Date.now() },
    ])
    const before = (await offsets()).find(({ part }) => part === 1)
    const sink = startSink()
    await until(async () => (await offsets()).some(({ part, next }) => part === 1 && next > (before?.next ?? 0)))
    await sink.stop()
    const slot = { topic: topics.ticksDeadLetters.name, partition: 0 }
    const { first, end } = await ranges.bounds(slot)
    const letters: Incoming[] = []
    for await (const some of ranges.read(slot, first, end)) letters.push(...some)
    expect(letters.map((letter) => letter.value)).toEqual([value])
    expect(letters[0]?.headers?.map(([name, text]) => [name, text.toString()])).toEqual([
      ['dlq-topic', topics.ticks.name],
      ['dlq-partition', '1'],
      ['dlq-offset', String(before?.next)],
      ['dlq-stage', 'sink'],
      ['dlq-error', expect.stringContaining('wrong magic byte')],
    ])
  })

  test('a topic that was made anew is refused', async () => {
    await own.pool.query('update ingest.offsets set tail_crc = tail_crc + 1 where part = 2')
    const sink = startSink()
    await expect(sink.running).rejects.toMatchObject({ code: 'LOG_CHANGED' })
    await sink.stop()
    const admin = await openTopics(kafka)
    await admin.dropGroup(`crosstide.test-${run}`).catch(() => undefined)
    await admin.close()
  })
})
