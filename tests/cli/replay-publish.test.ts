import { describe, expect, test } from 'vitest'
import { byTime } from '../../cli/replay-merge.ts'
import { parseSpeed, publishPaced } from '../../cli/replay-pace.ts'
import { copyOf, resumeFrom } from '../../cli/replay-target.ts'
import type { Incoming, Outgoing, Stored } from '../../io/kafka/port.ts'
import { memoryLog } from '../support/replay-log.ts'

const record = (offset: number, timestampMs: number): Incoming => ({ offset, timestampMs, key: null, value: null })
const source = (partition: number, ...batches: readonly (readonly number[])[]) => ({
  slot: { topic: 'ticks', partition },
  batches: (async function* () {
    let offset = 0
    for (const stamps of batches) yield stamps.map((stamp) => record(offset++, stamp))
  })(),
})

async function order(...slots: readonly ReturnType<typeof source>[]): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { slot, record: one } of byTime(slots)) found.push(`${slot.partition}/${one.offset}`)
  return found
}

describe('records of several partitions', () => {
  test('come by their stamps, of equal ones those of the first partition', async () => {
    expect(await order(source(0, [1, 5], [9]), source(1, [2], [5, 6]), source(2))).toEqual([
      '0/0',
      '1/0',
      '0/1',
      '1/1',
      '1/2',
      '0/2',
    ])
  })

  test('stay in the order of their partition where stamps run back', async () => {
    expect(await order(source(0, [5, 1, 6]), source(1, [4, 5, 7]))).toEqual(['1/0', '0/0', '0/1', '1/1', '0/2', '1/2'])
  })
})

describe('the speed', () => {
  test.each([
    ['1', 1],
    ['0.5', 0.5],
    ['100', 100],
    ['max', Infinity],
  ])('may be %s', (text, speed) => expect(parseSpeed(text)).toBe(speed))

  test.each(['0', '-1', 'fast', '1x', '', '1e3'])('may not be "%s"', (text) =>
    expect(() => parseSpeed(text)).toThrow('--speed'),
  )
})

/** Records a second apart from 1000 s on. */
async function* eachSecond(count: number): AsyncGenerator<Outgoing> {
  for (let n = 0; n < count; n++)
    yield { topic: 't', partition: 0, key: Buffer.from('k'), value: null, timestampMs: 1_000_000 + n * 1000 }
}

/** Publishes on a clock that only waiting moves; says when each record was sent, in ms since the start. */
async function publishAt(speed: number, count: number, stopAfter = Infinity) {
  let now = 0
  const stopping = new AbortController()
  const sent: (readonly [sentAt: number, stamp: number])[] = []
  const result = await publishPaced(
    {
      async append(records): Promise<readonly Stored[]> {
        for (const { timestampMs } of records) sent.push([now, timestampMs - 1_000_000])
        return []
      },
      nowMs: () => now,
      async wait(ms) {
        now += ms
        if (now >= stopAfter) stopping.abort()
      },
      progress: () => undefined,
    },
    eachSecond(count),
    speed,
    stopping.signal,
  )
  return { sent, result }
}

describe('publishing', () => {
  test.each([
    [1, 1],
    [4, 4],
    [0.5, 0.5],
  ])('at speed %d sends each record when it is due', async (speed, factor) => {
    const { sent, result } = await publishAt(speed, 5)
    expect(result.records).toBe(5)
    expect(sent.map(([, stamp]) => stamp)).toEqual([0, 1000, 2000, 3000, 4000])
    // Within the millisecond that a wait lasts at least.
    for (const [sentAt, stamp] of sent) expect(sentAt - stamp / factor).toBeGreaterThanOrEqual(0)
    for (const [sentAt, stamp] of sent) expect(sentAt - stamp / factor).toBeLessThanOrEqual(1)
  })

  test('at full speed waits for nothing', async () => {
    const { sent } = await publishAt(Infinity, 2000)
    expect(sent).toHaveLength(2000)
    expect(new Set(sent.map(([sentAt]) => sentAt))).toEqual(new Set([0]))
  })

  test('stops on the signal with the records up to a moment, all acknowledged, and says which is the last', async () => {
    const { sent, result } = await publishAt(1, 100, 3500)
    expect(sent.map(([, stamp]) => stamp)).toEqual([0, 1000, 2000, 3000])
    expect(result.records).toBe(4)
    expect(result.last?.timestampMs).toBe(1_003_000)
  })

  test('fails when an append fails', async () => {
    const failing = publishPaced(
      { append: () => Promise.reject(new Error('no broker')), nowMs: () => 0, progress: () => undefined },
      eachSecond(3),
      Infinity,
      new AbortController().signal,
    )
    await expect(failing).rejects.toThrow('no broker')
  })
})

describe('a target', () => {
  const SOURCE = { topic: 'ticks', partition: 2 }
  const TARGET = { topic: 'p.ticks', partition: 2 }
  const holding = (...records: readonly Incoming[]) =>
    memoryLog(new Map([['p.ticks:2', records.map((one, offset) => ({ ...one, offset }))]]))
  const copied = (offset: number): Incoming => ({ ...copyOf(record(offset, 7), SOURCE, TARGET.topic), offset })

  test('that is empty is begun at the range', async () =>
    expect(await resumeFrom(holding(), TARGET, SOURCE, false)).toBeUndefined())

  test('that is not is refused, or gone on with behind its last copy', async () => {
    const log = holding(copied(40), copied(41))
    await expect(resumeFrom(log, TARGET, SOURCE, false)).rejects.toThrow('--append')
    expect(await resumeFrom(log, TARGET, SOURCE, true)).toBe(42)
  })

  test('that others write to is refused', async () => {
    await expect(resumeFrom(holding(record(0, 1)), TARGET, SOURCE, true)).rejects.toThrow('no copy')
    const elsewhere: Incoming = { ...copyOf(record(3, 7), { ...SOURCE, partition: 22 }, TARGET.topic), offset: 0 }
    await expect(resumeFrom(holding(elsewhere), TARGET, SOURCE, true)).rejects.toThrow('no copy')
  })

  test('keeps stamp, key, value and headers of each record, and adds where it is from', () => {
    const original: Incoming = {
      offset: 9,
      timestampMs: 123,
      key: Buffer.from('BTC'),
      value: Buffer.from('x'),
      headers: [['a', Buffer.from('b')]],
    }
    expect(copyOf(original, SOURCE, TARGET.topic)).toEqual({
      topic: 'p.ticks',
      partition: 2,
      timestampMs: 123,
      key: Buffer.from('BTC'),
      value: Buffer.from('x'),
      headers: [
        ['a', Buffer.from('b')],
        ['replay-source', Buffer.from('ticks:2:9')],
      ],
    })
  })
})
