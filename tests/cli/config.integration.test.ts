import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import { applyConfig, showConfig, type ConfigDeps } from '../../cli/config.ts'
import { parseConfig, type Config } from '../../io/config.ts'
import { readConfiguration } from '../../io/configuration.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec } from '../../schemas/codec.ts'
import { catalogue, type Catalogue } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const run = randomUUID().slice(0, 8)
const kafka = kafkaOptions(brokers)
const registry = openRegistry(registryUrl)
const all = catalogue(3)
const topics: Catalogue = {
  ...all,
  ...Object.fromEntries(
    Object.entries(all).map(([key, spec]) => [key, { ...spec, name: `test-${run}.${key.toLowerCase()}` }]),
  ),
}
const configOf = (symbols: readonly string[], more: object = {}): Config =>
  parseConfig({ partitions: 3, exchanges: { kraken: { symbols } }, ...more }, 'test')
const FILE = configOf(['BTC-USD', 'ETH-USD'])

let database: TestDatabase
beforeAll(async () => {
  database = await createEmptyDatabase(server, 'config')
  await start(FILE)
})
afterAll(() => database.drop())

const start = (config: Config) =>
  bootstrap({ kafka, registry, databaseUrl: database.url, config, log: silentLog, topics })

function ask() {
  const lines: string[] = []
  const deps: ConfigDeps = {
    kafka,
    registry,
    databaseUrl: database.url,
    topics,
    log: silentLog,
    by: 'tester@here',
    print: (line) => void lines.push(line),
  }
  return { deps, lines, apply: (config: Config, dryRun = false) => applyConfig(deps, config, dryRun) }
}

async function inEffect() {
  const ranges = await openRanges(kafka)
  const { found } = await readConfiguration(ranges, topics.control, silentLog).finally(() => ranges.close())
  return found
}

async function events() {
  const ranges = await openRanges(kafka)
  const decoder = registry.decoder(systemEventCodec)
  try {
    const records = await allOf(ranges, { topic: topics.system.name, partition: 0 })
    const found = []
    for (const { value } of records) {
      let decoded = decoder.decode(value)
      if (decoded.kind === 'unknown-schema' && (await decoder.learn(decoded.id))) decoded = decoder.decode(value)
      if (decoded.kind === 'value') found.push(decoded.value)
    }
    return found
  } finally {
    await ranges.close()
  }
}

const configured = async () =>
  (
    await database.pool.query<{ symbol: string }>('select symbol from public.symbols where configured order by 1')
  ).rows.map(({ symbol }) => symbol)

// One log, one configuration: the tests go on from each other.
describe('the configuration document', () => {
  test('is published from the file by bootstrap, once', async () => {
    expect(await inEffect()).toMatchObject({ epoch: 1, by: 'bootstrap', config: FILE })
    await start(FILE)
    expect(await inEffect()).toMatchObject({ epoch: 1 })
  })

  test('is applied: a higher epoch, the rows of what is configured, who and when on record', async () => {
    const { apply, lines } = ask()
    expect(await apply(configOf(['BTC-USD', 'SOL-USD']))).toBe(0)
    expect(lines).toEqual(['+ kraken SOL-USD', '- kraken ETH-USD', 'epoch 2 is in effect'])
    expect(await inEffect()).toMatchObject({ epoch: 2, by: 'tester@here', config: configOf(['BTC-USD', 'SOL-USD']) })
    expect(await configured()).toEqual(['BTC-USD', 'SOL-USD'])
    expect((await events()).filter(({ kind }) => kind === 'COMMAND')).toMatchObject([
      { service: 'cli', details: { by: 'tester@here', epoch: '2', changes: '+ kraken SOL-USD; - kraken ETH-USD' } },
    ])
  })

  test('outlives a restart, until the file is edited', async () => {
    await start(FILE)
    expect(await inEffect()).toMatchObject({ epoch: 2 })
    expect(await configured()).toEqual(['BTC-USD', 'SOL-USD'])
    const edited = configOf(['BTC-USD', 'ETH-USD', 'ADA-USD'])
    await start(edited)
    expect(await inEffect()).toMatchObject({ epoch: 3, config: edited })
  })

  test('is not touched by a dry run, nor by what it says already', async () => {
    const dry = ask()
    expect(await dry.apply(configOf(['BTC-USD']), true)).toBe(0)
    expect(dry.lines).toEqual(['- kraken ETH-USD', '- kraken ADA-USD'])
    const same = ask()
    await same.apply(configOf(['BTC-USD', 'ETH-USD', 'ADA-USD']))
    expect(same.lines).toEqual(['nothing changes; epoch 3 stays in effect'])
    expect(await inEffect()).toMatchObject({ epoch: 3 })
  })

  test('is refused with the field that a start alone can change', async () => {
    const other = configOf(['BTC-USD'], { partitions: 4, inverses: ['BTC-USD'] })
    await expect(ask().apply(other)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('partitions, inverses'),
    })
    expect(await inEffect()).toMatchObject({ epoch: 3 })
  })

  test('gets an epoch for each of two that are applied at once', async () => {
    await Promise.all([ask().apply(configOf(['BTC-USD'])), ask().apply(configOf(['ETH-USD']))])
    expect(await inEffect()).toMatchObject({ epoch: 5 })
  })

  test('is shown with its epoch', async () => {
    const { deps, lines } = ask()
    expect(await showConfig(deps, true)).toBe(0)
    expect(JSON.parse(lines.join(''))).toMatchObject({ epoch: 5, config: { partitions: 3 } })
  })
})
