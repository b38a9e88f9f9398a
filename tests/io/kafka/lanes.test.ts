import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lanes, type Batch } from '../../../io/kafka/lanes.ts'
import type { Outgoing } from '../../../io/kafka/port.ts'
import { createReceipt } from '../../../io/kafka/receipts.ts'

const BOUNDS = { lingerMs: 5, maxBatchRecords: 3, maxBatchBytes: 1000 }

const record = (partition: number, text: string, topic = 't'): Outgoing => ({
  topic,
  partition,
  key: Buffer.from('k'),
  value: Buffer.from(text),
  timestampMs: 1,
})

/** Lanes with the leaders of topic `t`, and records that were pushed at time 0. */
function lanesWith(leaders: readonly number[], ...records: readonly Outgoing[]): Lanes {
  const lanes = new Lanes(BOUNDS)
  lanes.setLeaders('t', leaders)
  for (const one of records) lanes.push(one, () => 0)
  return lanes
}

const texts = (batch: Batch | undefined): readonly (readonly string[])[] =>
  (batch?.runs ?? []).map(({ records }) => records.map(({ value }) => String(value)))

const take = (lanes: Lanes, leader: number, nowMs = 1000): Batch => {
  const batch = lanes.take(leader, nowMs)
  if (batch === undefined) throw new Error('nothing was due')
  return batch
}

const settle = (lanes: Lanes, batch: Batch, first: number): void =>
  batch.runs.forEach((run) => lanes.settle(run, first))

describe('lanes', () => {
  test('let a record linger, and a full batch go at once', () => {
    const lanes = lanesWith([1], record(0, 'a'))
    expect(lanes.take(1, 4)).toBeUndefined()
    expect(lanes.dueAtMs(() => true)).toBe(5)
    lanes.push(record(0, 'b'), () => 1)
    expect(lanes.push(record(0, 'c'), () => 1)).toBe('full')
    expect(texts(lanes.take(1, 4))).toEqual([['a', 'b', 'c']])
  })

  test('cut a batch at its records and at its bytes', () => {
    const long = 'x'.repeat(600)
    const lanes = lanesWith([1], record(0, long), record(0, long), record(0, 'c'))
    const first = take(lanes, 1)
    expect(texts(first)).toEqual([[long]])
    settle(lanes, first, 0)
    expect(texts(take(lanes, 1))).toEqual([[long, 'c']])
  })

  test('give a record above the bytes a batch of its own', () => {
    const huge = 'x'.repeat(5000)
    expect(texts(take(lanesWith([1], record(0, huge), record(0, 'b')), 1))).toEqual([[huge]])
  })

  test('put all slots of one leader into a send, and none of another', () => {
    const lanes = lanesWith([1, 2, 1], record(0, 'a'), record(1, 'b'), record(2, 'c'))
    expect(texts(take(lanes, 1)).flat().toSorted()).toEqual(['a', 'c'])
    expect(texts(take(lanes, 2))).toEqual([['b']])
  })

  test('send nothing more of a slot while a send of it is open (W1), wherever its leader moves (W3)', () => {
    const lanes = lanesWith([1], record(0, 'a'))
    const open = take(lanes, 1)
    lanes.push(record(0, 'b'), () => 0)
    expect(lanes.take(1, 1000)).toBeUndefined()
    lanes.setLeaders('t', [2])
    expect(lanes.take(2, 1000)).toBeUndefined()
    lanes.putBack(open)
    expect(texts(lanes.take(2, 1000))).toEqual([['a']])
  })

  test('send a rejected batch again before anything newer, as the same records', () => {
    const lanes = lanesWith([1], record(0, 'a'), record(0, 'b'))
    const rejected = take(lanes, 1)
    for (const text of ['c', 'd']) lanes.push(record(0, text), () => 0)
    lanes.putBack(rejected)
    const again = take(lanes, 1)
    expect(texts(again)).toEqual([['a', 'b']])
    settle(lanes, again, 0)
    expect(texts(take(lanes, 1))).toEqual([['c', 'd']])
  })

  test('halve what the broker refuses until the record is alone, and keep the order of the others', () => {
    const lanes = lanesWith([1, 1], record(0, 'a'), record(0, 'BAD'), record(0, 'c'), record(1, 'z'))
    const log: string[] = []
    let buried = ''
    for (let batch = lanes.take(1, 1000); batch !== undefined; batch = lanes.take(1, 1000)) {
      if (!texts(batch).flat().includes('BAD')) {
        log.push(...texts(batch).flat())
        settle(lanes, batch, 0)
        continue
      }
      const culprit = lanes.part(batch)
      if (culprit === undefined) continue
      buried = String(culprit.records[0]?.value)
      lanes.settle(culprit, undefined)
    }
    expect(buried).toBe('BAD')
    expect(log.filter((text) => text !== 'z')).toEqual(['a', 'c'])
    expect(log).toContain('z')
    expect(lanes.records).toBe(0)
    expect(lanes.bytes).toBe(0)
  })

  test('know which topics have no leader', () => {
    const lanes = lanesWith([1], record(0, 'a'), record(7, 'b'), record(0, 'c', 'other'))
    expect(lanes.homeless().toSorted()).toEqual(['other', 't'])
    expect(texts(lanes.take(1, 1000))).toEqual([['a']])
  })

  test('count what never left and what has an unknown outcome', () => {
    const lanes = lanesWith([1], ...['a', 'b', 'c', 'd', 'e'].map((text) => record(0, text)))
    lanes.putBack(take(lanes, 1))
    expect(lanes.remaining()).toEqual({ unsent: 2, unknown: 3 })
  })

  test('give up a topic: its callers hear why, others go on', async () => {
    const lanes = lanesWith([1], record(0, 'a'))
    const receipt = createReceipt()
    lanes.expect(receipt, { topic: 'gone', partition: 0 }, 1)
    lanes.push(record(0, 'x', 'gone'), () => 0)
    const error = new Error('no such topic')
    expect(lanes.dropTopic('gone', error)).toEqual({ unsent: 1, unknown: 0 })
    await expect(receipt.done).rejects.toBe(error)
    expect(lanes.records).toBe(1)
    expect(lanes.homeless()).toEqual([])
  })
})

describe('receipts', () => {
  test('say where the records of one call stand, over slots and sends', async () => {
    const lanes = lanesWith([1, 1])
    const receipt = createReceipt()
    lanes.push(record(0, 'before'), () => 0)
    lanes.expect(receipt, { topic: 't', partition: 0 }, 4)
    for (const text of ['a', 'b', 'c', 'd']) lanes.push(record(0, text), () => 0)
    lanes.expect(receipt, { topic: 't', partition: 1 }, 1)
    lanes.push(record(1, 'z'), () => 0)
    const offsets = [10, 500]
    for (let batch = lanes.take(1, 1000); batch !== undefined; batch = lanes.take(1, 1000))
      for (const run of batch.runs) {
        const { partition } = run.queue.slot
        lanes.settle(run, offsets[partition])
        offsets[partition] = (offsets[partition] ?? 0) + run.records.length
      }
    expect((await receipt.done).toSorted((a, b) => a.partition - b.partition)).toEqual([
      { topic: 't', partition: 0, first: 11, count: 4 },
      { topic: 't', partition: 1, first: 500, count: 1 },
    ])
  })

  test('of everything come when the last record is dealt with', async () => {
    const lanes = lanesWith([1], record(0, 'a'), record(0, 'b'), record(0, 'c'), record(0, 'd'))
    const receipt = createReceipt()
    expect(lanes.expectAll(receipt)).toBe(true)
    let isDone = false
    void receipt.done.then(() => (isDone = true))
    settle(lanes, take(lanes, 1), 0)
    await Promise.resolve()
    expect(isDone).toBe(false)
    lanes.push(record(0, 'later'), () => 0)
    settle(lanes, take(lanes, 1), 3)
    await receipt.done
    expect(lanes.expectAll(createReceipt())).toBe(false)
  })
})

/** What may happen to a writer, in any order. */
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), partition: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), leader: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), leader: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose-answer' as const), leader: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reject' as const), leader: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), leader: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      leaders: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    }),
  },
)

/** Throws with a history after which a record is missing, or its first copy stands before one that was pushed earlier. */
function assertFirstCopiesStand(Kind: typeof Lanes, more: { readonly seed?: number } = {}): void {
  fc.assert(
    // `max`: by default fast-check makes histories of about ten steps, in which hardly anything meets.
    fc.property(fc.array(happening, { maxLength: 120, size: 'max' }), (history) => {
      const lanes = new Kind(BOUNDS)
      lanes.setLeaders('t', [0, 1, 2, 0])
      const open = new Map<number, Batch>()
      const logs: string[][] = [[], [], [], []]
      const pushed: string[][] = [[], [], [], []]
      let count = 0
      const append = (batch: Batch): void =>
        batch.runs.forEach(({ queue, records }) =>
          logs[queue.slot.partition]?.push(...records.map(({ value }) => String(value))),
        )
      const closed = (leader: number): Batch | undefined => {
        const batch = open.get(leader)
        open.delete(leader)
        return batch
      }
      const step = (one: (typeof history)[number]): void => {
        if (one.kind === 'push') {
          const text = String(count++)
          pushed[one.partition]?.push(text)
          lanes.push(record(one.partition, text), () => 0)
        } else if (one.kind === 'move') lanes.setLeaders('t', one.leaders)
        else if (one.kind === 'take') {
          const batch = open.has(one.leader) ? undefined : lanes.take(one.leader, 1000)
          if (batch !== undefined) open.set(one.leader, batch)
        } else {
          const batch = closed(one.leader)
          if (batch === undefined) return
          if (one.kind === 'acknowledge' || one.kind === 'lose-answer') append(batch)
          if (one.kind === 'acknowledge') settle(lanes, batch, 0)
          else if (one.kind !== 'refuse') lanes.putBack(batch)
          else {
            const culprit = lanes.part(batch)
            if (culprit !== undefined) lanes.putBack({ ...batch, runs: [culprit] })
          }
        }
      }
      history.forEach(step)
      for (let round = 0; round < 150; round++)
        for (const leader of [0, 1, 2]) {
          step({ kind: 'take', leader })
          step({ kind: 'acknowledge', leader })
        }
      logs.forEach((log, partition) => expect([...new Set(log)]).toEqual(pushed[partition]))
      expect(lanes.records).toBe(0)
      expect(lanes.bytes).toBe(0)
    }),
    { numRuns: 200, ...more },
  )
}

test('whatever is rejected, lost or moved: first copies stand in the order they were pushed, none is missing', () => {
  expect(() => assertFirstCopiesStand(Lanes)).not.toThrow()
})

/** Sends again behind what came later. */
class Overtaking extends Lanes {
  override putBack({ runs }: Batch): void {
    for (const run of runs) {
      run.queue.isBusy = false
      run.queue.again.push(run)
    }
  }
}
/** Gives up a batch that was rejected once. */
class Skipping extends Lanes {
  override putBack(batch: Batch): void {
    for (const run of batch.runs) this.settle(run, undefined)
  }
}
/** Sends more of a slot while a send of it is open. */
class Concurrent extends Lanes {
  override take(leader: number, nowMs: number): Batch | undefined {
    const batch = super.take(leader, nowMs)
    for (const { queue } of batch?.runs ?? []) queue.isBusy = false
    return batch
  }
}

test.each([
  ['sends a rejected batch behind others', Overtaking],
  ['skips a rejected batch', Skipping],
  ['has two batches of a slot in flight', Concurrent],
])('the law of first copies sees a twin that %s', (_what, Twin) => {
  expect(() => assertFirstCopiesStand(Twin, { seed: 20_261_121 })).toThrow(/Property failed/)
})
