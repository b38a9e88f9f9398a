import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import { controlPublisher } from '../../consumers/control-publisher.ts'
import { arrivals, type Arrival, type OpenTick } from '../../core/arrivals.ts'
import { readArbitrage } from '../../core/arbitrage/config.ts'
import { takeControl, type ControlSet } from '../../core/control-set.ts'
import type { Logged } from '../../core/processor.ts'
import { now } from '../../io/clock.ts'
import { parseConfig } from '../../io/config.ts'
import { addDocument, documentInForce, documentOfEpoch } from '../../io/control-documents.ts'
import type { Ranges } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openPool } from '../../io/postgres.ts'
import { openTick, recordReader } from '../../io/processor/reading.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import type { Settings } from '../support/control-process.ts'
import { createEmptyDatabase, createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const PARTITIONS = 3
const ID = 'arbitrage'
const PATIENCE = { timeout: 40_000, interval: 100 }
const kafka = kafkaOptions(brokers)
const registry = openRegistry(registryUrl)
const prefix = `test-${randomUUID().slice(0, 8)}.`
const topics = catalogue(PARTITIONS, prefix)
const config = parseConfig({ partitions: PARTITIONS, exchanges: { kraken: { symbols: ['BTC-USD'] } } }, 'test')

let database: TestDatabase
let ranges: Ranges
beforeAll(async () => {
  database = await createEmptyDatabase(server, 'control')
  await bootstrap({ kafka, registry, databaseUrl: database.url, config, log: silentLog, topics })
  ranges = await openRanges(kafka)
})
afterAll(async () => {
  await ranges.close()
  await database.drop()
})

/** A version as one of us puts it there: each test's content is its own. */
const add = (openBps: number) =>
  addDocument(database.pool, ID, { body: { openBps, cap: 5 }, author: 'tester@here', fromFile: false })

const isPublished = (epoch: number, id = ID) =>
  vi.waitFor(async () => {
    const found = await documentOfEpoch(database.pool, id, epoch)
    if (found?.publishedAt === undefined) throw new Error(`epoch ${epoch} waits`)
  }, PATIENCE)

/** What a processor would read of a partition, and what its head lets through. */
async function read(partition: number): Promise<readonly Arrival[]> {
  const slot = { topic: topics.ticks.name, partition }
  const { read: open } = recordReader({ decoder: registry.decoder(tickCodec), log: silentLog }, openTick)
  const records = await allOf(ranges, slot)
  expect(records.map(({ key }) => key?.toString())).toEqual(records.map(() => '*'))
  const state = arrivals.initial()
  const arrived: Arrival[] = []
  for (const one of (await open(slot, records, () => Promise.resolve(true))) ?? []) {
    if ('fault' in one) throw new Error(one.fault)
    const logged: Logged<OpenTick> = one
    arrivals.step(state, logged, { emit: (arrival) => void arrived.push(arrival), count: () => undefined })
  }
  return arrived
}

type Told = { readonly epoch: number; readonly hash: string; readonly session: number; readonly document: unknown }
const controls = async (partition: number): Promise<readonly Told[]> =>
  (await read(partition)).flatMap(({ tick: { payload, session } }) =>
    payload.kind === 'control'
      ? [{ epoch: payload.epoch, hash: payload.hash, session, document: payload.document }]
      : [],
  )
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** Stops what a test started, whatever became of it. */
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function start(given: { readonly url?: string; readonly repeatMs?: number; readonly isDeaf?: boolean } = {}) {
  const abort = new AbortController()
  const pool = openPool(given.url ?? database.url, 'ingest_rw', silentLog, 2)
  const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
  const publisher = controlPublisher({
    pool,
    ranges,
    append: (records) => (given.isDeaf === true ? new Promise(() => undefined) : writer.append(records)),
    encode: await registry.encoder(topics.ticks.name, tickCodec),
    ticks: topics.ticks,
    control: topics.control,
    feed: 'SIMULATED',
    log: silentLog,
    now,
    nowMs: () => performance.now(),
    signal: abort.signal,
    random: () => 0,
    published: () => undefined,
    ...(given.repeatMs === undefined ? {} : { repeatMs: given.repeatMs }),
  })
  const running = publisher.run()
  running.catch(() => undefined)
  const stop = async (): Promise<void> => {
    abort.abort()
    await running.catch(() => undefined)
    await writer.close(1000)
    if (!pool.ended) await pool.end()
  }
  ends.push(stop)
  return { publisher, running, stop }
}

function launch(given: Partial<Settings> = {}): ChildProcess {
  const settings: Settings = {
    brokers: [...brokers],
    registry: registryUrl,
    database: database.url,
    prefix,
    partitions: PARTITIONS,
    repeatMs: 600_000,
    silentMs: 10_000,
    failpoints: '',
    ...given,
  }
  const script = fileURLToPath(new URL('../support/control-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit'] })
  ends.push(() => kill(child))
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

// One log, one database: the tests go on from each other, so each looks at what came after it began.
describe('the control publisher', { timeout: 120_000 }, () => {
  test('puts a version into every partition, as a processor reads it, and marks it then', async () => {
    const { stop } = await start()
    await addDocument(database.pool, ID, { body: { openBps: 8, cap: 5 }, author: 'tester@here', fromFile: false })
    await isPublished(1)
    await stop()
    for (const partition of partitions) {
      const [first] = await read(partition)
      expect(first?.tick).toMatchObject({ exchange: '', symbol: '', feed: 'SIMULATED', ordinal: 0, sequence: 0 })
      expect(first?.tick.payload).toEqual({
        kind: 'control',
        documentId: 'arbitrage',
        epoch: 1,
        // printf '{"cap":5,"openBps":8}' | sha256sum
        hash: '1860125eeeafaaf28f457aa1ce85c849134cb4b08374e3a0224a04e5c050f98a',
        document: { cap: 5, openBps: 8 },
      })
      expect('config' in readArbitrage({ cap: 5, openBps: 8 })).toBe(true)
    }
    expect(await documentInForce(database.pool, ID)).toMatchObject({
      epoch: 1,
      author: 'tester@here',
      hash: '1860125eeeafaaf28f457aa1ce85c849134cb4b08374e3a0224a04e5c050f98a',
    })
  })

  test('repeats the full set at its start and again and again: the newest version only, which changes nothing', async () => {
    const epoch = await add(9)
    const { stop } = await start({ repeatMs: 200 })
    await isPublished(epoch)
    const before = (await controls(0)).length
    await vi.waitFor(async () => expect((await controls(0)).length).toBeGreaterThan(before + 3), PATIENCE)
    await stop()
    for (const partition of partitions) {
      const told = await controls(partition)
      const inForce: ControlSet = new Map()
      const taken = told.map((one) => takeControl(inForce, { documentId: ID, ...one }))
      expect(taken.slice(taken.indexOf('new', 1))).toEqual([
        'new',
        ...told.slice(taken.indexOf('new', 1) + 1).map(() => 'repeat'),
      ])
      expect(inForce.get(ID)?.epoch).toBe(epoch)
      expect(new Set(told.slice(before).map((one) => one.epoch))).toEqual(new Set([epoch]))
    }
  })

  test('killed between acknowledgement and mark, writes the same epoch with the same hash again, in a later session', async () => {
    const epochs = [await add(10), await add(11)]
    const child = launch({ failpoints: 'control.acknowledged=1' })
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    expect((await documentOfEpoch(database.pool, ID, epochs[0] ?? 0))?.publishedAt).toBeUndefined()
    const { stop } = await start()
    for (const epoch of epochs) await isPublished(epoch)
    await stop()
    for (const partition of partitions) {
      const told = await controls(partition)
      const copies = told.filter(({ epoch }) => epoch === epochs[0])
      expect(copies.length).toBeGreaterThanOrEqual(2)
      expect(new Set(copies.map(({ hash }) => hash)).size).toBe(1)
      expect(new Set(copies.map(({ session }) => session)).size).toBe(copies.length)
      expect(told.map(({ session }) => session)).toEqual(told.map(({ session }) => session).toSorted((a, b) => a - b))
      const inForce: ControlSet = new Map()
      const taken = told.map((one) => takeControl(inForce, { documentId: ID, ...one }))
      expect(taken).not.toContain('conflict')
      expect(inForce.get(ID)?.epoch).toBe(epochs[1])
    }
  })

  test('of two one works; the other waits without a problem and takes over when the first is killed', async () => {
    const child = launch()
    await isPublished(await add(12))
    const { publisher } = await start()
    await isPublished(await add(13))
    expect([publisher.isPublishing(), publisher.problem()]).toEqual([false, undefined])
    await kill(child)
    await isPublished(await add(14))
    expect(publisher.isPublishing()).toBe(true)
  })

  test('that is paused is taken over from; awake again it waits', async () => {
    const child = launch({ silentMs: 2000 })
    await isPublished(await add(141))
    const { stop } = await start()
    child.kill('SIGSTOP')
    await isPublished(await add(142))
    child.kill('SIGCONT')
    await isPublished(await add(143))
    await stop()
    // It lives, and takes over in its turn.
    const epoch = await add(144)
    await isPublished(epoch)
    const inForce: ControlSet = new Map()
    const taken = (await controls(2)).map((one) => takeControl(inForce, { documentId: ID, ...one }))
    // It may have been paused with an old epoch in its hands, which nobody takes any more.
    expect(taken).not.toContain('conflict')
    expect(inForce.get(ID)?.epoch).toBe(epoch)
  })

  test('whose connection is ended goes on with another one', async () => {
    const { publisher } = await start()
    await isPublished(await add(15))
    const { rowCount } = await database.pool.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7217042
          and database = (select oid from pg_database where datname = current_database())`,
    )
    expect(rowCount).toBe(1)
    await isPublished(await add(16))
    expect(publisher.problem()).toBeUndefined()
  })

  test('says so while PostgreSQL is away, and goes on when it is back', async () => {
    const proxy = await startTcpProxy(new URL(database.url))
    ends.push(async () => proxy.stop())
    const url = new URL(database.url)
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const { publisher } = await start({ url: url.href })
    await isPublished(await add(161))
    proxy.mode = 'refuse'
    await vi.waitFor(() => expect(publisher.problem()).toMatch(/^control publisher: ./), PATIENCE)
    expect(publisher.isPublishing()).toBe(false)
    const epoch = await add(162)
    proxy.mode = 'pass'
    await isPublished(epoch)
    expect(publisher.problem()).toBeUndefined()
  })

  test('ends while Kafka does not acknowledge, and marks nothing', async () => {
    const epoch = await add(17)
    const { publisher, stop } = await start({ isDeaf: true })
    await vi.waitFor(() => expect(publisher.isPublishing()).toBe(true), PATIENCE)
    await stop()
    expect((await documentOfEpoch(database.pool, ID, epoch))?.publishedAt).toBeUndefined()
  })

  test('refuses the database of another log', async () => {
    const other = await createTestDatabase(server, 'control')
    ends.push(() => other.drop())
    await other.pool.query('insert into ingest.log (log_id) values (gen_random_uuid())')
    const { running } = await start({ url: other.url })
    await expect(running).rejects.toMatchObject({ code: 'DATABASE_MISMATCH' })
  })

  // Last: from now on the full set has two documents. A publisher whose hash is not PostgreSQL's ends.
  test('finds the hash again in what PostgreSQL hands back, whatever its numbers and names are', async () => {
    const numbers = [0.1 + 0.2, 1e-7, 5e-324, 1e21, 2 ** 53, -0, 1.7976931348623157e308, 123456.789]
    const body = { 10: 1, 9: 2, é: 'ü\u2028\n', Z: null, a: [{ b: true, a: [] }], numbers }
    const epoch = await addDocument(database.pool, 'odd', { body, author: 'tester@here', fromFile: false })
    const { publisher } = await start()
    await isPublished(epoch, 'odd')
    expect(publisher.isPublishing()).toBe(true)
    const payloads = (await read(1)).map(({ tick: { payload } }) => payload)
    expect(payloads.find((one) => one.kind === 'control' && one.documentId === 'odd')).toMatchObject({
      documentId: 'odd',
      epoch: 1,
      document: JSON.parse(JSON.stringify(body)),
    })
  })
})
