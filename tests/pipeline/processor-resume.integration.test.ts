import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openRanges } from '../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { PARTITIONS } from '../io/processor/toy.ts'
import { openMeddler, type Meddler } from '../support/kafka-admin.ts'
import { allOf, kafkaOptions, uniqueName } from '../support/kafka.ts'
import { completed, finish } from '../support/toy-kills.ts'
import { launchToy } from '../support/toy-launch.ts'
import type { ToySettings } from '../support/toy-process.ts'
import { toyWorld, type World } from '../support/toy-world.ts'

const { brokers } = inject('stack')
let meddler: Meddler
beforeAll(async () => {
  meddler = await openMeddler(brokers)
})
afterAll(async () => meddler.close())

const eachSlot = (topic: string) => Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))

/** A world whose processor has handled 60 numbers of each partition, and was stopped in order: its snapshots say so. */
async function settledWorld(seed: number): Promise<World> {
  const world = await toyWorld(brokers, seed)
  await world.feed(60)
  await finish(world, { brokers })
  return world
}

/** Starts a process and answers with which codes its tasks stopped, once all have. */
async function refusals(world: World, more: Partial<ToySettings> = {}): Promise<ReadonlySet<string | undefined>> {
  const toy = launchToy({ brokers, topics: world.topics, group: uniqueName('toy'), ...more })
  await toy.told((lines) => lines.filter(({ kind }) => kind === 'stopped').length === PARTITIONS)
  await toy.kill()
  const stops = toy.lines.filter(({ kind }) => kind === 'stopped')
  expect(stops).toHaveLength(PARTITIONS)
  return new Set(stops.map(({ code }) => code))
}

describe('a processor whose log is not what it was', { timeout: 180_000 }, () => {
  test.each([
    ['an output was truncated', 'LOG_CHANGED', (world: World) => meddler.remake(world.topics.sums, PARTITIONS)],
    [
      'its input was made anew with as many records',
      'LOG_CHANGED',
      async (world: World) => {
        await meddler.remake(world.topics.numbers, PARTITIONS)
        await world.feed(60)
      },
    ],
    [
      'its input was trimmed past where it stands',
      'LOG_TRIMMED',
      async (world: World) => {
        await world.feed(20)
        for (const slot of eachSlot(world.topics.numbers)) await meddler.trim(slot, 61)
      },
    ],
  ])('refuses to go on when %s, with %s, and writes nothing', async (_, code, meddle) => {
    const world = await settledWorld(11)
    await meddle(world)
    const before = await world.ends()
    expect(await refusals(world)).toEqual(new Set([code]))
    expect(await world.ends()).toEqual(before)
    await world.close()
  })

  test('refuses the log of another pipeline', async () => {
    const world = await settledWorld(12)
    const other = await settledWorld(13)
    expect(await refusals(world, { topics: { ...world.topics, numbers: other.topics.numbers } })).toEqual(
      new Set(['LOG_CHANGED']),
    )
    await world.close()
    await other.close()
  })

  test('goes on when its input was trimmed to where it stands', async () => {
    const world = await settledWorld(14)
    await world.remember()
    for (const slot of eachSlot(world.topics.numbers)) await meddler.trim(slot, 60)
    await world.feed(20)
    expect(await finish(world, { brokers })).toMatchObject({ isEqual: true, areCopiesEqual: true, repeats: 0 })
    await world.close()
  })
})

describe('a processor', { timeout: 180_000 }, () => {
  test('whose step was changed under the same version is DIVERGED and writes nothing; the right one goes on', async () => {
    const world = await toyWorld(brokers, 15)
    await world.feed(60)
    // Killed before any snapshot: all that it wrote must be made again.
    const first = launchToy({
      brokers,
      topics: world.topics,
      group: uniqueName('toy'),
      snapshotEveryRecords: 1_000_000,
    })
    await completed(world)
    await first.kill()
    const before = await world.ends()
    for (const change of [{ every: 4 }, { every: 1 }, { bias: 1 }])
      expect(await refusals(world, change)).toEqual(new Set(['DIVERGED']))
    expect(await world.ends()).toEqual(before)
    await world.feed(20)
    expect(await finish(world, { brokers })).toMatchObject({ isEqual: true, areCopiesEqual: true, repeats: 0 })
    await world.close()
  })

  test('whose step throws stops at that partition, the others go on; mended, it goes on there too', async () => {
    const world = await toyWorld(brokers, 18)
    await world.feed(60)
    const toy = launchToy({ brokers, topics: world.topics, group: uniqueName('toy'), throwsAt: 30 })
    const stepped = (of: number): number =>
      toy.lines.reduce((sum, { partition, records = 0 }) => sum + (partition === of ? records : 0), 0)
    const wasDone = await toy.told(
      (lines) => lines.some(({ kind }) => kind === 'stopped') && [0, 1, 3, 4, 5].every((of) => stepped(of) === 60),
    )
    toy.signal('SIGTERM')
    await toy.exited
    expect(wasDone).toBe(true)
    expect(toy.lines.filter(({ kind }) => kind === 'stopped')).toMatchObject([
      { partition: 2, error: 'RangeError: a bug' },
    ])
    // Records 0 to 29 of partition 2 are written, nothing of record 30.
    expect(await world.judge()).toMatchObject({ isComplete: false, repeats: 0 })
    expect(await finish(world, { brokers })).toMatchObject({ isEqual: true, isComplete: true, repeats: 0 })
    await world.close()
  })

  test('rebuilds its state where snapshots are gone, torn, or of other code', async () => {
    const world = await settledWorld(16)
    const ranges = await openRanges(kafkaOptions(brokers))
    const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
    const restoredFrom = async (more: Partial<ToySettings>): Promise<ReadonlySet<string | undefined>> => {
      const toy = launchToy({ brokers, topics: world.topics, group: uniqueName('toy'), ...more })
      await completed(world)
      toy.signal('SIGTERM')
      await toy.exited
      return new Set(toy.lines.filter(({ kind }) => kind === 'restored').map(({ from }) => from))
    }
    await world.feed(20)
    const { snapshots } = await world.fork()
    expect(await restoredFrom({ topics: { ...world.topics, snapshots } })).toEqual(new Set(['nothing']))

    // Over one chunk of the newest generation another writer's has come.
    await world.feed(20)
    for (const slot of eachSlot(world.topics.snapshots)) {
      const last = (await allOf(ranges, slot)).at(-1)
      if (last === undefined) continue
      const headers = last.headers?.map(([name, value]) => {
        return [name, Buffer.from(String(value).replace(/"id":"[^"]*"/, '"id":"another"'))] as const
      })
      await writer.append([{ ...slot, ...last, headers: headers ?? [] }])
    }
    expect(await restoredFrom({})).toEqual(new Set(['snapshot']))

    await world.feed(20)
    expect(await restoredFrom({ codeVersion: 2 })).toEqual(new Set(['other code']))
    const verdict = await world.judge()
    await writer.close(1000)
    await ranges.close()
    await world.close()
    expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true, isComplete: true, repeats: 0 })
  })

  test('writes the same bytes in slices of 1, 7 and 500, in one process and in three with rebalances', async () => {
    const world = await toyWorld(brokers, 17)
    await world.feed(150)
    for (const [sliceRecords, snapshotEveryRecords] of [
      [1, 13],
      [7, 40],
      [500, 1000],
    ] as const) {
      const topics = await world.fork()
      const verdict = await finish(world, { brokers, topics, sliceRecords, snapshotEveryRecords })
      expect(verdict, `slices of ${sliceRecords}`).toMatchObject({ isEqual: true, repeats: 0 })
    }

    const topics = await world.fork()
    const settings = { brokers, topics, group: uniqueName('toy'), sliceDelayMs: 20 }
    const three = [launchToy(settings), launchToy(settings), launchToy(settings)]
    for (const toy of three) await toy.told((lines) => lines.some(({ kind }) => kind === 'restored'))
    const fourth = launchToy(settings)
    const wasGivenSlots = await fourth.told((lines) => lines.some(({ kind }) => kind === 'restored'))
    fourth.signal('SIGTERM')
    await fourth.exited
    const verdict = await completed(world, topics)
    for (const toy of three) toy.signal('SIGTERM')
    expect(await Promise.all(three.map(({ exited }) => exited))).toEqual([0, 0, 0])
    await world.close()
    expect(wasGivenSlots).toBe(true)
    expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
  })
})
