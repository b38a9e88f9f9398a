import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { archiveSlot } from '../../cli/archive.ts'
import { openArchiveLog } from '../../io/archive-log.ts'
import { verifyArchiveFile } from '../../io/archive-file.ts'
import { fileName, parseFileName, resumeAt } from '../../io/archive-names.ts'
import { folderStore, type ArchiveStore } from '../../io/archive-store.ts'
import {
  HALF_PAST_TEN,
  HOUR,
  archiveAndKill,
  everything,
  startArchiveRig,
  type ArchiveRig,
} from '../support/archive.ts'
import { freshTopic } from '../support/kafka.ts'

const { brokers } = inject('stack')

let rig: ArchiveRig
let folder: string
let store: ArchiveStore

beforeAll(async () => {
  rig = await startArchiveRig()
})
afterAll(() => rig.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-archive-'))
  store = folderStore(folder)
  return () => rm(folder, { recursive: true, force: true })
})

const pathOf = (topic: string, name: string): string => join(folder, topic, 'partition=0', name)
const filesOf = async (topic: string): Promise<readonly string[]> =>
  (await readdir(join(folder, topic, 'partition=0'))).toSorted()
const spansOf = async (topic: string) =>
  (await filesOf(topic)).map((name) => [name.slice(0, 13), parseFileName(name)?.first, parseFileName(name)?.last])
const bytesOf = async (topic: string) =>
  Promise.all((await filesOf(topic)).map(async (name) => [name, await readFile(pathOf(topic, name), 'base64')]))

/** A topic whose archive has several files in one hour and over hours, with clocks that lie behind. */
async function variedTopic(): Promise<string> {
  const topic = await freshTopic(brokers)
  const value = (ordinal: number): Buffer => rig.value(ordinal)
  await rig.append(topic, [value(0), value(1)])
  await rig.append(topic, [value(2)], HALF_PAST_TEN + HOUR)
  // A clock that is behind does not open the hour before again.
  await rig.append(topic, [value(3)], HALF_PAST_TEN)
  await rig.append(topic, [rig.event], HALF_PAST_TEN)
  await rig.append(topic, [value(5).subarray(0, -1), Buffer.from('no Avro'), null], HALF_PAST_TEN + HOUR)
  await rig.append(topic, [value(8)], HALF_PAST_TEN)
  return topic
}

describe('crosstide archive', () => {
  test('begins a new file with each hour, schema id, and value its schema does not describe', async () => {
    const topic = await variedTopic()
    const { printed, missed } = await rig.archive(store, topic, 0, 9)
    expect(missed).toBe(0)
    expect(await spansOf(topic)).toEqual([
      ['2026-11-20T10', 0, 1],
      ['2026-11-20T11', 2, 3],
      ['2026-11-20T11', 4, 4],
      ['2026-11-20T11', 5, 7],
      ['2026-11-20T11', 8, 8],
    ])
    expect(printed.map((line) => 'records' in line && line.records)).toEqual([2, 2, 1, 3, 1])
  })

  test('killed at any of its publications and begun again gives the files of an undisturbed run, byte by byte', async () => {
    const topic = await variedTopic()
    await rig.archive(store, topic, 0, 9)
    const undisturbed = await bytesOf(topic)
    for (let deaths = 1; deaths <= undisturbed.length; deaths++) {
      await rm(join(folder, topic), { recursive: true })
      let published = 0
      const mortal: ArchiveStore = {
        ...store,
        async publish(staged, name) {
          // The file lies there whole or half, and has no name.
          if (++published === deaths) {
            if (deaths % 2 === 0) await writeFile(staged, (await readFile(staged)).subarray(0, 100))
            throw new Error('killed')
          }
          await store.publish(staged, name)
        },
      }
      await expect(rig.archive(mortal, topic, 0, 9)).rejects.toThrow('killed')
      expect(await bytesOf(topic)).not.toEqual(undisturbed)
      await rig.archive(store, topic, 0, 9)
      expect(await bytesOf(topic)).toEqual(undisturbed)
    }
  })

  test('killed with SIGKILL and begun again gives the files of an undisturbed run, byte by byte', async () => {
    const topic = await freshTopic(brokers)
    const HOURS = 20
    for (let hour = 0; hour < HOURS; hour++) {
      const values = Array.from({ length: 50 }, (_, n) => rig.value(hour * 50 + n))
      await rig.append(topic, values, HALF_PAST_TEN + hour * HOUR)
    }
    await rig.archive(store, topic, 0, HOURS * 50)
    const undisturbed = await bytesOf(topic)
    expect(undisturbed).toHaveLength(HOURS)
    await rm(join(folder, topic), { recursive: true })
    const said = [
      await archiveAndKill([folder, '--topic', topic], {}, 2),
      await archiveAndKill([folder, '--topic', topic], {}, 3),
      await archiveAndKill([folder, '--topic', topic], {}, HOURS + 1),
    ]
    // Each went on where the one before was killed: no file was made twice, none is missing.
    expect(said.flat().length).toBeLessThanOrEqual(HOURS)
    expect(await bytesOf(topic)).toEqual(undisturbed)
  })

  test('goes on where it ended', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(
      topic,
      Array.from({ length: 12 }, (_, ordinal) => rig.value(ordinal)),
    )
    await rig.archive(store, topic, 0, 5)
    expect((await rig.archive(store, topic, 0, 12)).printed).toHaveLength(1)
    expect((await rig.archive(store, topic, 0, 12)).printed).toEqual([])
    expect(await spansOf(topic)).toEqual([
      ['2026-11-20T10', 0, 4],
      ['2026-11-20T10', 5, 11],
    ])
  })

  test('says what retention took before it came', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(topic, [rig.value(0), rig.value(1), rig.value(2), rig.value(3)])
    await rig.archive(store, topic, 0, 1)
    const trimmed = { ...rig, ranges: { ...rig.ranges, bounds: async () => ({ first: 3, end: 4 }) } }
    const printed: object[] = []
    const deps = { ...trimmed, registry: inject('stack').registry, store, print: (line: object) => printed.push(line) }
    expect(await archiveSlot(deps, { topic, partition: 0 }, { from: 3, to: 4 })).toBe(2)
    expect(printed[0]).toMatchObject({ missed: 2, from: 1, to: 2 })
  })

  test('where compaction left holes between files, a second run finds nothing to do and the archive has no hole', async () => {
    const topic = await freshTopic(brokers)
    const value = (ordinal: number): Buffer => rig.value(ordinal)
    await rig.append(topic, [value(0), value(1), value(2)])
    await rig.append(topic, [value(3), value(4)], HALF_PAST_TEN + HOUR)
    const ranges: ArchiveRig['ranges'] = {
      ...rig.ranges,
      async *read(slot, from, to) {
        for await (const records of rig.ranges.read(slot, from, to))
          yield records.filter(({ offset }) => offset !== 0 && offset !== 3)
      },
    }
    const slot = { topic, partition: 0 }
    const run = async (): Promise<number> => {
      const printed: object[] = []
      const deps = { ranges, registry: inject('stack').registry, store, print: (line: object) => printed.push(line) }
      await archiveSlot(deps, slot, { from: 0, to: 5 })
      return printed.length
    }
    expect([await run(), await run()]).toEqual([2, 0])
    expect(await spansOf(topic)).toEqual([
      ['2026-11-20T10', 0, 2],
      ['2026-11-20T11', 3, 4],
    ])
    expect((await everything(openArchiveLog(store), slot)).map(({ offset }) => offset)).toEqual([1, 2, 4])
  })

  test('does not build upon a newest file that is damaged', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(topic, [rig.value(0), rig.value(1), rig.value(2)])
    await rig.archive(store, topic, 0, 2)
    const [name = ''] = await filesOf(topic)
    await writeFile(pathOf(topic, name), (await readFile(pathOf(topic, name))).subarray(0, -20))
    await expect(rig.archive(store, topic, 0, 3)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
    expect(await filesOf(topic)).toEqual([name])
  })

  test('reads back what it wrote with a library of others, and notices a file that was damaged since', async () => {
    const topic = await freshTopic(brokers)
    await rig.append(
      topic,
      Array.from({ length: 500 }, (_, ordinal) => rig.value(ordinal)),
    )
    await rig.archive(store, topic, 0, 500)
    const [name = ''] = await filesOf(topic)
    const path = pathOf(topic, name)
    const good = await verifyArchiveFile(path)
    expect(good.records).toBe(500)
    const bytes = await readFile(path)
    const at = bytes.length - 100
    bytes.writeUInt8((bytes[at] ?? 0) ^ 255, at)
    await writeFile(path, bytes)
    const found = await verifyArchiveFile(path).then(
      ({ sha256 }) => sha256,
      () => 'refused',
    )
    expect(found).not.toBe(good.sha256)
  })
})

describe('resuming', () => {
  const archived = (first: number, last: number) => ({ hour: 0, first, last })

  test.each([
    [0, [], 0],
    [0, [archived(0, 4), archived(5, 9)], 10],
    [3, [archived(0, 4)], 5],
    [0, [archived(5, 9)], 0],
    [7, [archived(0, 4)], 7],
    [0, [archived(5, 9), archived(0, 4)], 10],
  ])('from %i with %j goes on at %i', (from, files, next) => expect(resumeAt(from, files).next).toBe(next))

  test('a name says what the file holds; others are no finished files', () => {
    const held = { hour: Math.floor(HALF_PAST_TEN / HOUR), first: 7, last: 12 }
    expect(fileName(held)).toBe('2026-11-20T10Z_0000000000000007-0000000000000012.avro')
    expect(parseFileName(fileName(held))).toEqual(held)
    for (const name of ['unfinished.partial', '2026-13-40T99Z_0000000000000007-0000000000000012.avro', ''])
      expect(parseFileName(name)).toBeUndefined()
  })
})
