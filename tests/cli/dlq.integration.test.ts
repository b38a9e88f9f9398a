import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import { exitCode, lettersOf, replayAll } from '../../cli/dlq.ts'
import type { Outcome, ReplayDeps } from '../../cli/dlq-replay.ts'
import { openDeadLetters } from '../../io/dead-letters.ts'
import { partitionOf } from '../../core/partition.ts'
import type { Tick } from '../../core/tick.ts'
import { fromMillis, micros, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { parseConfig } from '../../io/config.ts'
import type { Ranges, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openPool } from '../../io/postgres.ts'
import { openRegistry } from '../../io/registry.ts'
import { deadLetter } from '../../producers/dead-letter.ts'
import { tickCodec, type Codec } from '../../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../../schemas/derived.ts'
import { alertCodec, matchCodec } from '../../schemas/matches.ts'
import { catalogue, deadLettersOf } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { candle, opportunity } from '../support/derived.ts'
import { alert } from '../support/alerts.ts'
import { match } from '../support/matches.ts'
import { allOf, kafkaOptions, uniqueName } from '../support/kafka.ts'
import { gap, quote, tick, trade } from '../support/ticks.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const COMMAND = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))
const kafka = kafkaOptions(brokers)
const registry = openRegistry(registryUrl)
const config = parseConfig({ partitions: 3, exchanges: { kraken: { symbols: ['BTC-USD'] } } }, 'test')
const listed = [{ symbol: 'BTC-USD', nativeSymbol: 'BTC/USD' }]

/** Under names of this run; each test has letters of its own by `from`. */
const topics = catalogue(3, `${uniqueName('dlq')}.`)
const letterSlot = { topic: deadLettersOf(topics.ticks.name), partition: 0 }
let own: TestDatabase
let ranges: Ranges
let writer: Writer
let pool: ReturnType<typeof openPool>
let encode: (value: Tick) => Buffer

beforeAll(async () => {
  own = await createEmptyDatabase(server, 'dlq')
  await bootstrap({ kafka, registry, databaseUrl: own.url, config, log: silentLog, topics })
  ranges = await openRanges(kafka)
  writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  pool = openPool(own.url, 'ingest_rw', silentLog, 1)
  encode = await registry.encoder(topics.ticks.name, tickCodec)
})
afterAll(async () => {
  await writer.close(2000)
  await ranges.close()
  await pool.end()
  await own.drop()
})

/** Replays the letters from an offset on. */
async function replay(
  from: number,
  change: Partial<ReplayDeps> = {},
  topic = topics.ticks.name,
): Promise<readonly Outcome[]> {
  const deps: ReplayDeps = {
    topics,
    registry,
    writer,
    database: pool,
    inverses: new Set(),
    instruments: () => Promise.resolve(listed),
    now: now(),
    keepsFromMs: Date.now() - 7 * 86_400_000,
    dryRun: false,
    ...change,
  }
  return replayAll(deps, lettersOf(ranges, topic, String(from)))
}

const encoded = async <Domain, Wire>(topic: string, codec: Codec<Domain, Wire>, value: Domain): Promise<Buffer> =>
  (await registry.encoder(topic, codec))(value)

const lettersEnd = async (): Promise<number> => (await ranges.bounds(letterSlot)).end

/** Letters as the sink writes them. Answers where they begin. */
async function sinkLetters(values: readonly (Buffer | Tick)[], offset: number): Promise<number> {
  const begin = await lettersEnd()
  await openDeadLetters({ stage: 'sink', writer, now, count: () => undefined }).put(
    values.map((value, index) => ({
      slot: { topic: topics.ticks.name, partition: 1 },
      record: {
        offset: offset + index,
        key: Buffer.from('BTC'),
        value: Buffer.isBuffer(value) ? value : encode(value),
        timestampMs: Date.now(),
      },
      error: '22003: numeric field overflow',
    })),
  )
  return begin
}

/** Letters as a producer writes them. */
async function frameLetter(raw: string, receiveTime: Micros): Promise<number> {
  const begin = await lettersEnd()
  const letter = { raw, error: 'price: no decimal', detail: undefined, session: micros(1), receiveTime }
  const { value, headers } = deadLetter(letter, 'kraken', topics.ticks.name)
  await writer.append([
    {
      ...letterSlot,
      key: Buffer.from(topics.ticks.name),
      value: Buffer.from(value),
      timestampMs: Date.now(),
      headers: headers.map(([name, text]) => [name, Buffer.from(text)] as const),
    },
  ])
  return begin
}

const recent = (change: Partial<Tick> = {}): Partial<Tick> => {
  const time = fromMillis(Date.now())
  return { exchange: 'kraken', symbol: 'BTC-USD', eventTime: time, receiveTime: time, session: time, ...change }
}
const rowsOf = async (query: string): Promise<readonly unknown[]> => (await own.pool.query<object>(query)).rows
const ticksInLog = async (): Promise<number> => {
  const slots = [0, 1, 2].map((partition) => ({ topic: topics.ticks.name, partition }))
  const bounds = await Promise.all(slots.map((slot) => ranges.bounds(slot)))
  return bounds.reduce((sum, { first, end }) => sum + end - first, 0)
}

describe("a sink's letters", () => {
  test('are stored by natural key, once, however often they are replayed', async () => {
    const begin = await sinkLetters(
      [tick(trade({ id: 'sink-1' }), recent()), tick(quote(), recent({ ordinal: 1 }))],
      10,
    )
    const first = await replay(begin)
    expect(first.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['replayed', '1 rows'],
      ['replayed', '1 rows'],
    ])
    expect((await replay(begin)).map(({ detail }) => detail)).toEqual(['0 rows', '0 rows'])
    expect(await rowsOf("select partition, log_offset from trades where trade_id = 'sink-1'")).toEqual([
      { partition: 1, log_offset: '10' },
    ])
    expect(await rowsOf('select sum(trades)::int as trades from trade_minutes')).toEqual([{ trades: 1 }])
  })

  test('move no offset, and leave sieve, latest quotes and heartbeats as they are', async () => {
    await own.pool.query(
      'insert into ingest.offsets (consumer, topic, part, next_offset) values ($1, $2, 1, 4) on conflict do nothing',
      ['sink-ticks', topics.ticks.name],
    )
    const before = await rowsOf('select * from ingest.offsets order by 1, 2, 3')
    const begin = await sinkLetters(
      [tick(quote({ bid: 7, ask: 8 }), recent()), tick(gap(), recent({ ordinal: 1 })), tick(trade(), recent())],
      1000,
    )
    expect(exitCode(await replay(begin))).toBe(0)
    expect(await rowsOf('select * from ingest.offsets order by 1, 2, 3')).toEqual(before)
    expect(await rowsOf('select * from ingest.origins')).toEqual([])
    expect(await rowsOf('select * from latest_quotes')).toEqual([])
    expect(await rowsOf('select reason from gaps')).toEqual([{ reason: 'DISCONNECT' }])
  })

  test('that still cannot be read, or that the tables no longer keep, are named and change nothing', async () => {
    const old = fromMillis(Date.now() - 30 * 86_400_000)
    const begin = await sinkLetters(
      [Buffer.from('poison'), tick(trade({ price: -1 }), recent()), tick(trade(), recent({ eventTime: old }))],
      2000,
    )
    const outcomes = await replay(begin)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['unreadable', 'unreadable', 'too-old'])
    expect(exitCode(outcomes)).toBe(1)
    expect(await rowsOf('select * from trades_default')).toEqual([])
  })

  test('of candles, opportunities, matches and alerts are stored by their keys, and nobody is told; what was remembered of origins stays', async () => {
    const openTime = micros(Math.floor(Date.now() / 60_000) * 60_000_000)
    const old = micros(openTime - 30 * 86_400_000_000)
    const letters = [
      [topics.candles, await encoded(topics.candles.name, candleCodec, candle({ openTime, interval: '1s' }))],
      [topics.candles, await encoded(topics.candles.name, candleCodec, candle({ openTime: old, interval: '1s' }))],
      [topics.opportunities, await encoded(topics.opportunities.name, opportunityCodec, opportunity())],
      [topics.matches, await encoded(topics.matches.name, matchCodec, match())],
      [
        topics.alerts,
        await encoded(topics.alerts.name, alertCodec, alert(3, { action: { kind: 'webhook', target: 'bot' } })),
      ],
    ] as const
    await openDeadLetters({ stage: 'sink', writer, now, count: () => undefined }).put(
      letters.map(([{ name }, value], offset) => ({
        slot: { topic: name, partition: 2 },
        record: { offset, key: Buffer.from('BTC'), value, timestampMs: Date.now() },
        error: '22003: numeric field overflow',
      })),
    )
    const outcomes = async (topic: string) =>
      (await replay(0, {}, topic)).map(({ outcome, detail }) => [outcome, detail])
    expect(await outcomes(topics.candles.name)).toEqual([
      ['replayed', '1 rows'],
      ['too-old', 'older than the tables keep'],
    ])
    expect(await outcomes(topics.candles.name)).toContainEqual(['replayed', '0 rows'])
    expect(await outcomes(topics.opportunities.name)).toEqual([['replayed', '1 rows']])
    expect(await outcomes(topics.matches.name)).toEqual([['replayed', '1 rows']])
    expect(await outcomes(topics.alerts.name)).toEqual([['replayed', '1 rows']])
    expect(await rowsOf('select exchange, partition from candles_1s')).toEqual([{ exchange: 'binance', partition: 2 }])
    expect(await rowsOf('select opportunity_id, phase from opportunities')).toEqual([
      { opportunity_id: 'x:0:1:0', phase: 'OPEN' },
    ])
    expect(await rowsOf('select match_id, partition from matches')).toEqual([
      { match_id: 'price-spike@1:0:0:0', partition: 2 },
    ])
    expect(await rowsOf('select alert_id, state, partition from alerts')).toEqual([
      { alert_id: 'spike@1:0:3:0', state: 'open', partition: 2 },
    ])
    expect(await rowsOf('select * from ingest.alert_outbox')).toEqual([])
    expect(await rowsOf('select * from ingest.derived_origins')).toEqual([])
  })

  test('of one record count once: a crash may have left two', async () => {
    const one = tick(trade({ id: 'twice' }), recent())
    const begin = await sinkLetters([one], 3000)
    await sinkLetters([one], 3000)
    expect((await replay(begin)).map(({ outcome }) => outcome)).toEqual(['replayed', 'repeat'])
  })
})

const krakenTrade = (price: string, timestamp: string): string =>
  JSON.stringify({
    channel: 'trade',
    type: 'update',
    data: [{ symbol: 'BTC/USD', side: 'buy', price: 0, qty: 0.5, ord_type: 'market', trade_id: 77, timestamp }],
  }).replace('"price":0', `"price":${price}`)

describe("a producer's letters", () => {
  test('are decoded again: trades under one new session, feed BACKFILL, in their partition', async () => {
    const received = fromMillis(Date.now() - 60_000)
    const iso = new Date(received / 1000).toISOString()
    const begin = await frameLetter(krakenTrade('91231.4', iso), received)
    await frameLetter(krakenTrade('91231.5', iso), received)
    const before = await ticksInLog()
    const run = now()
    const outcomes = await replay(begin, { now: run })
    expect(outcomes.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['replayed', '1 trades'],
      ['replayed', '1 trades'],
    ])
    expect(await ticksInLog()).toBe(before + 2)
    const records = await allOf(ranges, { topic: topics.ticks.name, partition: partitionOf('BTC', 3) })
    const decoder = registry.decoder(tickCodec)
    await decoder.learn(records[0]?.value?.readInt32BE(1) ?? -1)
    const ticks = records.map(({ value }) => decoder.decode(value))
    expect(ticks).toMatchObject([
      {
        kind: 'value',
        value: { feed: 'BACKFILL', symbol: 'BTC-USD', session: run, ordinal: 0, receiveTime: received },
      },
      { kind: 'value', value: { session: run, ordinal: 1, payload: { kind: 'trade', id: '77', price: 91231.5 } } },
    ])
    expect(records.map(({ key }) => key?.toString())).toEqual(['BTC', 'BTC'])
  })

  test('that still cannot be read, or whose time is not believed, write nothing', async () => {
    const received = fromMillis(Date.now())
    const begin = await frameLetter(krakenTrade('"high"', new Date().toISOString()), received)
    await frameLetter(krakenTrade('91231.4', '2021-05-05T10:15:30.123456Z'), received)
    await frameLetter('{"cut off', received)
    const before = await ticksInLog()
    const outcomes = await replay(begin)
    expect(outcomes.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['unreadable', 'price: no decimal'],
      ['unreadable', 'eventTime: more than 10 minutes off'],
      ['unreadable', 'frame: no JSON'],
    ])
    expect(exitCode(outcomes)).toBe(1)
    expect(await ticksInLog()).toBe(before)
  })
})

describe('crosstide dlq', () => {
  test('a dry run says the same and changes neither log nor tables', async () => {
    const received = fromMillis(Date.now())
    const begin = await frameLetter(krakenTrade('91231.4', new Date().toISOString()), received)
    await sinkLetters([tick(trade({ id: 'dry' }), recent()), Buffer.from('poison')], 4000)
    const before = await ticksInLog()
    const outcomes = await replay(begin, { dryRun: true })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['replayed', 'replayed', 'unreadable'])
    expect(await ticksInLog()).toBe(before)
    expect(await rowsOf("select * from trades where trade_id = 'dry'")).toEqual([])
  })

  test("a processor's letters are not touched", async () => {
    const begin = await lettersEnd()
    const headers = Object.entries({ 'dlq-stage': 'processor', 'dlq-partition': '0', 'dlq-offset': '5' }).map(
      ([name, text]) => [name, Buffer.from(text)] as const,
    )
    await writer.append([
      { ...letterSlot, key: Buffer.from('x'), value: Buffer.from('x'), timestampMs: Date.now(), headers },
    ])
    const outcomes = await replay(begin)
    expect([outcomes.map(({ outcome }) => outcome), exitCode(outcomes)]).toEqual([['untouched'], 0])
  })

  test('lists letters, and shows one whole', async () => {
    const received = fromMillis(Date.now())
    const begin = await frameLetter('{"cut off', received)
    const found = await ask('list', topics.ticks.name, '--from', String(begin), '--json')
    expect(found.code).toBe(0)
    expect(JSON.parse(found.stdout)).toMatchObject({
      offset: begin,
      stage: 'producer',
      from: 'kraken session 1',
      error: 'price: no decimal',
      bytes: 9,
    })
    const shown = await ask('show', topics.ticks.name, String(begin), '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ text: '{"cut off', from: { receiveTime: received } })
    expect(await ask('show', topics.ticks.name, '99999')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no letter at 99999'),
    })
  })
})

const ask = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      KAFKA_BROKERS: brokers.join(','),
      SCHEMA_REGISTRY_URL: registryUrl,
      DATABASE_URL: own.url,
    }
    const child = execFile(process.execPath, [COMMAND, 'dlq', ...args], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
