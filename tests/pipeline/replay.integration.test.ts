import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openBar } from '../../cli/replay-bar.ts'
import { archivedLog, openKafkaLog, type ReplayLog } from '../../cli/replay-log.ts'
import { marketReplay } from '../../cli/replay-market.ts'
import { parseWhere } from '../../cli/replay-range.ts'
import { runPartitions } from '../../cli/replay-run.ts'
import { verifyPartition } from '../../cli/replay-verify.ts'
import { openArchiveLog } from '../../io/archive-log.ts'
import { folderStore } from '../../io/archive-store.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openRegistry } from '../../io/registry.ts'
import { candleCodec } from '../../schemas/derived.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'
import { startReplayRig, type ReplayRig } from '../support/replay-rig.ts'
import { seeded } from '../support/seeded.ts'

const { registry, database } = inject('stack')
/** Some hours of two partitions. */
const LOGS = [1, 2].map((seed, partition) =>
  logOf(seededStory(seed, { hours: 5, quietMillis: 30 * 60_000, beatMillis: 300_000, busy: 60 }), { partition }),
)
const LENGTHS = LOGS.map((log) => log.length)
const TOTAL = LENGTHS.reduce((sum, length) => sum + length, 0)

let rig: ReplayRig
let log: ReplayLog
let folder: string
beforeAll(async () => {
  rig = await startReplayRig({ registry, database }, LOGS)
  log = await openKafkaLog(kafkaOptions(rig.brokers), registry)
  folder = await mkdtemp(join(tmpdir(), 'crosstide-replay-'))
  // Longer than the rig waits for itself, so that it removes its broker.
}, 300_000)
afterAll(async () => {
  await log.close()
  await rig.remove()
  await rm(folder, { recursive: true, force: true })
})

const replayOn = (one: ReplayLog) => marketReplay(one, rig.topics, new Set())
const slotOf = (partition: number) => ({ topic: rig.topics.ticks.name, partition })

describe('crosstide replay verify on Kafka', () => {
  test('finds what the market processor wrote to be what the log says, record for record', async () => {
    const { code, lines, errors } = await rig.command(['replay', 'verify', '--processor', 'market', '--json'])
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const results = lines.map((line) => JSON.parse(line))
    expect(results.map(({ result, records }) => [result, records])).toEqual(LENGTHS.map((length) => ['equal', length]))
    for (const { outputs } of results) expect(outputs[rig.topics.candles.name]).toBeGreaterThan(100)
  })

  test('from any of ten offsets says the same', async () => {
    const random = seeded(11)
    for (let n = 0; n < 10; n++) {
      const partition = n % LOGS.length
      const to = LENGTHS[partition] ?? 0
      const from = random(to)
      const verified = await verifyPartition(replayOn(log), slotOf(partition), { from, to }, to)
      expect({ from, partition, kind: verified.kind, records: verified.records }).toEqual({
        from,
        partition,
        kind: 'equal',
        records: to - from,
      })
    }
  })

  test('an archive of it gives the same answers, without Kafka and without a registry', async () => {
    const archive = join(folder, 'archive')
    expect((await rig.command(['archive', archive])).code).toBe(0)
    const archived = archivedLog(openArchiveLog(folderStore(archive)))
    for (const [partition, length] of LENGTHS.entries())
      for (const from of [0, Math.floor(length / 2)]) {
        const range = { from, to: length }
        const ofArchive = await verifyPartition(replayOn(archived), slotOf(partition), range, undefined)
        expect(ofArchive.kind).toBe('equal')
        expect(ofArchive).toEqual(await verifyPartition(replayOn(log), slotOf(partition), range, undefined))
      }
    const { code, lines } = await rig.command(['replay', 'verify', '--processor', 'market', '--archive', archive])
    expect(code).toBe(0)
    expect(lines.at(-1)).toContain(`equal: ${TOTAL.toLocaleString('en')} records re-run`)
    // The same outputs, as a file: the same bytes from either.
    const [ofArchive, ofKafka] = [join(folder, 'archive.avro'), join(folder, 'kafka.avro')]
    const ran = ['replay', 'run', '--processor', 'market', '--partition', '1', '--from', '500', '--archive', archive]
    expect((await rig.command([...ran, '--out', ofArchive])).code).toBe(0)
    const ends = { from: parseWhere('--from', '500', 0), to: parseWhere('--to', 'end', 0) }
    const bar = openBar({ write: () => true }, () => 0)
    const deps = { log, topics: rig.topics, inverses: new Set<string>(), partitions: [1], ends, bar, print: () => {} }
    expect(await runPartitions(deps, ofKafka)).toBe(0)
    expect((await readFile(ofArchive)).equals(await readFile(ofKafka))).toBe(true)
  })
})

describe('crosstide replay publish', () => {
  const everything = async (topic: string) => {
    const ranges = await openRanges(kafkaOptions(rig.brokers))
    const found = await Promise.all(LOGS.map((_, partition) => allOf(ranges, { topic, partition })))
    await ranges.close()
    return found.map((records) =>
      records.map(({ key, value, timestampMs }) => [timestampMs, String(key), value?.toString('base64')].join()),
    )
  }
  const copy = ['replay', 'publish', '--prefix', 'friday', '--with-outputs']

  test('stopped by Ctrl-C leaves what was up to a moment in every partition; --append goes on from there', async () => {
    const stopped = await rig.command([...copy, '--speed', '600'], async (child) => {
      const ranges = await openRanges(kafkaOptions(rig.brokers))
      const target = { topic: `friday.${rig.topics.ticks.name}`, partition: 0 }
      const held = async (): Promise<number> => (await ranges.bounds(target).catch(() => ({ end: 0 }))).end
      while ((await held()) < 20 && child.exitCode === null) await new Promise((done) => setTimeout(done, 50))
      await ranges.close()
      child.kill('SIGINT')
    })
    expect(stopped).toMatchObject({ code: 130, errors: '' })
    expect(stopped.lines.at(-1)).toContain('--append')
    const [whole, part] = [await everything(rig.topics.ticks.name), await everything(`friday.${rig.topics.ticks.name}`)]
    for (const [partition, records] of part.entries()) {
      expect(records.length).toBeLessThan(LENGTHS[partition] ?? 0)
      expect(records).toEqual(whole[partition]?.slice(0, records.length))
    }
    const refused = await rig.command([...copy, '--speed', 'max'])
    expect(refused.code).not.toBe(0)
    expect(refused.errors).toContain('--append')
    expect((await rig.command([...copy, '--speed', 'max', '--append'])).code).toBe(0)
    const { ticks, candles, opportunities, matches } = rig.topics
    for (const topic of [ticks.name, candles.name, opportunities.name, matches.name])
      expect(await everything(`friday.${topic}`)).toEqual(await everything(topic))
  })

  test('a client of others reads the copies: stamps, keys and order', async ({ skip }) => {
    if (spawnSync('kcat', ['-V']).error !== undefined) skip('no kcat here')
    for (const [partition, log_] of LOGS.entries()) {
      const topic = `friday.${rig.topics.ticks.name}`
      const args = ['-C', '-q', '-e', '-b', rig.brokers.join(), '-t', topic, '-p', String(partition)]
      const said = execFileSync('kcat', [...args, '-f', '%o %T %h\\n'], { encoding: 'utf8' })
      expect(said.trimEnd().split('\n')).toEqual(
        log_.map(
          ({ timestampMs }, offset) =>
            `${offset} ${timestampMs} replay-source=${rig.topics.ticks.name}:${partition}:${offset}`,
        ),
      )
    }
  })
})

describe('crosstide replay verify', () => {
  test('finds an output that nobody should have written, and shows it; an end that is not there is said', async () => {
    const slot = { topic: rig.topics.candles.name, partition: 0 }
    const ranges = await openRanges(kafkaOptions(rig.brokers))
    const [first] = await allOf(ranges, slot)
    await ranges.close()
    const client = openRegistry(registry)
    const decoder = client.decoder(candleCodec)
    await decoder.learn(first?.value?.readInt32BE(1) ?? 0)
    const decoded = decoder.decode(first?.value ?? null)
    if (decoded.kind !== 'value') throw new Error(decoded.kind)
    const { origin } = decoded.value
    const last = (LENGTHS[0] ?? 0) - 1
    const encode = await client.encoder(slot.topic, candleCodec)
    const writer = await openWriter({ ...TICKS_WRITER, ...kafkaOptions(rig.brokers) })
    const write = (offset: number, ordinal: number) =>
      writer.append([
        {
          ...slot,
          key: Buffer.from('BTC'),
          value: encode({ ...decoded.value, origin: { ...origin, offset, ordinal } }),
          timestampMs: LOGS[0]?.at(-1)?.timestampMs ?? 0,
        },
      ])
    // Behind all others it is a repeat to every reader; what is compared is what they see.
    await write(origin.offset, origin.ordinal)
    const range = { from: 0, to: last + 1 }
    expect(await verifyPartition(replayOn(log), slotOf(0), range, undefined)).toMatchObject({
      kind: 'equal',
      repeats: 1,
    })
    await write(last, 900)
    await writer.close(5000)
    const of = ['replay', 'verify', '--processor', 'market', '--partition', '0']
    const { code, lines } = await rig.command(of)
    expect({ code, said: lines.join('\n') }).toEqual({
      code: 1,
      said: expect.stringContaining(
        `origin    market version ${origin.version}, partition 0, record ${last}, output 900`,
      ),
    })
    const beyond = await rig.command([...of, '--from', '0', '--to', '999999'])
    expect({ code: beyond.code, line: beyond.lines[0] }).toEqual({
      code: 3,
      line: expect.stringContaining(`ends at ${LENGTHS[0]}`),
    })
  })
})
