import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { setArbitrage, showArbitrage, type ArbitrageDeps } from '../../cli/arbitrage.ts'
import { bootstrap } from '../../cli/bootstrap.ts'
import { controlPublisher } from '../../consumers/control-publisher.ts'
import { DEFAULT_ARBITRAGE, type ArbitrageConfig } from '../../core/arbitrage/config.ts'
import { now } from '../../io/clock.ts'
import { parseConfig } from '../../io/config.ts'
import { newestDocument } from '../../io/control-documents.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openPool } from '../../io/postgres.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec, tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const kafka = kafkaOptions(brokers)
const registry = openRegistry(registryUrl)
const topics = catalogue(2, `test-${randomUUID().slice(0, 8)}.`)
const config = parseConfig({ partitions: 2, exchanges: { kraken: { symbols: ['BTC-USD'] } } }, 'test')
const FILE: ArbitrageConfig = { ...DEFAULT_ARBITRAGE, conversions: [], delaysMs: [50] }

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await createEmptyDatabase(server, 'arbitrage')
  folder = await mkdtemp(join(tmpdir(), 'crosstide-arbitrage-'))
  await start(FILE)
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

const start = (arbitrage: ArbitrageConfig) =>
  bootstrap({ kafka, registry, databaseUrl: database.url, config, arbitrage, log: silentLog, topics })

const newest = () => newestDocument(database.pool, 'arbitrage')

async function fileOf(document: unknown): Promise<string> {
  const file = join(folder, `${randomUUID()}.json`)
  await writeFile(file, JSON.stringify(document))
  return file
}

function ask(waitMs = 30_000) {
  const lines: string[] = []
  const deps: ArbitrageDeps = {
    kafka,
    registry,
    databaseUrl: database.url,
    topics,
    log: silentLog,
    by: 'tester@here',
    print: (line) => void lines.push(line),
    ground: config,
    waitMs,
  }
  const set = async (document: unknown, dryRun = false) => setArbitrage(deps, { file: await fileOf(document) }, dryRun)
  return {
    lines,
    set,
    back: (epoch: number) => setArbitrage(deps, { epoch }, false),
    show: () => showArbitrage(deps, false),
  }
}

/** A publisher that works while something is done. */
async function published<Result>(act: () => Promise<Result>): Promise<Result> {
  const abort = new AbortController()
  const pool = openPool(database.url, 'ingest_rw', silentLog, 2)
  const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
  const ranges = await openRanges(kafka)
  const running = controlPublisher({
    pool,
    ranges,
    append: (records) => writer.append(records),
    encode: await registry.encoder(topics.ticks.name, tickCodec),
    ticks: topics.ticks,
    control: topics.control,
    feed: 'SIMULATED',
    log: silentLog,
    now,
    nowMs: () => performance.now(),
    signal: abort.signal,
    random: Math.random,
    published: () => undefined,
  }).run()
  try {
    return await act()
  } finally {
    abort.abort()
    await running
    await writer.close(1000)
    await ranges.close()
    await pool.end()
  }
}

async function commands() {
  const ranges = await openRanges(kafka)
  const decoder = registry.decoder(systemEventCodec)
  const found = []
  for (const { value } of await allOf(ranges, { topic: topics.system.name, partition: 0 })) {
    let decoded = decoder.decode(value)
    if (decoded.kind === 'unknown-schema' && (await decoder.learn(decoded.id))) decoded = decoder.decode(value)
    if (decoded.kind === 'value' && decoded.value.kind === 'COMMAND') found.push(decoded.value)
  }
  await ranges.close()
  return found
}

// One database: the tests go on from each other.
describe('the arbitrage document', { timeout: 60_000 }, () => {
  test('is taken from the file by bootstrap, once, and waits for the publisher', async () => {
    await start(FILE)
    expect(await newest()).toMatchObject({ epoch: 1, author: 'bootstrap', body: FILE, publishedAt: undefined })
    const { lines, show } = ask()
    expect(await show()).toBe(0)
    expect(lines[0]).toMatch(/^epoch 1, by bootstrap, waits for the publisher since 2\d{3}-/)
  })

  test('that is set where no publisher runs says so, and is in force as soon as one does', async () => {
    const waiting = ask(0)
    expect(await waiting.set({ ...FILE, openBps: 10 })).toBe(1)
    expect(waiting.lines.at(-1)).toMatch(/^epoch 2 waits: no publisher runs/)
    const { lines, set, show } = ask()
    await published(async () => {
      expect(await set({ ...FILE, openBps: 10 })).toBe(0)
    })
    expect(lines).toEqual(['nothing changes; epoch 2 stays in effect'])
    await show()
    expect(lines[1]).toMatch(/^epoch 2, by tester@here, in force since 2\d{3}-/)
  })

  test('is set: what changes, the epoch, who and what on record; what a file leaves out has its default', async () => {
    const { lines, set } = ask()
    await published(() =>
      set({ arbitrage: { exchanges: { kraken: { takerFeeBps: 25 } }, openBps: 12, delaysMs: [50] } }),
    )
    expect(lines).toEqual([
      ...['binance', 'coinbase', 'gate'].flatMap((name) => gone(name)),
      '~ exchanges.kraken.takerFeeBps 40 → 25',
      ...gone('okx'),
      '~ openBps 10 → 12',
      'epoch 3 is in effect',
    ])
    expect((await commands()).at(-1)).toMatchObject({
      service: 'cli',
      message: 'arbitrage 3 set by tester@here',
      details: {
        document: 'arbitrage',
        epoch: '3',
        by: 'tester@here',
        changes: expect.stringContaining('openBps 10 → 12'),
      },
    })
  })

  test('is rolled back by a new epoch that says what an earlier one said', async () => {
    const { back, lines } = ask()
    await published(() => back(1))
    expect(lines.at(-1)).toBe('epoch 4 is in effect')
    expect(await newest()).toMatchObject({ epoch: 4, author: 'tester@here', body: FILE })
    await expect(ask().back(99)).rejects.toMatchObject({ code: 'WRONG_USE' })
  })

  test('that is set outlives a restart, until the file is edited', async () => {
    const { set } = ask()
    await published(() => set({ ...FILE, openBps: 20 }))
    await start(FILE)
    expect(await newest()).toMatchObject({ epoch: 5, body: { openBps: 20 } })
    await start({ ...FILE, openBps: 30 })
    expect(await newest()).toMatchObject({ epoch: 6, author: 'bootstrap', body: { openBps: 30 } })
  })

  test('is not touched by a dry run, nor by a file with a problem', async () => {
    const { lines, set } = ask()
    expect(await set({ ...FILE, openBps: 40 }, true)).toBe(0)
    expect(lines).toEqual(['~ openBps 30 → 40'])
    await expect(set({ openBps: 'much' })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('openBps: is not a number'),
    })
    expect(await newest()).toMatchObject({ epoch: 6 })
  })

  test('gets an epoch for each of two that are set at once', async () => {
    const [first, second] = [ask(), ask()]
    await published(() => Promise.all([first.set({ ...FILE, openBps: 50 }), second.set({ ...FILE, openBps: 60 })]))
    expect(await newest()).toMatchObject({ epoch: 8 })
    const said = new Set([first.lines.at(-1), second.lines.at(-1)])
    expect(said).toEqual(new Set(['epoch 7 is in effect', 'epoch 8 is in effect']))
  })
})

const gone = (name: string): readonly string[] => {
  const costs = DEFAULT_ARBITRAGE.exchanges[name]
  return [
    `- exchanges.${name}.feeIn "quote"`,
    `- exchanges.${name}.restricted false`,
    `- exchanges.${name}.symbols {}`,
    `- exchanges.${name}.takerFeeBps ${costs?.takerFeeBps ?? ''}`,
  ]
}
