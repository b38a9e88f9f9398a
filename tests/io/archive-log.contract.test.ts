import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { PipelineError } from '../../core/errors.ts'
import { openArchiveLog, type ArchiveLog } from '../../io/archive-log.ts'
import { readArchiveBlocks } from '../../io/archive-blocks.ts'
import { folderStore } from '../../io/archive-store.ts'
import type { Incoming, Slot } from '../../io/kafka/port.ts'
import { HALF_PAST_TEN, HOUR, everything, startArchiveRig, type ArchiveRig } from '../support/archive.ts'
import { freshTopic } from '../support/kafka.ts'

const { brokers } = inject('stack')
const COUNT = 3000

let rig: ArchiveRig
let folder: string
let slot: Slot
let log: ArchiveLog
let kafka: readonly Incoming[]

beforeAll(async () => {
  rig = await startArchiveRig()
  folder = await mkdtemp(join(tmpdir(), 'crosstide-archive-'))
  const topic = await freshTopic(brokers)
  slot = { topic, partition: 0 }
  // Three hours; values null, empty and large, headers that come twice, clocks that lie behind.
  await rig.writer.append(
    Array.from({ length: COUNT }, (_, n) => ({
      ...slot,
      key: Buffer.from(n % 5 === 0 ? '' : `key-${n}`),
      // From 2100 on there is more of one kind than a block holds.
      value:
        n >= 2100 && n < 2200
          ? Buffer.alloc(5000, n)
          : n % 100 === 50
            ? null
            : n % 100 === 51
              ? Buffer.alloc(0)
              : n % 100 === 52
                ? Buffer.alloc(70_000, n)
                : n % 100 === 53
                  ? rig.event
                  : rig.value(n),
      timestampMs: HALF_PAST_TEN + Math.floor(n / 1000) * HOUR - (n % 11) * 60_000,
      headers: n % 3 === 0 ? [['a', Buffer.from([n % 256])] as const, ['a', Buffer.from('ä')] as const] : [],
    })),
  )
  kafka = await everything(rig.ranges, slot)
  await rig.archive(folderStore(folder), topic, 0, 1700)
  await rig.archive(folderStore(folder), topic, 0, COUNT)
  log = openArchiveLog(folderStore(folder))
})
afterAll(async () => {
  await rig.close()
  await rm(folder, { recursive: true, force: true })
})

describe('an archive read as a log', () => {
  test('gives what Kafka gives, record by record', async () => {
    expect(kafka).toHaveLength(COUNT)
    expect(await log.bounds(slot)).toEqual(await rig.ranges.bounds(slot))
    expect(await everything(log, slot)).toEqual(kafka)
    expect(await log.slots()).toEqual([slot])
  })

  test('gives any part of it as Kafka does', async () => {
    for (const [from, to] of [
      [0, 1],
      [49, 54],
      [999, 1001],
      [1699, 1701],
      [2500, COUNT],
      [7, 7],
    ] as const) {
      const found: Incoming[] = []
      for await (const records of log.read(slot, from, to)) found.push(...records)
      expect(found).toEqual(kafka.slice(from, to))
    }
  })

  test('finds times where Kafka finds them', async () => {
    for (const offset of [-60, 0, 1, 9, 10, 59, 60, 61, 119, 120, 121, 500])
      for (const ms of [0, 1]) {
        const at = HALF_PAST_TEN - 600_000 + offset * 60_000 + ms
        expect([offset, await log.atTime(slot, at)]).toEqual([offset, await rig.ranges.atTime(slot, at)])
      }
  })

  test('never skips: what is not in it is out of range', async () => {
    const read = async (archive: ArchiveLog, from: number, to: number): Promise<number> => {
      let count = 0
      for await (const records of archive.read(slot, from, to)) count += records.length
      return count
    }
    await expect(read(log, 0, COUNT + 1)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
    await expect(read(log, 5, 4)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
    const store = folderStore(folder)
    const [, , gone = ''] = (await store.files(`${slot.topic}/partition=0`)).toSorted()
    const holed = openArchiveLog({
      ...store,
      files: async (path) => (await store.files(path)).filter((name) => name !== gone),
    })
    await expect(read(holed, 0, COUNT)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' })
  })

  test('an archive that is not there is empty', async () => {
    const empty = openArchiveLog(folderStore(join(folder, 'nowhere')))
    expect(await empty.slots()).toEqual([])
    expect(await empty.bounds(slot)).toEqual({ first: 0, end: 0 })
  })

  test('damage anywhere in a file is found, or changes nothing', async () => {
    const [name = ''] = (await folderStore(folder).files(`${slot.topic}/partition=0`)).toSorted()
    const bytes = await readFile(join(folder, slot.topic, 'partition=0', name))
    const read = async (content: Buffer): Promise<readonly Incoming[]> => {
      const copy = join(folder, 'copy')
      const path = join(copy, slot.topic, 'partition=0')
      await folderStore(copy).stage(`${slot.topic}/partition=0`)
      await writeFile(join(path, name), content)
      return everything(openArchiveLog(folderStore(copy)), slot)
    }
    const whole = await read(bytes)
    for (let cut = 1; cut < bytes.length; cut += Math.ceil(bytes.length / 40))
      await expect(read(bytes.subarray(0, cut))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
    // Cut between two blocks it is a whole Avro file, but not the one that its name promises.
    const end = bytes.indexOf(bytes.subarray(-16)) + 16
    expect(end).toBeLessThan(bytes.length)
    await expect(read(bytes.subarray(0, end))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
    const outcomes = new Set<unknown>()
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8((damaged[at] ?? 0) ^ 16, at)
      outcomes.add(await read(damaged).then(({ length }) => length, codeOf))
    }
    // In what nobody reads, a name or a comment of the schema, damage changes nothing.
    expect([...outcomes].filter((one) => one !== whole.length)).toEqual(['ARCHIVE_DAMAGED'])
  })

  test('a stream in pieces of one byte is the same file', async () => {
    const [name = ''] = (await folderStore(folder).files(`${slot.topic}/partition=0`)).toSorted()
    const bytes = await readFile(join(folder, slot.topic, 'partition=0', name))
    const drops = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < Math.min(bytes.length, 100_000); at++) yield bytes.subarray(at, at + 1)
      yield bytes.subarray(100_000)
    }
    const found: Incoming[] = []
    for await (const records of readArchiveBlocks(drops(), name)) found.push(...records)
    expect(found).toEqual(kafka.slice(0, found.length))
  })
})

const codeOf = (error: unknown): unknown => (error instanceof PipelineError ? error.code : error)
