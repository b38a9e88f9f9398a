import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { fold } from '../../../core/processor.ts'
import type { Outgoing, Slot, Stored, Turn } from '../../../io/kafka/port.ts'
import type { Snapshot } from '../../../io/processor/snapshot.ts'
import { openSnapshotStore } from '../../../io/processor/snapshot-store.ts'
import { silentLog } from '../../support/database.ts'
import { memoryLog, type MemoryLog } from './memory-log.ts'
import { ALIVE, INPUT, SNAPSHOTS, SUMS, numbers, startRig } from './runner-rig.ts'
import { TOY, encodeToy } from './toy.ts'

const TEN = numbers([5, 1, 7, 2, 9, 3, 11, 4, 13, 6])

const withNumbers = (records: readonly Outgoing[] = TEN): MemoryLog => {
  const log = memoryLog()
  log.append(records)
  return log
}

const texts = (log: MemoryLog, slot: Slot = SUMS): readonly string[] =>
  log.records(slot).map(({ value }) => String(value))

/** What an undisturbed run over these numbers writes to `sums`. */
const wanted = (log: MemoryLog): readonly string[] =>
  fold(
    TOY,
    log.records(INPUT).map(({ offset, timestampMs, value }) => ({
      partition: 0,
      offset,
      timestampMs,
      value: Number(String(value)),
    })),
  )
    .outputs.filter(({ topic }) => topic === 'sums')
    .map((output) => String(encodeToy(output)))

/** A turn that is lost when it is asked for the n-th time, and well afterwards. */
function lostOnce(nth: number): Turn {
  let asked = 0
  return { end: 0, alive: async () => ++asked !== nth }
}

describe('a task', () => {
  test('goes back to its snapshot when its slot was in doubt after a step, and no record is passed over', async () => {
    const { log, runner, feed } = startRig(withNumbers(), { snapshotEveryRecords: 3, sliceRecords: 2 })
    await runner.assigned(INPUT)
    // Asked before the first slice and after its step (1, 2), before the second and after it (3, 4), …: lost after the fourth.
    expect(await feed(0, lostOnce(8))).toBe(10)
    expect(texts(log)).toEqual(wanted(log))
  })

  test('sends nothing after an output was given up, stops, and says so', async () => {
    const log = withNumbers()
    let sends = 0
    const append = async (records: readonly Outgoing[]): Promise<readonly Stored[]> => {
      sends += 1
      if (sends === 2) throw new PipelineError('WRONG_USE', 'refused')
      return log.append(records)
    }
    const { runner, feed, stopped } = startRig(log, { append, sliceRecords: 1 })
    await runner.assigned(INPUT)
    await feed(0)
    expect(texts(log)).toEqual(wanted(log).slice(0, 1))
    expect(runner.problems()).toEqual(['toy on numbers:0 stopped: WRONG_USE: refused'])
    expect(stopped).toHaveLength(1)
  })

  test('notices an output given up while the one before it is still on its way', async () => {
    const log = withNumbers()
    let sends = 0
    const append = (): Promise<readonly Stored[]> => {
      sends += 1
      return sends === 1 ? new Promise(() => undefined) : Promise.reject(new PipelineError('WRONG_USE', 'refused'))
    }
    const { runner, feed } = startRig(log, { append, sliceRecords: 1 })
    await runner.assigned(INPUT)
    await feed(0)
    expect(sends).toBe(2)
    expect(runner.problems()).toHaveLength(1)
  })

  test('begins again by itself after a failure that passes', async () => {
    const log = withNumbers()
    let sends = 0
    const append = async (records: readonly Outgoing[]): Promise<readonly Stored[]> => {
      sends += 1
      if (sends === 2) throw new PipelineError('KAFKA_UNAVAILABLE', 'away', { retriable: true })
      return log.append(records)
    }
    const { runner, feed } = startRig(log, { append, sliceRecords: 1 })
    await runner.assigned(INPUT)
    await expect(feed(0)).rejects.toThrow('away')
    // The reader delivers the same again.
    expect(await feed(4)).toBe(10)
    expect(texts(log)).toEqual(wanted(log))
    expect(runner.problems()).toEqual([])
  })

  test('is saved at a graceful stop, but not while its replay is not over', async () => {
    const log = withNumbers()
    const first = startRig(log)
    await first.runner.assigned(INPUT)
    await first.feed(0)
    const second = startRig(log)
    await second.runner.assigned(INPUT)
    await second.runner.batch(INPUT, log.records(INPUT).slice(0, 4), ALIVE)
    await second.runner.stop()
    expect(log.records(SNAPSHOTS)).toHaveLength(0)
    await first.runner.stop()
    expect(await first.store.load(0)).toMatchObject({
      next: 10,
      positions: new Map([
        ['sums', 4],
        ['peaks', 5],
      ]),
    })
  })

  test('stops within its time while a schema is awaited, and is saved as it was before', async () => {
    const log = withNumbers()
    let waits = 0
    const { runner, feed, store } = startRig(log, {
      sliceRecords: 4,
      async read(slot, records, alive) {
        if (records[0]?.offset === 0)
          return records.map((record) => ({
            partition: slot.partition,
            offset: record.offset,
            timestampMs: 0,
            value: 1,
          }))
        for (waits = 1; await alive(); waits++) await sleep(1)
        return undefined
      },
    })
    await runner.assigned(INPUT)
    const fed = feed(0)
    await vi.waitUntil(() => waits > 2)
    await runner.stop()
    expect(await store.load(0)).toMatchObject({ next: 4 })
    await fed
  })

  test('that is taken away while a step runs sends nothing of it', async () => {
    const log = withNumbers()
    let release = (): void => undefined
    const { runner } = startRig(log, {
      sliceRecords: 2,
      failpoint: (name) => {
        if (name === 'task.after_step') release()
      },
    })
    release = () => runner.released(INPUT)
    await runner.assigned(INPUT)
    await runner.batch(INPUT, log.records(INPUT), ALIVE)
    expect(texts(log)).toEqual([])
  })

  test('whose step throws stops with the record, sends what was before it, and leaves the others alone', async () => {
    const other: Slot = { topic: TOY.input, partition: 1 }
    const log = withNumbers()
    log.append(TEN.map((record) => ({ ...record, partition: 1 })))
    const errors: unknown[] = []
    const { runner, feed, stopped } = startRig(log, {
      log: Object.assign(Object.create(silentLog), { error: (fields: unknown) => void errors.push(fields) }),
      processor: {
        ...TOY,
        step(state, record, effects) {
          TOY.step(state, record, effects)
          if (record.partition === 0 && record.offset === 6) throw new RangeError('a bug')
        },
      },
    })
    await runner.assigned(INPUT)
    await runner.assigned(other)
    await feed(0)
    await runner.batch(other, log.records(other), ALIVE)
    // Records 0 and 3 of partition 0, all four of partition 1; what record 6 emitted before it threw is not sent.
    expect(
      texts(log)
        .map((text) => JSON.parse(text).origin)
        .map(({ partition, offset }) => [partition, offset]),
    ).toEqual([
      [0, 0],
      [0, 3],
      [1, 0],
      [1, 3],
      [1, 6],
      [1, 9],
    ])
    expect(runner.problems()).toEqual(['toy on numbers:0 at record 6 stopped: a bug'])
    expect(stopped).toEqual(['RangeError: a bug'])
    // Enough to run it again in a test: '11' in base64.
    expect(errors).toMatchObject([{ slot: 'numbers:0', offset: 6, valueBase64: 'MTE=' }])
    await runner.stop()
    expect(log.records({ topic: 'snapshots', partition: 0 })).toHaveLength(0)
    expect(log.records({ topic: 'snapshots', partition: 1 })).toHaveLength(1)
  })

  test('without a snapshot does not compare what was made from records that are gone', async () => {
    const log = withNumbers()
    const before = startRig(log)
    await before.runner.assigned(INPUT)
    await before.feed(0)
    log.append(numbers([20, 21, 22], 10))
    // Retention took records 0 to 3: sums are others now, and those that stand are kept.
    const trimmed: MemoryLog = {
      ...log,
      bounds: async (slot) => ({ first: slot.topic === INPUT.topic ? 4 : 0, end: log.records(slot).length }),
    }
    const { runner, feed } = startRig(trimmed)
    expect(await runner.assigned(INPUT)).toBe(4)
    await feed(4)
    expect(runner.problems()).toEqual([])
    // 9+3+11+4+13+6+20+21+22 = 109 at record 12.
    expect(
      texts(log)
        .slice(4)
        .map((text) => JSON.parse(text)),
    ).toMatchObject([{ value: 109, origin: { offset: 12 } }])
  })

  test('is built anew from the log where its snapshot is of a format that nobody reads', async () => {
    const log = withNumbers()
    const before = startRig(log)
    await before.runner.assigned(INPUT)
    await before.feed(0)
    await before.runner.stop()
    const saved = await before.store.load(0)
    const damaged = {
      load: async () => saved && { ...saved, state: new Uint8Array([255, 99]) },
      save: async () => undefined,
    }
    const { runner } = startRig(log, { snapshots: damaged })
    expect(await runner.assigned(INPUT)).toBe(10)
    expect(runner.problems()).toEqual([])
  })

  test('is not ready while it is being restored', async () => {
    const log = withNumbers()
    let go = (): void => undefined
    const held = new Promise<void>((resolve) => (go = resolve))
    const { runner } = startRig(log, {
      snapshots: { load: () => held.then(() => undefined), save: async () => undefined },
    })
    const assigned = runner.assigned(INPUT)
    expect(runner.problems()).toEqual(['toy on numbers:0 is being restored'])
    go()
    await assigned
    expect(runner.problems()).toEqual([])
  })

  test('asks again where retention deletes records while it is being restored', async () => {
    const log = withNumbers()
    const { runner, stopped } = startRig({
      ...log,
      bounds: async () => {
        throw new PipelineError('OFFSET_OUT_OF_RANGE', 'trimmed just now')
      },
    })
    await expect(runner.assigned(INPUT)).rejects.toMatchObject({ retriable: true })
    expect(stopped).toEqual([])
  })

  test('notes that its replay is over: the next restore scans nothing of what it has passed', async () => {
    const log = withNumbers()
    const before = startRig(log)
    await before.runner.assigned(INPUT)
    await before.feed(0)
    const { runner, feed, store } = startRig(log)
    await runner.assigned(INPUT)
    await feed(0)
    await runner.stop()
    expect(await store.load(0)).toMatchObject({
      next: 10,
      positions: new Map([
        ['sums', 4],
        ['peaks', 5],
      ]),
    })
  })
})

describe('snapshots', () => {
  test('of a life that is over never make the number go back, so the newest is never written over', async () => {
    const log = memoryLog()
    const store = openSnapshotStore({
      topic: SNAPSHOTS.topic,
      ranges: log,
      append: async (records) => log.append(records),
      nowMs: () => 0,
      // Several chunks each.
      chunkBytes: 16,
    })
    const at = (next: number): Snapshot => ({
      codeVersion: 1,
      next,
      tail: undefined,
      positions: new Map(),
      state: new Uint8Array(),
    })
    const { promise: held, resolve: go } = Promise.withResolvers<boolean>()
    const ofFormerLife = store.save(0, at(1), () => held)
    await store.save(0, at(2), async () => true)
    await store.save(0, at(3), async () => true)
    go(true)
    await ofFormerLife
    let chunks = 0
    await store.save(0, at(4), async () => ++chunks === 1)
    expect(await store.load(0)).toMatchObject({ next: 3 })
  })
})
