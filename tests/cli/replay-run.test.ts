import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avsc from 'avsc'
import { beforeEach, describe, expect, test } from 'vitest'
import { openBar } from '../../cli/replay-bar.ts'
import { parseWhere } from '../../cli/replay-range.ts'
import { runPartitions } from '../../cli/replay-run.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { MARKET_TOPICS, memoryLog, writtenLog, type Slots } from '../support/replay-log.ts'

const LOG = logOf(seededStory(2, { hours: 5, quietMillis: 30 * 60_000, beatMillis: 300_000, busy: 60 }))
const { slots, outputs } = writtenLog(LOG)
const MIDDLE = LOG[Math.floor(LOG.length / 2)]?.offset ?? 0

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-replay-'))
  return () => rm(folder, { recursive: true, force: true })
})

async function run(name: string, from: string, { batch = 100, log = slots }: { batch?: number; log?: Slots } = {}) {
  const printed: string[] = []
  const code = await runPartitions(
    {
      log: memoryLog(log, batch),
      topics: MARKET_TOPICS,
      inverses: new Set(),
      partitions: [0],
      ends: { from: parseWhere('--from', from, 0), to: { kind: 'end' } },
      bar: openBar({ write: () => true }, () => 0),
      print: (line) => void printed.push(line),
    },
    join(folder, name),
  )
  return { code, printed }
}

describe('replay run', () => {
  test('writes what live wrote as JSON lines, in the order of the outputs', async () => {
    await run('all.jsonl', 'start')
    const lines = (await readFile(join(folder, 'all.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(outputs.length)
    const last = outputs.at(-1)
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      topic: last?.topic,
      partition: 0,
      key: last?.key,
      timestampMs: Math.floor((last?.time ?? 0) / 1000),
      value: { origin: last?.origin },
    })
  })

  test('writes an Avro container that the library of others reads, every value with its type', async () => {
    await run('all.avro', 'start')
    const values: string[] = []
    for await (const record of avsc.createFileDecoder(join(folder, 'all.avro')))
      values.push(Object.keys(Reflect.get(Object(record), 'value')).join())
    expect(values).toHaveLength(outputs.length)
    expect([...new Set(values)].toSorted()).toEqual(
      [...new Set(outputs.map(({ value }) => NAMES[value.kind]))].toSorted(),
    )
  })

  test.each(['.jsonl', '.avro'])('gives the same bytes each time, also in other batches (%s)', async (kind) => {
    await run(`one${kind}`, String(MIDDLE))
    await run(`two${kind}`, String(MIDDLE), { batch: 7 })
    const [one, two] = await Promise.all(['one', 'two'].map((name) => readFile(join(folder, `${name}${kind}`))))
    expect(one?.length).toBeGreaterThan(1000)
    expect(two?.equals(one ?? Buffer.alloc(0))).toBe(true)
  })

  test('from the middle gives the end of what the whole gives', async () => {
    await run('all.jsonl', 'start')
    await run('end.jsonl', String(MIDDLE))
    const [all = '', end = ''] = await Promise.all(
      ['all', 'end'].map((name) => readFile(join(folder, `${name}.jsonl`), 'utf8')),
    )
    expect(end.length).toBeGreaterThan(1000)
    expect(all.endsWith(end)).toBe(true)
  })

  test('leaves no file where the warm-up is trimmed', async () => {
    const name = `${MARKET_TOPICS.ticks.name}:0`
    const log = new Map(slots).set(name, (slots.get(name) ?? []).slice(10))
    const { code, printed } = await run('none.jsonl', '44', { log })
    expect(code).toBe(3)
    expect(printed.join()).toContain('trimmed')
    expect(await readdir(folder)).toEqual([])
  })
})

const NAMES = {
  candle: 'crosstide.Candle',
  opportunity: 'crosstide.Opportunity',
  finding: 'crosstide.SystemEvent',
  match: 'crosstide.Match',
  alert: 'crosstide.Alert',
}
