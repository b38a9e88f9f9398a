import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { archiveSlot } from '../../cli/archive.ts'
import { fileName, parseFileName, resumeAt } from '../../cli/archive-names.ts'
import { readArchiveFile } from '../../io/archive-file.ts'
import type { Ranges, Writer } from '../../io/kafka/port.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec, tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { freshTopic, kafkaOptions, uniqueName } from '../support/kafka.ts'
import { quote, tick, trade } from '../support/ticks.ts'

const { brokers, registry } = inject('stack')
const TEN = Date.parse('2026-11-20T10:30:00Z')
const HOUR = 3_600_000

let ranges: Ranges
let writer: Writer
let folder: string
let printed: object[]
let value: (ordinal: number) => Buffer
let event: Buffer

beforeAll(async () => {
  ranges = await openRanges(kafkaOptions(brokers))
  writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(brokers) })
  const client = openRegistry(registry)
  const [ticks, system] = [
    { ...catalogue(1).ticks, name: uniqueName('ticks') },
    { ...catalogue(1).system, name: uniqueName('system') },
  ]
  await client.register([ticks, system])
  const encode = await client.encoder(ticks.name, tickCodec)
  value = (ordinal) => encode(tick(ordinal % 2 === 0 ? trade() : quote({ bidSize: undefined }), { ordinal }))
  const encodeEvent = await client.encoder(system.name, systemEventCodec)
  event = encodeEvent({
    service: 'test',
    instance: 'one',
    sequence: 1,
    time: tick().eventTime,
    kind: 'GAP',
    exchange: undefined,
    symbol: undefined,
    message: '',
    details: {},
  })
})
afterAll(async () => {
  await writer.close(2000)
  await ranges.close()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-archive-'))
  printed = []
  return () => rm(folder, { recursive: true, force: true })
})

const append = (topic: string, values: readonly (Buffer | null)[], timestampMs = TEN) =>
  writer.append(values.map((one) => ({ topic, partition: 0, key: Buffer.from('BTC'), value: one, timestampMs })))

async function run(topic: string, from: number, to: number): Promise<number> {
  const print = (line: object) => void printed.push(line)
  return archiveSlot({ ranges, registry, folder, print }, { topic, partition: 0 }, { from, to })
}

const filesOf = async (topic: string): Promise<readonly string[]> =>
  (await readdir(join(folder, topic, 'partition=0'))).toSorted()
const spansOf = async (topic: string) =>
  (await filesOf(topic)).map((name) => parseFileName(name)).map((one) => [one?.hour, one?.first, one?.last])

describe('crosstide archive', () => {
  test('begins a new file with each hour, schema id, and value its schema does not describe', async () => {
    const topic = await freshTopic(brokers)
    await append(topic, [value(0), value(1)])
    await append(topic, [value(2)], TEN + HOUR)
    // A clock that is behind does not open the hour before again.
    await append(topic, [value(3)], TEN)
    await append(topic, [event], TEN + HOUR)
    await append(topic, [value(5).subarray(0, -1), Buffer.from('no Avro'), null], TEN + HOUR)
    await append(topic, [value(8)], TEN + HOUR)
    expect(await run(topic, 0, 9)).toBe(0)
    expect(await spansOf(topic)).toEqual([
      ['2026-11-20T10', 0, 1],
      ['2026-11-20T11', 2, 3],
      ['2026-11-20T11', 4, 4],
      ['2026-11-20T11', 5, 7],
      ['2026-11-20T11', 8, 8],
    ])
    expect(printed.map((line) => 'records' in line && line.records)).toEqual([2, 2, 1, 3, 1])
  })

  test('goes on where it ended, also after a crash in the middle of a file', async () => {
    const topic = await freshTopic(brokers)
    await append(
      topic,
      Array.from({ length: 12 }, (_, ordinal) => value(ordinal)),
    )
    await run(topic, 0, 5)
    await writeFile(join(folder, topic, 'partition=0', 'unfinished.partial'), 'half a file')
    await run(topic, 0, 12)
    await run(topic, 0, 12)
    expect(await spansOf(topic)).toEqual([
      ['2026-11-20T10', 0, 4],
      ['2026-11-20T10', 5, 11],
    ])
    expect(printed).toHaveLength(2)
  })

  test('reads back what it wrote, and notices a file that was damaged since', async () => {
    const topic = await freshTopic(brokers)
    await append(
      topic,
      Array.from({ length: 500 }, (_, ordinal) => value(ordinal)),
    )
    await run(topic, 0, 500)
    const [name = ''] = await filesOf(topic)
    const path = join(folder, topic, 'partition=0', name)
    const good = await readArchiveFile(path)
    expect(good.records).toBe(500)
    const bytes = await readFile(path)
    const at = bytes.length - 100
    bytes.writeUInt8((bytes[at] ?? 0) ^ 255, at)
    await writeFile(path, bytes)
    const found = await readArchiveFile(path).then(
      ({ sha256 }) => sha256,
      () => 'refused',
    )
    expect(found).not.toBe(good.sha256)
  })
})

describe('resuming', () => {
  const archived = (first: number, last: number) => ({ hour: '', first, last })

  test.each([
    [0, [], 0],
    [0, [archived(0, 4), archived(5, 9)], 10],
    [3, [archived(0, 4)], 5],
    [0, [archived(5, 9)], 0],
    [7, [archived(0, 4)], 7],
    [0, [archived(5, 9), archived(0, 4)], 10],
  ])('from %i with %j goes on at %i', (from, files, next) => expect(resumeAt(from, files)).toBe(next))

  test('a name says what the file holds; others are no finished files', () => {
    expect(parseFileName(fileName(Math.floor(TEN / HOUR), 7, 12))).toEqual({
      hour: '2026-11-20T10',
      first: 7,
      last: 12,
    })
    expect(parseFileName('unfinished.partial')).toBeUndefined()
  })
})
