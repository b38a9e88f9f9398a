import { describe, expect, inject, test } from 'vitest'
import { allOf, kafkaOptions, uniqueName } from '../support/kafka.ts'
import { PRODUCE, startProxy } from '../support/proxy.ts'
import { completed, finish } from '../support/toy-kills.ts'
import { launchToy, type ToyProcess } from '../support/toy-launch.ts'
import { toyWorld, type World } from '../support/toy-world.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { PROCESSOR_WRITER, openWriter } from '../../io/kafka/writer.ts'

const { brokers } = inject('stack')
const SEED = 1
/** Steps soon, sends late: when it is stopped, much is stepped and not on its way yet. */
const BEHIND = { brokers, outputDelayMs: 40, sliceRecords: 7 }

/** A process that is stopped in mid-work, with outputs that it has not sent. */
async function stopped(world: World, group: string, records: number): Promise<ToyProcess> {
  const toy = launchToy({ ...BEHIND, topics: world.topics, group })
  await toy.told((lines) => lines.reduce((sum, line) => sum + (line.records ?? 0), 0) > records)
  toy.signal('SIGSTOP')
  return toy
}

describe('a process that was taken for dead', () => {
  test(
    'and wakes behind its successor writes the same bytes once more, then restores what the group gives it',
    { timeout: 180_000 },
    async () => {
      const world = await toyWorld(brokers, SEED)
      await world.feed(200)
      const group = uniqueName('toy')
      const zombie = await stopped(world, group, 300)
      // The same group: its session expires, and the successor is given its slots.
      const successor = launchToy({ brokers, topics: world.topics, group })
      expect(await completed(world, world.topics, 40_000)).toMatchObject({ isEqual: true })
      zombie.signal('SIGCONT')
      await world.feed(20)
      const verdict = await repeated(world)
      // Told by its first heartbeat that it is a member no more, it has joined as a new one.
      const wasGivenSlots = await zombie.told((lines) => lines.filter(({ kind }) => kind === 'restored').length > 6)
      for (const toy of [zombie, successor]) toy.signal('SIGTERM')
      expect(await Promise.all([zombie.exited, successor.exited])).toEqual([0, 0])
      expect(wasGivenSlots).toBe(true)
      const unsifted = await world.judge({ hasSieve: false })
      await world.close()
      console.info(`${verdict.repeats} repeats seen and dropped`)
      expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true, isComplete: true })
      expect(verdict.repeats).toBeGreaterThan(0)
      // The broken twin: a reader without the sieve.
      expect(unsifted.isEqual).toBe(false)
    },
  )

  test(
    'and wakes ahead of its successor, and two at once, write what the others write',
    { timeout: 180_000 },
    async () => {
      const world = await toyWorld(brokers, SEED + 1)
      await world.feed(200)
      // Groups of their own: each takes itself for the only one.
      const zombies = [await stopped(world, uniqueName('toy'), 300), await stopped(world, uniqueName('toy'), 100)]
      const successor = launchToy({ brokers, topics: world.topics, group: uniqueName('toy'), sliceDelayMs: 50 })
      await successor.told((lines) => lines.some(({ kind }) => kind === 'stepped'))
      for (const zombie of zombies) zombie.signal('SIGCONT')
      const verdict = await repeated(world)
      for (const toy of [...zombies, successor]) toy.signal('SIGTERM')
      await Promise.all([...zombies, successor].map(({ exited }) => exited))
      const last = await world.judge()
      await world.close()
      console.info(`${last.repeats} repeats seen and dropped`)
      expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
      expect(last).toMatchObject({ isEqual: true, areCopiesEqual: true })
      expect(last.repeats).toBeGreaterThan(0)
    },
  )

  test(
    'and died with a request on its way, which arrives when its successor is done, harms nothing',
    { timeout: 180_000 },
    async () => {
      const world = await toyWorld(brokers, SEED + 2)
      await world.feed(200)
      const [broker = ''] = brokers
      const proxy = await startProxy(broker)
      const isOurs = (frame: Buffer): boolean => frame.includes(world.topics.sums)
      let produced = 0
      proxy.onRequest = (apiKey, frame) => (apiKey === PRODUCE && isOurs(frame) && ++produced > 3 ? 'hold' : 'pass')
      const dead = launchToy({ ...BEHIND, topics: world.topics, group: uniqueName('toy'), writerPort: proxy.port })
      for (const until = performance.now() + 30_000; proxy.held === 0 && performance.now() < until;)
        await new Promise((resolve) => setTimeout(resolve, 10))
      await dead.kill()
      const before = await finish(world, { brokers })
      proxy.release()
      const verdict = await repeated(world, before.repeats)
      await proxy.stop()
      await world.close()
      console.info(`${verdict.repeats} repeats seen and dropped`)
      expect(before).toMatchObject({ isEqual: true })
      expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
      expect(verdict.repeats).toBeGreaterThan(before.repeats)
    },
  )

  test(
    'and wrote the last snapshot, whole or half over a newer one, makes the next replay longer and nothing else',
    { timeout: 180_000 },
    async () => {
      const world = await toyWorld(brokers, SEED + 3)
      const ranges = await openRanges(kafkaOptions(brokers))
      const writer = await openWriter({ ...PROCESSOR_WRITER, ...kafkaOptions(brokers) })
      await world.feed(100)
      await finish(world, { brokers, snapshotEveryRecords: 20 })
      const slots = Array.from({ length: 6 }, (_, partition) => ({ topic: world.topics.snapshots, partition }))
      const old = await Promise.all(slots.map((slot) => allOf(ranges, slot)))
      for (const share of [1, 0.5]) {
        await world.feed(100)
        await finish(world, { brokers, snapshotEveryRecords: 20 })
        for (const [index, slot] of slots.entries()) {
          const records = old[index] ?? []
          await writer.append(
            records.slice(0, Math.ceil(records.length * share)).map((record) => ({ ...slot, ...record })),
          )
        }
      }
      await world.feed(20)
      const verdict = await finish(world, { brokers })
      await writer.close(1000)
      await ranges.close()
      await world.close()
      expect(old.every((records) => records.length > 2)).toBe(true)
      expect(verdict).toMatchObject({ isEqual: true, areCopiesEqual: true })
    },
  )
})

/** The verdict once everything is there and something stands twice, or after a while. */
async function repeated(world: World, more = 0): ReturnType<World['judge']> {
  for (const until = performance.now() + 40_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const verdict = await world.judge()
    if ((verdict.isComplete && verdict.repeats > more) || performance.now() > until) return verdict
  }
}
