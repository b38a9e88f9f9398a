import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import type { Incoming, Offset } from '../../../io/kafka/port.ts'
import { createSlotWork } from '../../../io/kafka/slot-work.ts'

const SLOT = { topic: 't', partition: 0 }
const TURN = { end: 100, alive: async () => true }

const records = (from: Offset, to: Offset): readonly Incoming[] =>
  Array.from({ length: to - from }, (_, n) => ({ offset: from + n, key: null, value: null, timestampMs: 0 }))

/** Slot work from offset 0 whose stage answers as told, call by call. */
function rig(answers: readonly (Offset | Error | Promise<Offset>)[]) {
  const calls: (readonly [first: Offset | undefined, last: Offset | undefined])[] = []
  const faults: unknown[] = []
  const jumps: Offset[] = []
  let isCurrent = true
  const work = createSlotWork(SLOT, {
    stage: {
      assigned: async () => 0,
      async batch(_slot, some) {
        calls.push([some[0]?.offset, some.at(-1)?.offset])
        const answer = answers[calls.length - 1] ?? (some.at(-1)?.offset ?? 0) + 1
        if (answer instanceof Error) throw answer
        return answer
      },
      released: () => undefined,
    },
    isCurrent: () => isCurrent,
    onFault: (error) => {
      faults.push(error)
      isCurrent = false
    },
    onProgress: () => undefined,
    onJump: (next) => jumps.push(next),
    signal: new AbortController().signal,
  })
  work.expected = 0
  const deliver = async (from: Offset, to: Offset): Promise<void> => {
    work.expected = to
    await work.take({ records: records(from, to), turn: TURN })
  }
  return { work, deliver, calls, faults, jumps, lose: () => (isCurrent = false) }
}

describe('the work of a slot', () => {
  test('hands on deliveries in order and notes how far the stage is', async () => {
    const { work, deliver, calls } = rig([])
    await deliver(0, 10)
    await deliver(10, 20)
    expect(calls).toEqual([
      [0, 9],
      [10, 19],
    ])
    expect(work.handled).toBe(20)
  })

  test('hands on what a stage left, and nothing else', async () => {
    const { work, deliver, calls, jumps } = rig([4])
    await deliver(0, 10)
    expect(calls).toEqual([
      [0, 9],
      [4, 9],
    ])
    expect(work.handled).toBe(10)
    expect(jumps).toEqual([])
  })

  test('skips what a stage says it has', async () => {
    const { deliver, calls } = rig([10])
    await Promise.all([deliver(0, 5), deliver(5, 15)])
    expect(calls).toEqual([
      [0, 4],
      [10, 14],
    ])
  })

  test.each([
    ['back', 3],
    ['ahead', 50],
  ])('goes %s where the stage says, and forgets what was delivered from elsewhere', async (_where, next) => {
    const { work, deliver, calls, jumps } = rig([next])
    work.handled = 10
    await Promise.all([deliver(10, 20), deliver(20, 30)])
    expect(calls).toEqual([[10, 19]])
    expect(jumps).toEqual([next])
    expect(work.expected).toBe(next)
    expect(work.waiting).toBe(0)
  })

  test('hands on the same again after a failure that may pass', async () => {
    const { work, deliver, calls, faults } = rig([new PipelineError('KAFKA_UNAVAILABLE', '', { retriable: true })])
    await deliver(0, 10)
    await expect.poll(() => calls.length, { timeout: 3000 }).toBe(2)
    expect(calls[1]).toEqual([0, 9])
    await work.drain()
    expect(faults).toEqual([])
  })

  test('ends with any other failure, and with an answer that is no offset', async () => {
    const bug = new TypeError('a bug')
    const failing = rig([bug])
    await failing.deliver(0, 10)
    await failing.deliver(10, 20)
    expect(failing.faults).toEqual([bug])
    expect(failing.calls).toHaveLength(1)
    const wrong = rig([Number.NaN])
    await wrong.deliver(0, 10)
    expect(wrong.faults).toEqual([expect.objectContaining({ code: 'WRONG_USE' })])
  })

  test('is drained when the call under way has ended, not before', async () => {
    const { promise, resolve } = Promise.withResolvers<Offset>()
    const { work, deliver, calls } = rig([promise])
    await deliver(0, 10)
    let isDrained = false
    const drained = work.drain().then(() => (isDrained = true))
    await new Promise((done) => setTimeout(done, 20))
    expect({ calls, isDrained }).toEqual({ calls: [[0, 9]], isDrained: false })
    resolve(4)
    await drained
    expect(calls).toEqual([[0, 9]])
  })

  test('begins nothing once it is drained or lost', async () => {
    const drained = rig([])
    await drained.work.drain()
    await drained.deliver(0, 10)
    expect(drained.calls).toEqual([])
    const lost = rig([])
    lost.lose()
    await lost.deliver(0, 10)
    expect(lost.calls).toEqual([])
  })
})
